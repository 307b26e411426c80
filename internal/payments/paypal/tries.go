package paypal

import (
	"cmp"
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// A booking ends after a few declines, so each must count once, and an approval that was
// declined must not be authorized again each time that PayPal is asked. PayPal may go on
// calling a declined order APPROVED. What tells a new approval from the declined one is the
// order's update_time; but PayPal's approved orders may have none. Then the decline is marked
// in the order's custom_id, and for declineRests the approval counts as the declined one.

// declineRests is for how long after such a decline the order is left alone. A customer who
// goes back to PayPal and chooses another way to pay rarely needs less.
const declineRests = 20 * time.Second

var notDigits = regexp.MustCompile(`\D+`)

// approval names the customer's approval: a new one changes the order's time. Empty when
// PayPal tells none.
func (o *order) approval() string { return notDigits.ReplaceAllString(o.Updated, "") }

// approvalTry is the Try of an approved order: that of its decline as long as nothing new is
// known, so that it is not authorized again. Empty: not known, and worth a try.
func (o *order) approvalTry(at time.Time) string {
	switch mark := o.declinedAt(); {
	case mark != "" && o.rests(at):
		return suffixed(o.ID, mark)
	case o.approval() != "":
		return suffixed(o.ID, o.approval())
	}
	return ""
}

// declinedAt is the mark's time, in seconds since 1970; empty without a mark.
func (o *order) declinedAt() string {
	text := strings.TrimSuffix(o.Units[0].CustomID, releasedMark)
	_, mark, _ := strings.Cut(text, declinedMark)
	return mark
}

// rests tells whether the order's marked decline is too young for another try.
func (o *order) rests(at time.Time) bool {
	seconds, err := strconv.ParseInt(o.declinedAt(), 10, 64)
	return err == nil && at.Sub(time.Unix(seconds, 0)) < declineRests
}

// declined is the state after PayPal's refusal to authorize, with a Try that no later decline
// has. Where PayPal still calls the order approved, that is the Try of this approval, too.
func (p *Provider) declined(ctx context.Context, o *order, now seen, at time.Time, words string) booking.PaymentState {
	mark := strconv.FormatInt(at.Unix(), 10)
	after, looked, err := p.look(ctx, "authorize", o.ID)
	try := suffixed(o.ID, cmp.Or(o.approval(), mark))
	switch {
	case err != nil: // logged; what is known of the approval before has to do
	case looked.Status != booking.PaymentApproved:
	case after.approval() != "":
		// The decline itself may have moved the time on.
		try = suffixed(o.ID, after.approval())
	default:
		p.markDeclined(ctx, after, mark)
		try = suffixed(o.ID, mark)
	}
	now.Status, now.Failure, now.Try = booking.PaymentFailed, words, try
	return now.PaymentState
}

// markDeclined writes the decline's time into the order. Where PayPal does not take it, the
// approval is tried again when PayPal is asked next.
func (p *Provider) markDeclined(ctx context.Context, o *order, mark string) {
	text, _, _ := strings.Cut(o.Units[0].CustomID, declinedMark)
	if err := p.patchCustomID(ctx, o, text+declinedMark+mark); err != nil {
		p.log.WarnContext(ctx, "paypal did not take the mark of a declined order", "payment", o.ID, "error", err)
	}
}

// patch is a change of an order. https://developer.paypal.com/docs/api/orders/v2/#orders_patch
type patch struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value"`
}

// patchCustomID writes an order's custom_id, which PayPal takes until it is authorized.
func (p *Provider) patchCustomID(ctx context.Context, o *order, text string) error {
	unit := cmp.Or(o.Units[0].ReferenceID, "default")
	change := []patch{{"replace", "/purchase_units/@reference_id=='" + unit + "'/custom_id", text}}
	_, err := p.api.do(ctx, request{method: http.MethodPatch, path: ordersPath + "/" + o.ID, body: change}, nil)
	return err
}
