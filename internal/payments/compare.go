package payments

import (
	"fmt"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// entered is what our books have of one payment, and of its booking.
type entered struct {
	// known: there is a row of the payment, which the fields up to disputes are of.
	known                             bool
	amount                            int64
	currency                          string
	captured, refunded, refundsFailed int64
	disputes                          map[string]booking.DisputeStatus

	booking       string // of ours; empty when the payment names none
	bookingStatus booking.Status
	owed          int64 // what the booking owes its customer
	bought        bool  // the booking was sold for this payment
	// unasked: a step of ours did not ask for its capture, and staff were not told yet. Our own captures
	// come after the booking was sold for the payment.
	unasked bool

	// due is when released money of the payment had to go back; overdue a day after that.
	due     time.Time
	overdue bool
}

// compare says what a provider's state and our books do not agree on. A payment without
// money is harmless, whatever the books have of it.
func compare(state booking.PaymentState, e entered) []booking.Finding {
	c := comparison{state: state, entered: e}
	switch {
	case e.booking == "":
		c.stray()
		return c.found
	case e.known:
		c.amounts()
		c.refunds()
	default:
		c.lost()
	}
	c.newDisputes()
	if slices.ContainsFunc(c.found, func(f booking.Finding) bool { return f.Kind == booking.FindingAmountDiffers }) {
		// Recording the rest would record the amount, too.
		for i := range c.found {
			c.found[i].Heal = booking.HealNone
		}
	}
	c.misfit()
	c.unasked()
	c.notBack()
	c.late()
	return c.found
}

// comparison collects findings about one payment.
type comparison struct {
	state   booking.PaymentState
	entered entered
	found   []booking.Finding
}

func (c *comparison) add(kind booking.FindingKind, once string, ours, theirs *int64, heal booking.Healing, alert booking.Alert) {
	alert.BookingID = c.entered.booking
	c.found = append(c.found, booking.Finding{
		Kind: kind, Provider: c.state.Provider, Reference: c.state.Reference, Once: once, BookingID: c.entered.booking,
		Ours: ours, Theirs: theirs, Currency: c.state.Currency, Heal: heal, Alert: alert,
	})
}

// alert is about the payment. Its text is the same in every run.
func (c *comparison) alert(kind booking.AlertKind, format string, args ...any) booking.Alert {
	return booking.Alert{Kind: kind, Detail: c.state.Provider + " " + c.state.Reference + ": " + fmt.Sprintf(format, args...)}
}

func (c *comparison) money(amount int64) string {
	return booking.Money{Amount: amount, Currency: c.state.Currency}.String()
}

// held is the customer's money that the provider has for us: reserved, or taken and kept.
func (c *comparison) held() int64 {
	return c.state.Authorized + max(0, c.state.Captured-c.state.Refunded)
}

// stray is money that names no booking of ours. It is never matched to one by its amount:
// two bookings may cost the same.
func (c *comparison) stray() {
	if money := c.state.Authorized + c.state.Captured; money > 0 {
		c.add(booking.FindingStray, "", nil, &money, booking.HealNone,
			c.alert(booking.AlertStrayPayment, "%s for no booking of ours", c.money(money)))
	}
}

// lost is a payment that names a booking of ours and is not in our books. One that never
// had money was opened by a call that got no answer, and nothing follows from it.
func (c *comparison) lost() {
	if money := c.state.Authorized + c.state.Captured; money > 0 {
		c.add(booking.FindingLostPayment, "", nil, &money, booking.HealRecord,
			c.alert(booking.AlertMoneyUnrecorded, "a payment of %s", c.money(money)))
	}
}

// amounts compares what the payment is for, and what was taken.
func (c *comparison) amounts() {
	s, e := c.state, c.entered
	differs := func(what string, ours, theirs int64) {
		c.add(booking.FindingAmountDiffers, fmt.Sprintf("%s %d %d", what, ours, theirs), &ours, &theirs, booking.HealNone,
			c.alert(booking.AlertBooksDiffer, "%s %s in our books, %s at the provider", what,
				booking.Money{Amount: ours, Currency: e.currency}, c.money(theirs)))
	}
	switch {
	case s.Currency != e.currency || s.Amount != e.amount:
		differs("amount", e.amount, s.Amount)
	case s.Captured < e.captured, s.Captured > e.captured && s.Captured != e.amount:
		differs("captured", e.captured, s.Captured)
	case s.Captured > e.captured:
		c.add(booking.FindingLostCapture, fmt.Sprint(s.Captured), &e.captured, &s.Captured, booking.HealRecord,
			c.alert(booking.AlertMoneyUnrecorded, "a capture of %s", c.money(s.Captured)))
	}
	// Both sides count refunds that failed later: that total only grows.
	if ours, theirs := e.refunded+e.refundsFailed, s.Refunded+s.RefundsFailed; theirs < ours {
		differs("refunded", ours, theirs)
	}
}

// refunds compares what went back.
func (c *comparison) refunds() {
	s, e := c.state, c.entered
	if s.Captured < e.captured {
		return // the books are wrong about more than the refund
	}
	if given := s.Refunded + s.RefundsFailed; given > e.refunded+e.refundsFailed {
		kind, alert := booking.FindingLostRefund, c.alert(booking.AlertMoneyUnrecorded, "refunds of %s", c.money(given))
		if e.bought && s.Refunded > max(e.refunded, e.owed) {
			kind, alert = booking.FindingRefundOutside, refundedOutside(s)
		}
		c.add(kind, fmt.Sprint(given), &e.refunded, &s.Refunded, booking.HealRecord, alert)
	}
	if s.RefundsFailed > e.refundsFailed {
		c.add(booking.FindingRefundFailed, fmt.Sprint(s.RefundsFailed), &e.refundsFailed, &s.RefundsFailed, booking.HealRecord,
			refundFailed(s))
	}
}

// newDisputes are those that have come further than in our books.
func (c *comparison) newDisputes() {
	for _, d := range c.state.Disputes {
		kind, news := newsOf(d, c.entered.disputes[d.Reference])
		if !news {
			continue
		}
		alert := disputed(c.state, d)
		alert.Kind = kind
		theirs := d.Amount
		c.add(booking.FindingDispute, d.Reference+" "+string(d.Status), nil, &theirs, booking.HealRecord, alert)
	}
}

// misfit is money beside the payment's own that the provider tells of.
func (c *comparison) misfit() {
	if c.state.Mismatch != "" {
		c.add(booking.FindingAmountDiffers, c.state.Mismatch, nil, nil, booking.HealNone, mismatched(c.state))
	}
}

// unasked is a capture that was made at the provider's dashboard, or by a setting of the
// account: we capture nothing before a booking is sold for the payment.
func (c *comparison) unasked() {
	if money := c.state.Captured; money > 0 && c.entered.unasked {
		c.add(booking.FindingCaptureUnasked, "", nil, &money, booking.HealNone,
			c.alert(booking.AlertCaptureUnasked, "%s was captured, and no step of ours asked for it", c.money(money)))
	}
}

// notBack is money that we released and that the provider still has, a day after it had to
// go back.
func (c *comparison) notBack() {
	if money := c.state.Releasing; money > 0 && c.entered.overdue {
		// Of another release of the same payment it is another finding.
		c.add(booking.FindingNotBack, c.entered.due.UTC().Format(time.RFC3339), nil, &money, booking.HealNone,
			notBack(c.state.Provider, c.state.Reference, booking.Money{Amount: money, Currency: c.state.Currency}))
	}
}

// late is money of a booking that has ended, or was sold for another payment. It goes back
// on the way of late payments, which decides by the database once more. A booking that is
// still held has a workflow that knows what to do.
func (c *comparison) late() {
	e, money := c.entered, c.held()
	ended := e.bookingStatus.Terminal() || e.bookingStatus == booking.StatusConfirmed
	if money == 0 || !ended || e.bought || c.state.TakenBack() {
		return
	}
	// What the books have of it is in another finding, if it differs.
	c.add(booking.FindingLatePayment, "", nil, &money, booking.HealGiveBack,
		c.alert(booking.AlertStrayPayment, "%s for a booking that is %s and was not sold for it", c.money(money), e.bookingStatus))
}

// unknown is a payment of ours that the provider does not have.
func unknown(provider, reference string, e entered) booking.Finding {
	c := comparison{state: booking.PaymentState{Provider: provider, Reference: reference, Currency: e.currency}, entered: e}
	ours := max(e.captured, e.amount)
	c.add(booking.FindingUnknown, "", &ours, nil, booking.HealNone,
		c.alert(booking.AlertBooksDiffer, "the provider does not know this payment of %s", c.money(ours)))
	return c.found[0]
}
