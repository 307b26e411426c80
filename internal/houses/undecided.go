package houses

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
)

// keptAtLeast is taken for a provider that Options.MoneyKept does not name: its account here was
// closed.
const keptAtLeast = 24 * time.Hour

// AlertUndecided alerts staff of each paid booking about whose sale the house has not decided for
// half of the time that the provider keeps the authorized money. It resolves the alerts of
// bookings that are decided. It answers how many bookings there are to be alerted of. A repeat
// changes nothing.
func (s *Store) AlertUndecided(ctx context.Context) (open int, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		waiting, err := s.undecided(ctx, tx)
		if err != nil {
			return err
		}
		stands := map[booking.Alert]bool{}
		for _, alert := range waiting {
			stands[alert] = true
			if err := alerts.Raise(ctx, tx, alert); err != nil {
				return err
			}
		}
		open = len(stands)
		raised, err := openAlerts(ctx, tx)
		if err != nil {
			return err
		}
		for _, alert := range raised {
			if stands[alert] {
				continue
			}
			if err := alerts.Resolve(ctx, tx, alert, "The theater has decided, or the booking has ended."); err != nil {
				return err
			}
		}
		return nil
	})
	return open, wrap(err, "sales that are not decided")
}

// undecided gives the alerts of the bookings whose house has taken too long. The payment that is
// still alive counts, and the first one when none is.
func (s *Store) undecided(ctx context.Context, tx pgx.Tx) (late []booking.Alert, err error) {
	rows, err := tx.Query(ctx, `
		SELECT b.id, t.name, m.provider, m.at, clock_timestamp()
		FROM bookings b JOIN house_orders o ON o.booking_id = b.id JOIN theaters t ON t.id = o.theater_id
		CROSS JOIN LATERAL (
			SELECT l.provider, l.at FROM ledger l LEFT JOIN payments p ON p.provider = l.provider AND p.reference = l.reference
			WHERE l.booking_id = b.id AND l.movement = 'authorize'
			ORDER BY coalesce(p.status IN ('voided', 'failed'), true), l.at LIMIT 1) m
		WHERE b.status = 'held' AND o.status = 'confirming' ORDER BY b.id`)
	if err != nil {
		return nil, err
	}
	var id uuid.UUID
	var theater, provider string
	var at, now time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &theater, &provider, &at, &now}, func() error {
		kept, known := s.MoneyKept[provider]
		if !known {
			kept = keptAtLeast
		}
		if now.Sub(at) >= kept/2 {
			late = append(late, booking.Alert{BookingID: id.String(), Kind: booking.AlertHouseUndecided,
				Detail: fmt.Sprintf("%s has not decided about the sale. The money is safe at %s until %s UTC.",
					theater, provider, at.Add(kept).UTC().Format("2006-01-02 15:04"))})
		}
		return nil
	})
	return late, err
}

func openAlerts(ctx context.Context, tx pgx.Tx) ([]booking.Alert, error) {
	rows, err := tx.Query(ctx, `SELECT booking_id::text, kind, detail FROM alerts WHERE kind = $1 AND resolved_at IS NULL`,
		booking.AlertHouseUndecided)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[booking.Alert])
}
