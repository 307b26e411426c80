package stripe

import (
	"context"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"github.com/boxoffice/boxoffice/booking"
)

// The lists that are gone through, one after the other. Stripe has none by time of change,
// but every change that we do not make ourselves makes a refund or a dispute.
// https://docs.stripe.com/api/pagination
const (
	listIntents  = "payment_intents"
	listRefunds  = "refunds"
	listDisputes = "disputes"
)

// nextList is what follows a list.
var nextList = map[string]string{listIntents: listRefunds, listRefunds: listDisputes}

// pageSize is the most that Stripe gives at once.
const pageSize = 100

// What has to be expanded to know a payment as Get does, and Stripe's fee; Stripe expands
// four levels.
var (
	expandIntents = []string{"data." + chargeRefunds, "data." + chargeFee}
	expandOther   = []string{"data.payment_intent." + chargeRefunds, "data.payment_intent." + chargeFee}
)

// chargeFee is the transaction in the account's balance that a capture makes.
// https://docs.stripe.com/api/balance_transactions
const chargeFee = latestCharge + ".balance_transaction"

// fee is what Stripe keeps of a payment, in its own units; 0 when it does not say, or keeps
// it in another currency than the payment's.
func fee(intent *stripe.PaymentIntent) int64 {
	charge := intent.LatestCharge
	if charge == nil || charge.BalanceTransaction == nil || charge.BalanceTransaction.Currency != intent.Currency {
		return 0
	}
	return charge.BalanceTransaction.Fee
}

// ListPayments lists the payment intents that were created in the span, and those whose
// refunds or disputes were. One may come more than once, with the same state. Codes:
// validation_failed for a cursor that is not ours, and those of Get.
func (p *Provider) ListPayments(ctx context.Context, span booking.PaymentSpan) (booking.PaymentPage, error) {
	list, after, _ := strings.Cut(span.Cursor, ":")
	if span.Cursor == "" {
		list = listIntents
	}
	params := stripe.ListParams{Context: ctx, Single: true, Limit: stripe.Int64(pageSize)}
	if after != "" {
		params.StartingAfter = stripe.String(after)
	}
	created := &stripe.RangeQueryParams{GreaterThanOrEqual: span.From.Unix(), LesserThan: span.Until.Unix()}
	var found listed
	switch list {
	case listIntents:
		found = p.listIntents(params, created)
	case listRefunds:
		found = p.listRefunds(params, created)
	case listDisputes:
		found = p.listDisputes(params, created)
	default:
		return booking.PaymentPage{}, booking.E(booking.CodeValidation, "Stripe has no list %q.", list)
	}
	if found.err != nil {
		return booking.PaymentPage{}, p.fail(ctx, "list "+list, "", found.err)
	}
	page := booking.PaymentPage{Payments: make([]booking.PaymentState, 0, len(found.intents))}
	for _, intent := range found.intents {
		state := p.state(intent)
		state.Fee = fromStripe(fee(intent), state.Currency)
		if err := p.addDisputes(ctx, intent, &state); err != nil {
			return booking.PaymentPage{}, err
		}
		page.Payments = append(page.Payments, state)
	}
	switch {
	case found.more && found.last != "":
		page.Next = list + ":" + found.last
	case nextList[list] != "":
		page.Next = nextList[list] + ":"
	}
	return page, nil
}

// listed is a page of one list.
type listed struct {
	intents []*stripe.PaymentIntent
	last    string // the list's own last object
	more    bool
	err     error
}

// add notes an object of the list and its payment, each payment once. A refund or dispute
// of a charge without a payment intent is not ours: we make none.
func (l *listed) add(id string, intent *stripe.PaymentIntent) {
	l.last = id
	if intent == nil {
		return
	}
	for _, known := range l.intents {
		if known.ID == intent.ID {
			return
		}
	}
	l.intents = append(l.intents, intent)
}

// pageOf reads one page of a list. one names an object of it, and the payment that the object
// is or belongs to.
func pageOf[T any](list lister, object func() T, one func(T) (id string, intent *stripe.PaymentIntent)) (l listed) {
	for list.Next() {
		l.add(one(object()))
	}
	l.more, l.err = list.Meta().HasMore, list.Err()
	return l
}

// lister is what stripe-go's lists of all kinds have in common.
type lister interface {
	Next() bool
	Meta() *stripe.ListMeta
	Err() error
}

func (p *Provider) listIntents(params stripe.ListParams, created *stripe.RangeQueryParams) listed {
	list := p.intents.List(&stripe.PaymentIntentListParams{ListParams: params, CreatedRange: created, Expand: stripe.StringSlice(expandIntents)})
	return pageOf(list, list.PaymentIntent, func(i *stripe.PaymentIntent) (string, *stripe.PaymentIntent) { return i.ID, i })
}

func (p *Provider) listRefunds(params stripe.ListParams, created *stripe.RangeQueryParams) listed {
	list := p.refunds.List(&stripe.RefundListParams{ListParams: params, CreatedRange: created, Expand: stripe.StringSlice(expandOther)})
	return pageOf(list, list.Refund, func(r *stripe.Refund) (string, *stripe.PaymentIntent) { return r.ID, r.PaymentIntent })
}

func (p *Provider) listDisputes(params stripe.ListParams, created *stripe.RangeQueryParams) listed {
	list := p.disputes.List(&stripe.DisputeListParams{ListParams: params, CreatedRange: created, Expand: stripe.StringSlice(expandOther)})
	return pageOf(list, list.Dispute, func(d *stripe.Dispute) (string, *stripe.PaymentIntent) { return d.ID, d.PaymentIntent })
}
