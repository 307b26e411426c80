package payments

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/api/saga"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// Provider is what the API needs of a payment provider: to read its webhooks,
// and to ask it what a payment is like now.
type Provider interface {
	Webhook(ctx context.Context, body []byte, header http.Header) (booking.PaymentEvent, error)
	Get(ctx context.Context, reference string) (booking.PaymentState, error)
}

// The result of an event. The inbox stores it, and the answer tells the provider.
const (
	outcomeSignalled = "signalled"
	outcomeTakenUp   = "taken_up" // the booking had no workflow, and has one again
	outcomeLate      = "late_payment"
	outcomeAftercare = "aftercare" // money of a booking that is over moved back
	outcomeSettled   = "already_settled"
	outcomeIgnored   = "ignored"
	outcomeDuplicate = "duplicate"
	outcomeNotOurs   = "not_ours"
)

type webhookAnswer struct {
	Outcome string `json:"outcome"`
}

// webhook takes a provider's event. It answers 2xx only when the event's effect
// is handed on; when Postgres, Temporal or the provider is away it answers 503,
// and the provider delivers again.
func (s *service) webhook(w http.ResponseWriter, r *http.Request) error {
	name := mux.Vars(r)["provider"]
	provider, ok := s.Providers[name]
	if !ok {
		return booking.E(booking.CodeNotFound, "There is no payment provider %q.", rest.Clip(name))
	}
	body, err := rest.ReadBody(w, r)
	if err != nil {
		return err
	}
	event, err := provider.Webhook(r.Context(), body, r.Header)
	if err != nil {
		return err
	}
	outcome, err := s.accept(r.Context(), provider, event)
	if err != nil {
		s.Logger.WarnContext(r.Context(), "webhook not accepted", "request_id", rest.RequestID(r.Context()),
			"provider", name, "event", event.ID, "type", event.Type, "error", err)
		return deliverAgain(err)
	}
	s.Logger.InfoContext(r.Context(), "webhook", "request_id", rest.RequestID(r.Context()),
		"provider", name, "event", event.ID, "type", event.Type, "outcome", outcome)
	return rest.Answer(w, http.StatusOK, webhookAnswer{outcome})
}

// deliverAgain makes every error of our own a temporary one: the event is true, so the
// provider must redeliver it.
func deliverAgain(err error) error {
	if booking.CodeOf(err) != booking.CodeInternal {
		return err
	}
	return booking.E(booking.CodeUnavailable, "The event could not be taken in. Deliver it again.").Wrap(err)
}

// accept hands an event on, once: a copy of a settled event has no effect.
func (s *service) accept(ctx context.Context, provider Provider, event booking.PaymentEvent) (string, error) {
	if event.Reference == "" {
		return outcomeIgnored, nil
	}
	handled, err := s.Payments.Receive(ctx, event)
	if err != nil {
		return "", err
	}
	if handled {
		return outcomeDuplicate, nil
	}
	outcome, err := s.handOn(ctx, provider, event)
	if booking.CodeOf(err) == rest.CodeWebhookNotOurs {
		outcome = outcomeNotOurs
		if event.Provider == razorpayName {
			// Razorpay turns a webhook off whose events are refused for a day.
			err = nil
		}
	} else if err != nil {
		return "", err
	}
	if settleErr := s.Payments.Settle(ctx, event.Provider, event.ID, outcome); settleErr != nil {
		return "", settleErr
	}
	return outcome, err
}

// handOn asks the provider for the current state, because an event may be stale, out of
// order or about another payment. Then it signals the booking's workflow.
func (s *service) handOn(ctx context.Context, provider Provider, event booking.PaymentEvent) (string, error) {
	state, err := provider.Get(ctx, event.Reference)
	switch booking.CodeOf(err) {
	case booking.CodeNotFound:
		return "", booking.E(rest.CodeWebhookNotOurs, "The event is about a payment that is not ours.").Wrap(err)
	default:
		if err != nil {
			return "", booking.E(booking.CodeUnavailable, "The payment could not be looked up. Deliver the event again.").Wrap(err)
		}
	}
	b, err := s.bookingOfPayment(ctx, state)
	if err != nil {
		return "", err
	}
	state.BookingID = b.ID
	if state.Captured > 0 && !settledBy(b, state) {
		// The booking was read after the state, and is sold before we capture.
		if err := s.Payments.ReportUnasked(ctx, state, "webhook "+event.ID); err != nil {
			return "", err
		}
	}
	reversed, err := s.Payments.Reversed(ctx, state)
	if err != nil {
		return "", err
	}
	if !reversed && noNews(b, state) {
		return outcomeSettled, nil
	}
	err = s.Saga.Payment(ctx, b.ID, state)
	if !errors.Is(err, saga.ErrEnded) {
		return outcomeSignalled, err
	}
	if reversed && b.Status != booking.StatusHeld {
		return outcomeAftercare, s.Saga.MovedBack(ctx, b, state, s.Policy)
	}
	if !owesMoney(state) || settledBy(b, state) {
		return outcomeSettled, nil
	}
	// Had the booking ended before the event arrived? A booking that is still held has lost
	// its workflow: the money is for its seats.
	if b, err = s.Bookings.Booking(ctx, b.ID); err != nil {
		return "", err
	}
	if b.Status == booking.StatusHeld {
		return outcomeTakenUp, s.Saga.TakeUp(ctx, b, s.Policy, state)
	}
	return outcomeLate, s.Saga.LatePayment(ctx, workflows.LatePaymentInput{
		Payment: state, Rebook: s.RebookLate, Policy: s.Policy,
	})
}

// bookingOfPayment finds whose payment it is: by our own records, or by what we
// wrote on the payment when it was opened, since a webhook may be faster than
// our own call's return.
func (s *service) bookingOfPayment(ctx context.Context, state booking.PaymentState) (booking.Booking, error) {
	id, err := s.Payments.BookingOf(ctx, state.Provider, state.Reference)
	if booking.CodeOf(err) == booking.CodeNotFound {
		id, err = state.BookingID, nil
	}
	if err != nil {
		return booking.Booking{}, err
	}
	// A payment that names no booking belongs to another product on the same account.
	notOurs := booking.E(rest.CodeWebhookNotOurs, "The event is about a booking that is not ours.")
	if id == "" {
		return booking.Booking{}, notOurs
	}
	b, err := s.Bookings.Booking(ctx, id)
	if booking.CodeOf(err) == booking.CodeNotFound {
		return booking.Booking{}, notOurs.Wrap(err)
	}
	if err != nil {
		return booking.Booking{}, fmt.Errorf("webhook for booking %s: %w", id, err)
	}
	return b, nil
}

// noNews tells whether the workflow knows the state already: a payment that was only
// opened, or the webhook of our own void, capture or refund. Every signal costs a booking
// four events of its history.
func noNews(b booking.Booking, state booking.PaymentState) bool {
	switch {
	case state.Status == booking.PaymentOpen:
		return true
	case !isPaymentOf(b, state):
		return false
	case state.Status == booking.PaymentVoided:
		return b.Payment.Status == booking.PaymentVoided
	case b.Status == booking.StatusConfirmed:
		// Not before our own books have the capture: the workflow task that sold the
		// seats may have been lost, and this may be what wakes the workflow again.
		return b.Payment.Status == booking.PaymentCaptured && state.Refunded == 0
	default:
		return settledBy(b, state)
	}
}

// owesMoney tells whether money of the customer is reserved or taken.
func owesMoney(state booking.PaymentState) bool {
	return state.Authorized > 0 || state.Captured > state.Refunded
}

// settledBy tells whether this very payment bought the booking, so that the
// event only echoes our own capture or refund.
func settledBy(b booking.Booking, state booking.PaymentState) bool {
	// A cancelled hold has no ticket, and owes nothing to a payment.
	bought := b.Status == booking.StatusConfirmed || b.Status == booking.StatusCancelled && b.Ticket != nil
	return bought && isPaymentOf(b, state) && state.Authorized == 0
}

func isPaymentOf(b booking.Booking, state booking.PaymentState) bool {
	return b.Payment != nil && b.Payment.Provider == state.Provider && b.Payment.Reference == state.Reference
}
