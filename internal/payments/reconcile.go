package payments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
)

// Compare says what a provider's states and our books do not agree on. It changes nothing.
func (s *Store) Compare(ctx context.Context, provider string, states []booking.PaymentState) ([]booking.Finding, error) {
	references, named := make([]string, len(states)), make([]*uuid.UUID, len(states))
	for i, state := range states {
		references[i], named[i] = state.Reference, optionalID(state.BookingID)
	}
	known, err := s.entered(ctx, provider, references, named)
	if err != nil {
		return nil, err
	}
	var found []booking.Finding
	for _, state := range states {
		found = append(found, compare(state, known[state.Reference])...)
	}
	return found, nil
}

// Unknown is the finding that the provider does not have a payment of ours.
func (s *Store) Unknown(ctx context.Context, provider, reference string) (booking.Finding, error) {
	known, err := s.entered(ctx, provider, []string{reference}, []*uuid.UUID{nil})
	if err != nil {
		return booking.Finding{}, err
	}
	if e := known[reference]; e.known {
		return unknown(provider, reference, e), nil
	}
	return booking.Finding{}, booking.E(booking.CodeNotFound, "There is no such payment.")
}

// entered reads what our books have of payments. named are the bookings that they name.
func (s *Store) entered(ctx context.Context, provider string, references []string, named []*uuid.UUID) (map[string]entered, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT w.reference, p.id IS NOT NULL, coalesce(p.amount, 0), coalesce(p.currency, ''),
			coalesce(p.captured, 0), coalesce(p.refunded, 0), coalesce(p.refunds_failed, 0),
			(SELECT coalesce(jsonb_object_agg(d.dispute, d.status), '{}') FROM disputes d
				WHERE d.provider = $1 AND d.reference = w.reference),
			coalesce(b.id::text, ''), coalesce(b.status, ''), coalesce(b.refund_due, 0),
			coalesce(paid_for(b.id, $1, w.reference), false),
			b.id IS NOT NULL AND capture_unasked(b.id, $1, w.reference, p.id IS NOT NULL),
			coalesce(r.due_at, 'epoch'), coalesce(r.due_at + interval '1 day' < now(), false)
		FROM unnest($2::text[], $3::uuid[]) AS w (reference, named)
		LEFT JOIN payments p ON p.provider = $1 AND p.reference = w.reference
		LEFT JOIN bookings b ON b.id = coalesce(p.booking_id, w.named)
		LEFT JOIN released_money r ON r.provider = $1 AND r.reference = w.reference AND r.back_at IS NULL`, provider, references, named)
	if err != nil {
		return nil, fmt.Errorf("payments: books of %d payments at %s: %w", len(references), provider, err)
	}
	known := map[string]entered{}
	var reference string
	var e entered
	_, err = pgx.ForEachRow(rows, []any{&reference, &e.known, &e.amount, &e.currency, &e.captured, &e.refunded,
		&e.refundsFailed, &e.disputes, &e.booking, &e.bookingStatus, &e.owed, &e.bought,
		&e.unasked, &e.due, &e.overdue}, func() error {
		known[reference] = e
		e = entered{} // the map of disputes is the row's own
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("payments: books of %d payments at %s: %w", len(references), provider, err)
	}
	return known, nil
}

// tellsEveryFee are the providers that tell a fee of every captured payment, so that 0 is
// what they keep of it: Razorpay, of UPI. Another's 0 is a fee that is not known.
// https://razorpay.com/docs/api/payments/
var tellsEveryFee = map[string]bool{"razorpay": true}

// Listed notes that the provider's list of a day has these payments, and what it keeps of
// each, where it tells.
func (s *Store) Listed(ctx context.Context, provider string, day time.Time, states []booking.PaymentState) error {
	references := make([]string, len(states))
	var charged, currencies []string
	var fees []int64
	for i, state := range states {
		references[i] = state.Reference
		if state.Fee > 0 || state.Captured > 0 && tellsEveryFee[provider] {
			charged, fees, currencies = append(charged, state.Reference), append(fees, state.Fee), append(currencies, state.Currency)
		}
	}
	// A page may have a payment twice, which one statement may not change twice.
	_, err := s.pool.Exec(ctx, `
		WITH fees AS (
			INSERT INTO payment_fees (provider, reference, fee, currency)
			SELECT DISTINCT ON (f.reference) $1, f.reference, f.fee, f.currency
			FROM unnest($4::text[], $5::bigint[], $6::text[]) AS f (reference, fee, currency) ORDER BY f.reference, f.fee DESC
			ON CONFLICT (provider, reference) DO UPDATE
				SET fee = excluded.fee, currency = excluded.currency, told_at = clock_timestamp())
		INSERT INTO reconciliation_payments (provider, day, reference, listed)
		SELECT DISTINCT $1, $2::date, w.reference, true FROM unnest($3::text[]) AS w (reference)
		ON CONFLICT (provider, day, reference) DO UPDATE SET listed = true`,
		provider, day, references, charged, fees, currencies)
	if err != nil {
		return fmt.Errorf("payments: note the list of %s: %w", provider, err)
	}
	return nil
}

// Moved notes which payments of ours moved money on a day, and of which released money is to
// be back by now, and says how many the provider's list lacks. The day is in UTC.
func (s *Store) Moved(ctx context.Context, provider string, day time.Time) (unlisted int, err error) {
	// Not one statement: the count has to see what was inserted.
	_, err = s.pool.Exec(ctx, `
		INSERT INTO reconciliation_payments (provider, day, reference, listed)
		SELECT DISTINCT l.provider, $2::date, l.reference, false FROM ledger l
		WHERE l.provider = $1 AND l.at >= $3 AND l.at < $4
		UNION SELECT r.provider, $2::date, r.reference, false FROM released_money r
		WHERE r.provider = $1 AND r.back_at IS NULL AND r.due_at < now() - interval '1 day'
		ON CONFLICT (provider, day, reference) DO NOTHING`, provider, day, day, day.AddDate(0, 0, 1))
	if err == nil {
		err = s.pool.QueryRow(ctx, `SELECT count(*) FROM reconciliation_payments WHERE provider = $1 AND day = $2 AND NOT listed`,
			provider, day).Scan(&unlisted)
	}
	if err != nil {
		return 0, fmt.Errorf("payments: movements of %s on %s: %w", provider, day.Format(time.DateOnly), err)
	}
	return unlisted, nil
}

// Unlisted gives a page of the payments that moved on a day and are not in the provider's
// list, in the order of their references.
func (s *Store) Unlisted(ctx context.Context, provider string, day time.Time, after string, limit int) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT reference FROM reconciliation_payments
		WHERE provider = $1 AND day = $2 AND NOT listed AND reference > $3 ORDER BY reference LIMIT $4`, provider, day, after, limit)
	if err != nil {
		return nil, fmt.Errorf("payments: what the list of %s lacks: %w", provider, err)
	}
	references, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("payments: what the list of %s lacks: %w", provider, err)
	}
	return references, nil
}

// Report stores findings and alerts staff, each once: what another run has found before is
// left as it is. It says how many are new.
func (s *Store) Report(ctx context.Context, day time.Time, run string, findings []booking.Finding) (fresh int, err error) {
	for _, f := range findings {
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			var id int64
			err := tx.QueryRow(ctx, `
				INSERT INTO reconciliation_findings (provider, reference, kind, once, booking_id, currency, ours, theirs, day, run)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
				ON CONFLICT (provider, reference, kind, once) DO NOTHING RETURNING id`,
				f.Provider, f.Reference, f.Kind, f.Once, optionalID(f.BookingID), f.Currency, f.Ours, f.Theirs, day, run).Scan(&id)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			fresh++
			return alerts.Raise(ctx, tx, f.Alert)
		})
		if err != nil {
			return fresh, fmt.Errorf("payments: report %s of %s: %w", f.Kind, f.Reference, err)
		}
	}
	return fresh, nil
}

// ReportUnasked alerts staff to a capture that no step of ours asked for, once per payment.
// by is what told of it, for example the provider's event. Reconciliation finds the same.
func (s *Store) ReportUnasked(ctx context.Context, state booking.PaymentState, by string) error {
	found, err := s.Compare(ctx, state.Provider, []booking.PaymentState{state})
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(f booking.Finding) bool { return f.Kind != booking.FindingCaptureUnasked })
	_, err = s.Report(ctx, time.Now().UTC(), by, found)
	return err
}

// recordable are the findings that are healed by recording what the provider says.
var recordable = []booking.FindingKind{
	booking.FindingLostPayment, booking.FindingLostCapture, booking.FindingLostRefund, booking.FindingRefundOutside,
	booking.FindingRefundFailed, booking.FindingDispute,
}

// Untold are findings of payments that were to be recorded and of which no run has noted that
// they were: it may have ended in between.
func (s *Store) Untold(ctx context.Context, provider string, references []string) ([]booking.Finding, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT provider, reference, kind, once, booking_id::text, currency FROM reconciliation_findings
		WHERE provider = $1 AND reference = ANY ($2) AND kind = ANY ($3) AND done = 'alerted' AND booking_id IS NOT NULL
		ORDER BY id`, provider, references, recordable)
	if err != nil {
		return nil, fmt.Errorf("payments: what is untold of %s: %w", provider, err)
	}
	untold, err := pgx.CollectRows(rows, func(from pgx.CollectableRow) (f booking.Finding, err error) {
		f.Heal = booking.HealRecord
		return f, from.Scan(&f.Provider, &f.Reference, &f.Kind, &f.Once, &f.BookingID, &f.Currency)
	})
	if err != nil {
		return nil, fmt.Errorf("payments: what is untold of %s: %w", provider, err)
	}
	return untold, nil
}

// Healed notes what was done about findings of a payment.
func (s *Store) Healed(ctx context.Context, provider, reference string, heal booking.Healing, findings []booking.Finding) error {
	var kinds []booking.FindingKind
	var onces []string
	for _, f := range findings {
		if f.Heal == heal && f.Reference == reference {
			kinds, onces = append(kinds, f.Kind), append(onces, f.Once)
		}
	}
	_, err := s.pool.Exec(ctx, `
		UPDATE reconciliation_findings r SET done = $3
		FROM unnest($4::text[], $5::text[]) AS w (kind, once)
		WHERE r.provider = $1 AND r.reference = $2 AND r.kind = w.kind AND r.once = w.once AND r.done <> $3`,
		provider, reference, heal, kinds, onces)
	if err != nil {
		return fmt.Errorf("payments: note that %s was healed: %w", reference, err)
	}
	return nil
}
