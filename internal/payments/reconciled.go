package payments

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/paging"
)

// Begin notes that a reconciliation runs. A day that was compared before runs again.
func (s *Store) Begin(ctx context.Context, provider string, day time.Time) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO reconciliations AS r (provider, day, began_at) VALUES ($1, $2, clock_timestamp())
		ON CONFLICT (day, provider) DO UPDATE SET began_at = excluded.began_at, finished_at = NULL`, provider, day)
	if err != nil {
		return fmt.Errorf("payments: begin with %s of %s: %w", day.Format(time.DateOnly), provider, err)
	}
	return nil
}

// Finish notes what a reconciliation that is done has looked at, and deletes its notes.
func (s *Store) Finish(ctx context.Context, provider string, day time.Time, looked booking.Comparison) error {
	_, err := s.pool.Exec(ctx, `
		WITH forgotten AS (DELETE FROM reconciliation_payments WHERE provider = $1 AND day = $2)
		INSERT INTO reconciliations AS r (provider, day, began_at, finished_at, listed, unlisted, asked, given_back)
		VALUES ($1, $2, clock_timestamp(), clock_timestamp(), $3, $4, $5, $6)
		ON CONFLICT (day, provider) DO UPDATE SET finished_at = excluded.finished_at, listed = excluded.listed,
			unlisted = excluded.unlisted, asked = excluded.asked, given_back = excluded.given_back`,
		provider, day, looked.Listed, looked.Unlisted, looked.Asked, looked.GivenBack)
	if err != nil {
		return fmt.Errorf("payments: finish %s of %s: %w", day.Format(time.DateOnly), provider, err)
	}
	return nil
}

// readDays reads days with the counts of their findings.
const readDays = `
	SELECT r.provider, r.day::text, r.began_at, r.finished_at, r.listed, r.unlisted, r.asked, r.given_back, f.found, f.alerted
	FROM reconciliations r, LATERAL (SELECT count(*) AS found, count(*) FILTER (WHERE f.done = 'alerted') AS alerted
		FROM reconciliation_findings f WHERE f.day = r.day AND f.provider = r.provider) f`

// Reconciled lists the days that were compared, the newest first; of one provider, if it is
// named. next is empty on the last page. Code: validation_failed.
func (s *Store) Reconciled(ctx context.Context, provider string, limit int, cursor string) (days []booking.ReconciledDay, next string, err error) {
	before, beforeProvider := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ""
	if cursor != "" {
		before, beforeProvider, err = paging.ReadLatest(cursor)
		// Anyone can forge a cursor, and Postgres stores neither this character nor these years.
		if err != nil || before.Year() < 1 || !utf8.ValidString(beforeProvider) || strings.Contains(beforeProvider, "\x00") {
			return nil, "", booking.Invalid(paging.Foreign())
		}
	}
	limit = paging.Size(limit)
	// One more than asked for tells whether there is a next page.
	rows, err := s.pool.Query(ctx, readDays+`
		WHERE ($1 = '' OR r.provider = $1) AND (r.day, r.provider) < ($2::date, $3)
		ORDER BY r.day DESC, r.provider DESC LIMIT $4`, provider, before, beforeProvider, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("payments: list reconciliations: %w", err)
	}
	if days, err = pgx.CollectRows(rows, reconciledDay); err != nil {
		return nil, "", fmt.Errorf("payments: list reconciliations: %w", err)
	}
	days, next = paging.Cut(days, limit, func(last booking.ReconciledDay) string {
		day, _ := time.Parse(time.DateOnly, last.Day) // from the database
		return paging.Latest(day, last.Provider)
	})
	return days, next, nil
}

func reconciledDay(from pgx.CollectableRow) (d booking.ReconciledDay, err error) {
	err = from.Scan(&d.Provider, &d.Day, &d.BeganAt, &d.FinishedAt, &d.Listed, &d.Unlisted, &d.Asked, &d.GivenBack, &d.Findings, &d.Alerted)
	d.BeganAt = d.BeganAt.UTC()
	if d.FinishedAt != nil {
		*d.FinishedAt = d.FinishedAt.UTC()
	}
	return d, err
}

// ReconciledDay is one day with a page of its findings, in the order in which they were found.
// Codes: not_found, validation_failed.
func (s *Store) ReconciledDay(ctx context.Context, provider string, day time.Time, limit int, cursor string) (
	d booking.ReconciledDay, found []booking.Found, next string, err error,
) {
	after := int64(0)
	if cursor != "" {
		if after, err = strconv.ParseInt(cursor, 10, 64); err != nil {
			return d, nil, "", booking.Invalid(paging.Foreign())
		}
	}
	rows, err := s.pool.Query(ctx, readDays+` WHERE r.provider = $1 AND r.day = $2`, provider, day)
	if err == nil {
		d, err = pgx.CollectExactlyOneRow(rows, reconciledDay)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return d, nil, "", booking.E(booking.CodeNotFound, "This day of this provider was not compared.")
	}
	if err == nil {
		rows, err = s.pool.Query(ctx, `
			SELECT id, kind, reference, booking_id::text, ours, theirs, currency, done, found_at FROM reconciliation_findings
			WHERE provider = $1 AND day = $2 AND id > $3 ORDER BY id LIMIT $4`, provider, day, after, paging.Size(limit)+1)
	}
	if err == nil {
		found, err = pgx.CollectRows(rows, foundRow)
	}
	if err != nil {
		return d, nil, "", fmt.Errorf("payments: reconciliation of %s: %w", provider, err)
	}
	found, next = paging.Cut(found, paging.Size(limit), func(last booking.Found) string { return strconv.FormatInt(last.ID, 10) })
	return d, found, next, nil
}

func foundRow(from pgx.CollectableRow) (f booking.Found, err error) {
	var ours, theirs *int64
	var currency string
	err = from.Scan(&f.ID, &f.Kind, &f.Reference, &f.BookingID, &ours, &theirs, &currency, &f.Done, &f.FoundAt)
	money := func(amount *int64) *booking.Money {
		if amount == nil {
			return nil
		}
		return &booking.Money{Amount: *amount, Currency: currency}
	}
	f.Ours, f.Theirs, f.FoundAt = money(ours), money(theirs), f.FoundAt.UTC()
	return f, err
}
