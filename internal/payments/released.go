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

// noteRelease remembers money that we released and that the provider gives back later, so
// that reconciliation asks whether it did. A repeat changes nothing.
func (s *Store) noteRelease(ctx context.Context, state booking.PaymentState) error {
	if state.Releasing == 0 {
		return nil
	}
	// Money that was released after the first was back is to come back, too.
	_, err := s.pool.Exec(ctx, `
		INSERT INTO released_money AS r (provider, reference, amount, currency, due_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (provider, reference) DO UPDATE SET amount = excluded.amount, due_at = excluded.due_at, back_at = NULL
		WHERE excluded.due_at > r.due_at`,
		state.Provider, state.Reference, state.Releasing, state.Currency, state.BackBy)
	if err != nil {
		return wrap(err, "note that the money of payment %s was released", state.Reference)
	}
	return nil
}

// CameBack notes of which payments all released money is back by now, and resolves the alerts
// that it was not. It answers how many there are.
func (s *Store) CameBack(ctx context.Context, provider string, states []booking.PaymentState) (back int, err error) {
	var references []string
	for _, state := range states {
		if state.BackLater && state.Releasing == 0 {
			references = append(references, state.Reference)
		}
	}
	if len(references) == 0 {
		return 0, nil
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, `UPDATE released_money SET back_at = clock_timestamp()
			WHERE provider = $1 AND reference = ANY ($2) AND back_at IS NULL`, provider, references)
		if err != nil || done.RowsAffected() == 0 {
			return err
		}
		back = int(done.RowsAffected())
		return resolveNotBack(ctx, tx, provider, references)
	})
	if err != nil {
		return 0, fmt.Errorf("payments: note what %s gave back: %w", provider, err)
	}
	return back, nil
}

// resolveNotBack closes what was found of payments whose money is back.
func resolveNotBack(ctx context.Context, tx pgx.Tx, provider string, references []string) error {
	rows, err := tx.Query(ctx, `
		UPDATE reconciliation_findings SET done = $3
		WHERE provider = $1 AND reference = ANY ($2) AND kind = $4 AND done = 'alerted'
		RETURNING reference, booking_id, theirs, currency`, provider, references, booking.HealCameBack, booking.FindingNotBack)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, func(from pgx.CollectableRow) (alert booking.Alert, err error) {
		var reference string
		var owner uuid.NullUUID
		var money booking.Money
		err = from.Scan(&reference, &owner, &money.Amount, &money.Currency)
		alert = notBack(provider, reference, money)
		if owner.Valid {
			alert.BookingID = owner.UUID.String()
		}
		return alert, err
	})
	for _, alert := range found {
		err = errors.Join(err, alerts.Resolve(ctx, tx, alert, "The provider gave it back."))
	}
	return err
}

func notBack(provider, reference string, money booking.Money) booking.Alert {
	return booking.Alert{Kind: booking.AlertReleasedNotBack,
		Detail: fmt.Sprintf("%s %s: %s was released and is not back", provider, reference, money)}
}
