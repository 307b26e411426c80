package razorpay

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// What an order carries of ours.
const (
	noteBooking = "booking_id"
	noteAttempt = "attempt"
	// noteReleased says that we have voided: the payments that were authorized then, or
	// nonePaid. We capture none of them.
	noteReleased = "released"
	nonePaid     = "-"
)

// mostReleased is how many payments the note names: a note has 256 characters.
const mostReleased = 12

// Statuses of Razorpay's. https://razorpay.com/docs/payments/payments
const (
	isCreated    = "created"
	isAuthorized = "authorized"
	isCaptured   = "captured"
	isRefunded   = "refunded"
	isFailed     = "failed"
	isPending    = "pending"
)

// folded is an order with its payments, as one payment of ours.
type folded struct {
	order    order
	payments []payment // oldest first
	state    booking.PaymentState
	// paid is the payment that the state is about: captured, else authorized. Nil: none.
	paid *payment
	// held are the authorized payments that we have not released.
	held []string
}

// taken tells whether money of the payment was captured. What goes back uncaptured was not:
// https://razorpay.com/docs/payments/refunds/auto-refunds
func (p payment) taken() bool {
	return p.Captured && (p.Status == isCaptured || p.Status == isRefunded)
}

// fold makes one state of an order's payments: one that was captured, else one that is
// authorized and not released. "failed" is not final at Razorpay: the same payment may be
// authorized later.
func (p *Provider) fold(o order, payments []payment) folded {
	f := folded{order: o, payments: slices.Clone(payments)}
	slices.SortFunc(f.payments, func(a, b payment) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	// An order of another program on the same account may carry anything.
	attempt, _ := strconv.Atoi(o.Notes[noteAttempt])
	f.state = booking.PaymentState{
		Provider: Name, Reference: o.ID, BookingID: o.Notes[noteBooking], Attempt: attempt,
		Status: booking.PaymentOpen, Amount: o.Amount, Currency: o.Currency, BackLater: true,
	}
	f.state.CheckoutURL = p.checkoutURL(f.state)
	f.pick(p.captureWithin)
	f.settle()
	f.state.Mismatch = f.mismatch()
	return f
}

// pick chooses the payment that counts. within is how long a payment waits for its capture.
func (f *folded) pick(within time.Duration) {
	released := strings.Split(f.order.Notes[noteReleased], ",")
	for i := range f.payments {
		one := &f.payments[i]
		switch {
		case one.Status != isAuthorized:
		case slices.Contains(released, one.ID):
			f.goesBack(one, within)
		default:
			f.held = append(f.held, one.ID)
		}
		switch {
		case one.taken() && (f.paid == nil || !f.paid.taken()):
			f.paid = one
		case len(f.held) == 1 && f.held[0] == one.ID && f.paid == nil:
			f.paid = one
		}
	}
}

// goesBack notes a payment that was released and that Razorpay still has. The time for its
// capture counts from its creation. https://razorpay.com/docs/payments/payments/capture-settings
func (f *folded) goesBack(one *payment, within time.Duration) {
	f.state.Releasing += one.Amount
	if by := time.Unix(one.CreatedAt, 0).UTC().Add(within); by.After(f.state.BackBy) {
		f.state.BackBy = by
	}
}

// settle sets the status and the amounts.
func (f *folded) settle() {
	s := &f.state
	var latest *payment
	underWay, goneBack := false, false
	for i := range f.payments {
		latest = &f.payments[i]
		underWay = underWay || latest.Status == isCreated
		goneBack = goneBack || latest.Status == isRefunded && !latest.taken()
	}
	switch {
	case f.paid != nil && f.paid.taken():
		s.Status, s.Captured, s.Fee = booking.PaymentCaptured, f.paid.Amount, f.paid.fee()
	case f.paid != nil:
		s.Status, s.Authorized = booking.PaymentAuthorized, f.paid.Amount
	case f.order.Notes[noteReleased] != "", goneBack:
		s.Status = booking.PaymentVoided
	case latest != nil && latest.Status == isFailed && !underWay:
		s.Status, s.Failure = booking.PaymentFailed, cmp.Or(latest.ErrorDescription, "The payment failed.")
	}
	s.AfterVoid = f.paid != nil && f.order.Notes[noteReleased] != ""
	if latest != nil {
		s.Try = latest.ID
	}
}

// mismatch names money on the order that the state does not count.
func (f *folded) mismatch() string {
	var found []string
	for _, one := range f.payments {
		if one.taken() || one.Status == isAuthorized {
			if one.Amount != f.order.Amount || one.Currency != f.order.Currency {
				found = append(found, fmt.Sprintf("payment %s is for %s", one.ID, one.money()))
			}
		}
		if f.paid == nil || one.ID == f.paid.ID {
			continue
		}
		switch {
		case one.taken() && one.Status != isRefunded:
			found = append(found, fmt.Sprintf("payment %s of the same order holds %s too, and has to be refunded", one.ID, one.money()))
		case slices.Contains(f.held, one.ID):
			found = append(found, fmt.Sprintf("payment %s of the same order has reserved %s too, which goes back by itself", one.ID, one.money()))
		}
	}
	return strings.Join(found, "; ")
}

func (p payment) money() booking.Money { return booking.Money{Amount: p.Amount, Currency: p.Currency} }

// fee is what Razorpay keeps. It settles in rupees and does not say in which currency the fee of
// another currency's payment is, so that one is unknown.
// https://razorpay.com/docs/payments/payments/currency-conversion
func (p payment) fee() int64 {
	if p.Currency != "INR" {
		return 0
	}
	return p.Fee
}

// give counts what was given back, pending or not. A refund that failed counts no more.
func (f *folded) give(refunds []refund) {
	for _, one := range refunds {
		switch one.Status {
		case isFailed:
			f.state.RefundsFailed += one.Amount
			continue
		case isPending:
			f.state.RefundsPending += one.Amount
		}
		f.state.Refunded += one.Amount
	}
	if f.state.Captured > 0 && f.state.Refunded >= f.state.Captured {
		f.state.Status = booking.PaymentRefunded
	}
}

// argue adds the disputes of the payment that was captured.
func (f *folded) argue(disputes []dispute) {
	for _, one := range disputes {
		if one.PaymentID == f.paid.ID {
			status := one.standing()
			f.state.Disputes = append(f.state.Disputes, booking.Dispute{
				Reference: one.ID, Status: status, Amount: one.disputed(), Reason: one.ReasonCode,
				// Also said of an account from which Razorpay deducts at the onset.
				Untaken: status == booking.DisputeWon && one.Deducted == 0,
			})
		}
	}
}

// standing reads a dispute's status. Razorpay deducts the money when a dispute is lost; before, a
// bank only asks, whatever the phase. Some accounts lose it earlier, and amount_deducted tells.
// A word that we do not know is read by what was deducted, too.
// https://razorpay.com/docs/api/disputes/entity
func (d dispute) standing() booking.DisputeStatus {
	switch {
	case d.Status == "won":
		return booking.DisputeWon
	case d.Status == "lost":
		return booking.DisputeLost
	case d.Status == "closed" && (d.Phase == "fraud" || d.Phase == "retrieval"):
		return booking.DisputeClosed
	case d.Status == "closed":
		return booking.DisputeWon // nothing is taken any more
	case d.Deducted > 0:
		return booking.DisputeOpen
	}
	return booking.DisputeInquiry
}

// disputed is what a bank has taken, else what it asks for.
func (d dispute) disputed() int64 {
	if d.Deducted > 0 {
		return d.Deducted
	}
	return d.Amount
}

// stray is a payment without an order. It is never matched with a booking, and we capture none,
// so that an authorized one goes back by itself.
func (p *Provider) stray(one payment) folded {
	f := folded{payments: []payment{one}}
	f.state = booking.PaymentState{
		Provider: Name, Reference: one.ID, Status: booking.PaymentOpen, Amount: one.Amount, Currency: one.Currency, Try: one.ID,
		Mismatch: fmt.Sprintf("payment %s of %s has no order", one.ID, one.money()),
	}
	switch {
	case one.taken():
		f.paid = &f.payments[0]
		f.state.Status, f.state.Captured, f.state.Fee = booking.PaymentCaptured, one.Amount, one.fee()
	case one.Status == isAuthorized, one.Status == isRefunded:
		f.state.Status = booking.PaymentVoided
	case one.Status == isFailed:
		f.state.Status, f.state.Failure = booking.PaymentFailed, cmp.Or(one.ErrorDescription, "The payment failed.")
	}
	return f
}

func (p *Provider) checkoutURL(s booking.PaymentState) string {
	return strings.NewReplacer(
		"{order}", url.PathEscape(s.Reference),
		"{booking}", url.PathEscape(s.BookingID),
	).Replace(p.checkout)
}
