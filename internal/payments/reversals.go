package payments

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
)

// Reversed tells whether a state has a reversal that our books do not have: a dispute that
// came further, a refund that failed, or a refund that staff made at the provider's own
// dashboard.
func (s *Store) Reversed(ctx context.Context, state booking.PaymentState) (bool, error) {
	found, err := s.reversals(ctx, state)
	return len(found) > 0, err
}

// alertReversals alerts staff to the reversals that Record is about to store, and to money
// that does not fit. It runs before, because a repeat of the record would find nothing new.
func (s *Store) alertReversals(ctx context.Context, state booking.PaymentState) error {
	found, err := s.reversals(ctx, state)
	if err != nil {
		return err
	}
	if state.Mismatch != "" {
		alert := mismatched(state)
		alert.BookingID = state.BookingID
		found = append(found, alert)
	}
	for _, alert := range found {
		if err := alerts.Raise(ctx, s.pool, alert); err != nil {
			return wrap(err, "alert staff to payment %s", state.Reference)
		}
	}
	return nil
}

// reversals are alerts for what is new. Most states say nothing of the kind, and cost
// nothing.
func (s *Store) reversals(ctx context.Context, state booking.PaymentState) (found []booking.Alert, err error) {
	if len(state.Disputes) == 0 && state.RefundsFailed == 0 && state.Refunded == 0 {
		return nil, nil
	}
	known, err := s.knownOf(ctx, state)
	if err != nil {
		return nil, err
	}
	add := func(alert booking.Alert) {
		alert.BookingID = known.booking
		found = append(found, alert)
	}
	for _, d := range state.Disputes {
		if kind, news := newsOf(d, known.disputes[d.Reference]); news {
			alert := disputed(state, d)
			alert.Kind = kind
			add(alert)
		}
	}
	if state.RefundsFailed > known.refundsFailed {
		add(refundFailed(state))
	}
	if known.bought && state.Refunded > max(known.refunded, known.due) {
		add(refundedOutside(state))
	}
	return found, nil
}

// What staff are told of each. Reconciliation tells the same, so that there is one alert.

func refundedOutside(state booking.PaymentState) booking.Alert {
	return booking.Alert{Kind: booking.AlertRefundedOutside, Detail: state.Provider + " " + state.Reference}
}

func mismatched(state booking.PaymentState) booking.Alert {
	return booking.Alert{Kind: booking.AlertPaymentMismatch, Detail: state.Provider + " " + state.Reference + ": " + state.Mismatch}
}

func refundFailed(state booking.PaymentState) booking.Alert {
	money := booking.Money{Amount: state.RefundsFailed, Currency: state.Currency}
	return booking.Alert{Kind: booking.AlertRefundFailed, Detail: fmt.Sprintf("%s %s: %s came back", state.Provider, state.Reference, money)}
}

// disputed has no kind: that depends on how far the dispute has come.
func disputed(state booking.PaymentState, d booking.Dispute) booking.Alert {
	money := booking.Money{Amount: d.Amount, Currency: state.Currency}
	return booking.Alert{Detail: fmt.Sprintf("%s %s of %s: %s, %s", state.Provider, d.Reference, state.Reference, money, d.Reason)}
}

// known is what our books have of a payment.
type known struct {
	booking                      string
	refunded, refundsFailed, due int64
	bought                       bool // the booking was sold for it, all of it
	disputes                     map[string]booking.DisputeStatus
}

func (s *Store) knownOf(ctx context.Context, state booking.PaymentState) (known, error) {
	k := known{booking: state.BookingID, disputes: map[string]booking.DisputeStatus{}}
	named, _ := uuid.Parse(state.BookingID)
	err := s.pool.QueryRow(ctx, `
		SELECT b.id::text, coalesce(p.refunded, 0), coalesce(p.refunds_failed, 0), b.refund_due,
			$4 >= b.total AND coalesce(paid_for(b.id, $1, $2), false)
		FROM (SELECT 1) one LEFT JOIN payments p ON p.provider = $1 AND p.reference = $2
		JOIN bookings b ON b.id = coalesce(p.booking_id, $3)`,
		state.Provider, state.Reference, named, state.Captured).Scan(&k.booking, &k.refunded, &k.refundsFailed, &k.due, &k.bought)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return k, wrap(err, "what is known of payment %s", state.Reference)
	}
	rows, err := s.pool.Query(ctx, `SELECT dispute, status FROM disputes WHERE provider = $1 AND reference = $2`,
		state.Provider, state.Reference)
	if err != nil {
		return k, wrap(err, "disputes of payment %s", state.Reference)
	}
	var dispute string
	var status booking.DisputeStatus
	_, err = pgx.ForEachRow(rows, []any{&dispute, &status}, func() error {
		k.disputes[dispute] = status
		return nil
	})
	if err != nil {
		return k, wrap(err, "disputes of payment %s", state.Reference)
	}
	return k, nil
}

// newsOf tells whether a dispute is further than in our books, and which alert that is. One
// that ended without having taken money is no news.
func newsOf(d booking.Dispute, known booking.DisputeStatus) (kind booking.AlertKind, news bool) {
	if d.Status.Rank() <= known.Rank() {
		return "", false
	}
	switch d.Status {
	case booking.DisputeInquiry, booking.DisputeClosed:
		return booking.AlertDisputeInquiry, d.Status == booking.DisputeInquiry
	case booking.DisputeLost:
		return booking.AlertDisputeLost, true
	case booking.DisputeWon:
		return booking.AlertDisputeWon, !d.Untaken || known.TakesMoney()
	default:
		return booking.AlertDisputeOpened, true
	}
}
