package main

import (
	"context"
	"time"

	"go.temporal.io/api/enums/v1"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
)

const (
	provider      = "stripe"
	conflictFails = enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL
)

// total is what every booking of the race costs.
var total = booking.Money{Amount: 45_000, Currency: "INR"}

// instantActivities are the real activities over ports that answer at once.
func instantActivities() workers.Activities {
	return workers.Activities{
		Seats: &activities.Seats{Inventory: instant{}, Choices: instant{}, Books: instant{}},
		Payments: &activities.Payments{
			Providers: map[string]activities.PaymentProvider{provider: instantProvider{}}, Books: instant{},
		},
		Notifications: &activities.Notifications{Messages: instant{}},
	}
}

func payment(id string, status booking.PaymentStatus) booking.PaymentState {
	state := booking.PaymentState{
		Provider: provider, Reference: id, BookingID: id, Attempt: 1, Status: status,
		Amount: total.Amount, Currency: total.Currency,
	}
	switch status {
	case booking.PaymentAuthorized:
		state.Authorized = total.Amount
	case booking.PaymentCaptured:
		state.Captured = total.Amount
	default:
	}
	return state
}

// instant implements the ports of our own side.
type instant struct{}

func (instant) Hold(_ context.Context, req booking.HoldRequest) (booking.Held, error) {
	now := time.Now()
	return booking.Held{
		BookingID: req.BookingID, Seats: req.Seats, Quote: booking.Quote{Total: total},
		Show:      booking.ShowSummary{ID: req.ShowID, StartsAt: now, EndsAt: now, TimeZone: "UTC"},
		ExpiresAt: now.Add(req.HoldFor), ExpiresIn: req.HoldFor,
		Channels: []booking.Channel{booking.ChannelEmail, booking.ChannelSMS},
	}, nil
}

func (instant) ExtendHold(context.Context, booking.Extension) (booking.Held, error) {
	return booking.Held{}, nil
}
func (instant) KeepHold(context.Context, string) error { return nil }
func (instant) OweRefund(context.Context, string, int64, string) (booking.OwedRefund, error) {
	return booking.OwedRefund{}, nil
}

func (instant) DecideLate(context.Context, booking.PaymentState, bool) (booking.LateDecision, error) {
	return booking.LateReturn, nil
}

func (instant) Confirm(context.Context, string, booking.PaymentState) (booking.Confirmed, error) {
	return booking.Confirmed{TicketSerial: "BX-BENCH"}, nil
}
func (instant) Choose(context.Context, booking.Choice) (booking.Chosen, error) {
	return booking.Chosen{}, nil
}
func (instant) Changed(context.Context, string) (bool, error)      { return false, nil }
func (instant) End(context.Context, booking.Ending) error          { return nil }
func (instant) Cancel(context.Context, booking.Cancellation) error { return nil }
func (instant) Booking(context.Context, string) (booking.Booking, error) {
	return booking.Booking{}, nil
}
func (instant) Alert(context.Context, booking.Alert) error                { return nil }
func (instant) Record(context.Context, booking.PaymentState) error        { return nil }
func (instant) MarkInDoubt(context.Context, string, string, string) error { return nil }
func (instant) Adopt(context.Context, string, string, string) error       { return nil }
func (instant) SpentKeys(context.Context, string) (int, error)            { return 0, nil }
func (instant) SpendKey(context.Context, string, int) (int, error)        { return 0, nil }
func (instant) Send(context.Context, booking.Notification) error          { return nil }

// instantProvider implements the payment provider's port.
type instantProvider struct{}

func (instantProvider) Name() string { return provider }
func (instantProvider) Open(_ context.Context, req booking.PaymentRequest) (booking.PaymentState, error) {
	return payment(req.BookingID, booking.PaymentOpen), nil
}
func (instantProvider) Get(_ context.Context, reference string) (booking.PaymentState, error) {
	return payment(reference, booking.PaymentAuthorized), nil
}
func (instantProvider) Capture(_ context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return payment(step.Reference, booking.PaymentCaptured), nil
}
func (instantProvider) Void(_ context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return payment(step.Reference, booking.PaymentVoided), nil
}
func (instantProvider) Refund(_ context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return payment(step.Reference, booking.PaymentRefunded), nil
}
