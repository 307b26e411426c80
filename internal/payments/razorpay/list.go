package razorpay

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/boxoffice/boxoffice/booking"
)

// perPage is how many of Razorpay's objects one page of ours is made from. Each order on it is
// asked for, with all its payments: the list alone would show one payment of several.
const perPage = 25

// parts are Razorpay's lists, in the order in which they are read.
var parts = []string{"payments", "refunds", "disputes"}

// ListPayments gives the payments that were created, refunded or disputed in the span, by
// Razorpay's own lists. One may come more than once. A payment without an order comes under its
// own id. An order that was never tried to be paid is in no list. What Razorpay lists and does
// not have is left out. Unlike Get it fails when the disputes cannot be read.
func (p *Provider) ListPayments(ctx context.Context, span booking.PaymentSpan) (booking.PaymentPage, error) {
	part, skip, err := at(span.Cursor)
	if err != nil {
		return booking.PaymentPage{}, err
	}
	found, err := onePage[listed](ctx, p.client, request{
		operation: "list " + part, method: http.MethodGet, path: "/" + part, query: url.Values{
			"from": {strconv.FormatInt(span.From.Unix(), 10)}, "to": {strconv.FormatInt(span.Until.Unix()-1, 10)},
		},
	}, skip, perPage)
	if err != nil {
		return booking.PaymentPage{}, p.fail(ctx, "", err)
	}
	page := booking.PaymentPage{Next: next(part, skip, len(found))}
	known := map[string]bool{}
	for _, one := range found {
		state, err := p.stateOf(ctx, one, known)
		switch {
		case booking.CodeOf(err) == booking.CodeNotFound:
			// One of them must not hide all others of the day.
			p.log.WarnContext(ctx, "razorpay lists what it does not have", "list", part, "id", one.ID)
		case err != nil:
			return booking.PaymentPage{}, err
		case state.Reference != "":
			page.Payments = append(page.Payments, state)
		}
	}
	return page, nil
}

// stateOf is the payment that something listed belongs to; empty when it is known already.
func (p *Provider) stateOf(ctx context.Context, one listed, known map[string]bool) (booking.PaymentState, error) {
	reference, err := p.referenceOf(ctx, one)
	if err != nil || reference == "" || known[reference] {
		return booking.PaymentState{}, err
	}
	known[reference] = true
	f, err := p.look(ctx, reference)
	if err == nil {
		err = p.giveBack(ctx, &f)
	}
	if err == nil {
		err = p.argue(ctx, &f)
	}
	return f.state, err
}

// listed is a payment, or what belongs to one.
type listed struct {
	ID        string `json:"id"`
	OrderID   string `json:"order_id"`
	PaymentID string `json:"payment_id"`
}

func (p *Provider) referenceOf(ctx context.Context, one listed) (string, error) {
	if one.PaymentID != "" {
		found, err := p.client.payment(ctx, one.PaymentID)
		if err != nil {
			return "", p.fail(ctx, one.PaymentID, err)
		}
		one = listed{ID: found.ID, OrderID: found.OrderID}
	}
	if one.OrderID != "" {
		return one.OrderID, nil
	}
	return one.ID, nil
}

// at reads a cursor: a list, and how many of it were read.
func at(cursor string) (part string, skip int, err error) {
	if cursor == "" {
		return parts[0], 0, nil
	}
	part, count, _ := strings.Cut(cursor, ":")
	skip, err = strconv.Atoi(count)
	if err != nil || skip < 0 || !slices.Contains(parts, part) {
		return "", 0, booking.E(booking.CodeValidation, "This is no cursor of Razorpay's list.").Wrap(errors.New(cursor))
	}
	return part, skip, nil
}

func next(part string, skip, found int) string {
	if found == perPage {
		return part + ":" + strconv.Itoa(skip+found)
	}
	if after := slices.Index(parts, part) + 1; after < len(parts) {
		return parts[after] + ":0"
	}
	return ""
}
