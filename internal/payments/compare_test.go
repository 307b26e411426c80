package payments

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/booking"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	const ours = "0b5c9f8e-6a36-4c58-9a4e-2f1a7f0f1a01"
	state := func(change func(*booking.PaymentState)) booking.PaymentState {
		s := booking.PaymentState{Provider: "stripe", Reference: "pi_1", BookingID: ours, Status: booking.PaymentCaptured,
			Amount: 45_000, Captured: 45_000, Currency: "INR"}
		if change != nil {
			change(&s)
		}
		return s
	}
	in := func(change func(*entered)) entered {
		e := entered{known: true, amount: 45_000, currency: "INR", captured: 45_000,
			booking: ours, bookingStatus: booking.StatusConfirmed, bought: true}
		if change != nil {
			change(&e)
		}
		return e
	}
	authorized := func(s *booking.PaymentState) {
		s.Status, s.Captured, s.Authorized = booking.PaymentAuthorized, 0, 45_000
	}
	refunded := func(amount, failed int64) func(*booking.PaymentState) {
		return func(s *booking.PaymentState) { s.Refunded, s.RefundsFailed = amount, failed }
	}
	disputed := func(status booking.DisputeStatus) func(*booking.PaymentState) {
		return func(s *booking.PaymentState) {
			s.Disputes = []booking.Dispute{{Reference: "dp_1", Status: status, Amount: 45_000, Reason: "fraudulent"}}
		}
	}
	ended := func(e *entered) { e.bookingStatus, e.bought, e.unasked = booking.StatusExpired, false, true }
	unrecorded := func(e *entered) {
		*e = entered{booking: ours, bookingStatus: e.bookingStatus, bought: e.bought}
	}

	type want struct {
		kind  booking.FindingKind
		heal  booking.Healing
		alert booking.AlertKind
		text  string
	}
	for name, c := range map[string]struct {
		state booking.PaymentState
		in    entered
		want  []want
	}{
		"agreed":                        {state(nil), in(nil), nil},
		"agreed, and a refund is owed":  {state(refunded(10_000, 0)), in(func(e *entered) { e.refunded, e.owed = 10_000, 20_000 }), nil},
		"open, and lost":                {state(func(s *booking.PaymentState) { s.Status, s.Captured = booking.PaymentOpen, 0 }), in(unrecorded), nil},
		"approved, nothing is reserved": {state(func(s *booking.PaymentState) { s.Status, s.Captured = booking.PaymentApproved, 0 }), in(func(e *entered) { e.captured = 0 }), nil},
		"a capture under way":           {state(authorized), in(func(e *entered) { e.captured = 0 }), nil},

		"lost": {state(nil), in(unrecorded), []want{
			{booking.FindingLostPayment, booking.HealRecord, booking.AlertMoneyUnrecorded, "stripe pi_1: a payment of INR 450.00"}}},
		"lost, of a booking that has ended": {state(authorized), in(func(e *entered) { ended(e); unrecorded(e) }), []want{
			{booking.FindingLostPayment, booking.HealRecord, booking.AlertMoneyUnrecorded, "stripe pi_1: a payment of INR 450.00"},
			{booking.FindingLatePayment, booking.HealGiveBack, booking.AlertStrayPayment, "stripe pi_1: INR 450.00 for a booking that is expired and was not sold for it"}}},
		"a lost capture": {state(nil), in(func(e *entered) { e.captured = 0 }), []want{
			{booking.FindingLostCapture, booking.HealRecord, booking.AlertMoneyUnrecorded, "stripe pi_1: a capture of INR 450.00"}}},
		"a part was captured": {state(func(s *booking.PaymentState) { s.Captured = 30_000 }), in(func(e *entered) { e.captured = 0 }), []want{
			{booking.FindingAmountDiffers, booking.HealNone, booking.AlertBooksDiffer, "stripe pi_1: captured INR 0.00 in our books, INR 300.00 at the provider"}}},
		"less was captured than we have": {state(func(s *booking.PaymentState) { s.Captured = 30_000 }), in(nil), []want{
			{booking.FindingAmountDiffers, booking.HealNone, booking.AlertBooksDiffer, "stripe pi_1: captured INR 450.00 in our books, INR 300.00 at the provider"}}},
		"another currency": {state(func(s *booking.PaymentState) { s.Currency = "USD" }), in(nil), []want{
			{booking.FindingAmountDiffers, booking.HealNone, booking.AlertBooksDiffer, "stripe pi_1: amount INR 450.00 in our books, USD 450.00 at the provider"}}},
		"less was refunded than we have": {state(nil), in(func(e *entered) { e.refunded = 10_000 }), []want{
			{booking.FindingAmountDiffers, booking.HealNone, booking.AlertBooksDiffer, "stripe pi_1: refunded INR 100.00 in our books, INR 0.00 at the provider"}}},
		"what differs keeps the rest from being recorded": {
			state(func(s *booking.PaymentState) { s.Amount, s.Refunded = 50_000, 10_000 }), in(nil), []want{
				{booking.FindingAmountDiffers, booking.HealNone, booking.AlertBooksDiffer, "stripe pi_1: amount INR 450.00 in our books, INR 500.00 at the provider"},
				{booking.FindingRefundOutside, booking.HealNone, booking.AlertRefundedOutside, "stripe pi_1"}}},

		"a second payment of the same order, and a refund at the dashboard": {
			state(func(s *booking.PaymentState) { s.Refunded, s.Mismatch = 10_000, "pay_2 holds INR 450.00" }), in(nil), []want{
				{booking.FindingRefundOutside, booking.HealRecord, booking.AlertRefundedOutside, "stripe pi_1"},
				{booking.FindingAmountDiffers, booking.HealNone, booking.AlertPaymentMismatch, "stripe pi_1: pay_2 holds INR 450.00"}}},
		"refunded at the dashboard": {state(refunded(10_000, 0)), in(nil), []want{
			{booking.FindingRefundOutside, booking.HealRecord, booking.AlertRefundedOutside, "stripe pi_1"}}},
		"a refund that was owed": {state(refunded(10_000, 0)), in(func(e *entered) { e.owed = 10_000 }), []want{
			{booking.FindingLostRefund, booking.HealRecord, booking.AlertMoneyUnrecorded, "stripe pi_1: refunds of INR 100.00"}}},
		"a refund that came back": {state(refunded(0, 10_000)), in(func(e *entered) { e.refunded, e.owed = 10_000, 10_000 }), []want{
			{booking.FindingRefundFailed, booking.HealRecord, booking.AlertRefundFailed, "stripe pi_1: INR 100.00 came back"}}},

		"a dispute": {state(disputed(booking.DisputeOpen)), in(nil), []want{
			{booking.FindingDispute, booking.HealRecord, booking.AlertDisputeOpened, "stripe dp_1 of pi_1: INR 450.00, fraudulent"}}},
		"a dispute that we know": {state(disputed(booking.DisputeOpen)),
			in(func(e *entered) { e.disputes = map[string]booking.DisputeStatus{"dp_1": booking.DisputeOpen} }), nil},
		"a dispute that was lost": {state(disputed(booking.DisputeLost)),
			in(func(e *entered) { e.disputes = map[string]booking.DisputeStatus{"dp_1": booking.DisputeOpen} }), []want{
				{booking.FindingDispute, booking.HealRecord, booking.AlertDisputeLost, "stripe dp_1 of pi_1: INR 450.00, fraudulent"}}},
		"a dispute that was won, and took nothing": {state(func(s *booking.PaymentState) {
			disputed(booking.DisputeWon)(s)
			s.Disputes[0].Untaken = true
		}), in(func(e *entered) { e.disputes = map[string]booking.DisputeStatus{"dp_1": booking.DisputeInquiry} }), nil},
		"a dispute that was won, and by our books had taken money": {state(func(s *booking.PaymentState) {
			disputed(booking.DisputeWon)(s)
			s.Disputes[0].Untaken = true
		}), in(func(e *entered) { e.disputes = map[string]booking.DisputeStatus{"dp_1": booking.DisputeOpen} }), []want{
			{booking.FindingDispute, booking.HealRecord, booking.AlertDisputeWon, "stripe dp_1 of pi_1: INR 450.00, fraudulent"}}},
		"a bank has the money of a booking that has ended": {state(disputed(booking.DisputeOpen)), in(ended), []want{
			{booking.FindingDispute, booking.HealRecord, booking.AlertDisputeOpened, "stripe dp_1 of pi_1: INR 450.00, fraudulent"},
			{booking.FindingCaptureUnasked, booking.HealNone, booking.AlertCaptureUnasked, "stripe pi_1: INR 450.00 was captured, and no step of ours asked for it"}}},

		"no booking of ours": {state(nil), entered{}, []want{
			{booking.FindingStray, booking.HealNone, booking.AlertStrayPayment, "stripe pi_1: INR 450.00 for no booking of ours"}}},
		"no booking of ours, and no money": {state(func(s *booking.PaymentState) { s.Captured = 0 }), entered{}, nil},

		"money of a booking that has ended": {state(nil), in(ended), []want{
			{booking.FindingCaptureUnasked, booking.HealNone, booking.AlertCaptureUnasked, "stripe pi_1: INR 450.00 was captured, and no step of ours asked for it"},
			{booking.FindingLatePayment, booking.HealGiveBack, booking.AlertStrayPayment, "stripe pi_1: INR 450.00 for a booking that is expired and was not sold for it"}}},
		"paid with another payment": {state(authorized), in(func(e *entered) { e.bought, e.captured = false, 0 }), []want{
			{booking.FindingLatePayment, booking.HealGiveBack, booking.AlertStrayPayment, "stripe pi_1: INR 450.00 for a booking that is confirmed and was not sold for it"}}},
		"all of it went back": {state(refunded(45_000, 0)), in(func(e *entered) { ended(e); e.refunded = 45_000 }), []want{
			{booking.FindingCaptureUnasked, booking.HealNone, booking.AlertCaptureUnasked, "stripe pi_1: INR 450.00 was captured, and no step of ours asked for it"}}},
		"captured before we asked, and sold then": {state(nil), in(func(e *entered) { e.unasked = true }), []want{
			{booking.FindingCaptureUnasked, booking.HealNone, booking.AlertCaptureUnasked, "stripe pi_1: INR 450.00 was captured, and no step of ours asked for it"}}},
		"captured at the dashboard while the seats are held": {state(nil), in(func(e *entered) {
			e.bookingStatus, e.bought, e.captured, e.unasked = booking.StatusHeld, false, 0, true
		}), []want{
			{booking.FindingLostCapture, booking.HealRecord, booking.AlertMoneyUnrecorded, "stripe pi_1: a capture of INR 450.00"},
			{booking.FindingCaptureUnasked, booking.HealNone, booking.AlertCaptureUnasked, "stripe pi_1: INR 450.00 was captured, and no step of ours asked for it"}}},
		"released, and to come back": {state(func(s *booking.PaymentState) {
			s.Status, s.Captured, s.Releasing = booking.PaymentVoided, 0, 45_000
		}), in(func(e *entered) { ended(e); e.captured = 0 }), nil},
		"released, and not back": {state(func(s *booking.PaymentState) {
			s.Status, s.Captured, s.Releasing = booking.PaymentVoided, 0, 45_000
		}), in(func(e *entered) { ended(e); e.captured, e.overdue = 0, true }), []want{
			{booking.FindingNotBack, booking.HealNone, booking.AlertReleasedNotBack, "stripe pi_1: INR 450.00 was released and is not back"}}},
		"held: its workflow acts": {state(authorized), in(func(e *entered) { e.bookingStatus, e.bought, e.captured = booking.StatusHeld, false, 0 }), nil},
		"cancelled, and the fee stays": {state(refunded(40_000, 0)), in(func(e *entered) {
			e.bookingStatus, e.refunded, e.owed = booking.StatusCancelled, 40_000, 40_000
		}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []want
			for _, f := range compare(c.state, c.in) {
				got = append(got, want{f.Kind, f.Heal, f.Alert.Kind, f.Alert.Detail})
				assert.Equal(t, c.in.booking, f.BookingID)
				assert.Equal(t, c.in.booking, f.Alert.BookingID)
			}
			assert.Equal(t, c.want, got)
		})
	}
	f := unknown("stripe", "pi_1", in(nil))
	assert.Equal(t, booking.FindingUnknown, f.Kind)
	assert.Equal(t, "INR 450.00 in our books, nothing at the provider", f.Amounts())
	assert.Equal(t, booking.Alert{BookingID: ours, Kind: booking.AlertBooksDiffer,
		Detail: "stripe pi_1: the provider does not know this payment of INR 450.00"}, f.Alert)
}
