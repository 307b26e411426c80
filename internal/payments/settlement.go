package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

// Settlement sums up a theater's money from one day to another, both included, on the
// theater's clock. Code: not_found.
func (s *Store) Settlement(ctx context.Context, theater uuid.UUID, from, to time.Time) (booking.SettlementReport, error) {
	report := booking.SettlementReport{
		TheaterID: theater.String(), From: from.Format(time.DateOnly), To: to.Format(time.DateOnly),
		Days: []booking.SettlementRow{}, Totals: []booking.SettlementRow{},
	}
	err := s.pool.QueryRow(ctx, `SELECT time_zone FROM theaters WHERE id = $1`, theater).Scan(&report.TimeZone)
	if errors.Is(err, pgx.ErrNoRows) {
		return report, booking.E(booking.CodeNotFound, "There is no such theater.")
	}
	if err != nil {
		return report, fmt.Errorf("payments: settlement of theater %s: %w", theater, err)
	}
	// As text: a date has no time zone.
	rows, err := s.pool.Query(ctx, `
		SELECT coalesce(day::text, ''), provider, currency, bookings, captured, refunded, charged_back, booking_fees, taxes,
			provider_fees, unsold, owed
		FROM theater_settlement($1, $2::text::date, $3::text::date)`, theater, report.From, report.To)
	if err != nil {
		return report, fmt.Errorf("payments: settlement of theater %s: %w", theater, err)
	}
	all, err := pgx.CollectRows(rows, settlementRow)
	if err != nil {
		return report, fmt.Errorf("payments: settlement of theater %s: %w", theater, err)
	}
	for _, row := range all {
		if row.Day == "" {
			report.Totals = append(report.Totals, row)
		} else {
			report.Days = append(report.Days, row)
		}
	}
	return report, nil
}

func settlementRow(from pgx.CollectableRow) (booking.SettlementRow, error) {
	var r booking.SettlementRow
	var fees *int64
	err := from.Scan(&r.Day, &r.Provider, &r.Currency, &r.Bookings, &r.Captured.Amount, &r.Refunded.Amount, &r.ChargedBack.Amount,
		&r.BookingFees.Amount, &r.Taxes.Amount, &fees, &r.Unsold.Amount, &r.Owed.Amount)
	for _, money := range []*booking.Money{&r.Captured, &r.Refunded, &r.ChargedBack, &r.BookingFees, &r.Taxes, &r.Unsold, &r.Owed} {
		money.Currency = r.Currency
	}
	if fees != nil {
		r.ProviderFees = &booking.Money{Amount: *fees, Currency: r.Currency}
	}
	return r, err
}
