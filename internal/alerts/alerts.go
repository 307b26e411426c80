// Package alerts keeps what a person has to look at: it is raised by the program,
// taken and resolved by staff. A change leaves an entry in the audit log, in its
// own transaction.
//
// What does not live here: the kinds of alerts (package booking), and who is notified of an
// alert outside of the platform: the tool that reads the log and the metrics does that.
package alerts

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
)

// Store reads and changes alerts on behalf of staff.
type Store struct{ pool *pgxpool.Pool }

// New makes a Store over the database.
func New(pool *pgxpool.Pool) *Store { return &Store{pool} }

// querier is a pool, a connection or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Raise alerts staff once: a repeat of an unresolved alert changes nothing, and a resolved
// alert opens again. Errors are the database's.
func Raise(ctx context.Context, db querier, a booking.Alert) error {
	id := uuid.NullUUID{}
	if a.BookingID != "" {
		parsed, err := uuid.Parse(a.BookingID)
		if err != nil {
			return booking.E(booking.CodeNotFound, "There is no such booking.")
		}
		id = uuid.NullUUID{UUID: parsed, Valid: true}
	}
	var opened int
	err := db.QueryRow(ctx, `WITH `+Opening(`SELECT $1::uuid, $2::text, $3::text`)+` SELECT count(*) FROM opened`,
		id, a.Kind, Detail(a.Detail)).Scan(&opened)
	if err != nil {
		return fmt.Errorf("raise alert %s: %w", a.Kind, err)
	}
	if opened > 0 {
		Opened(ctx, a)
	}
	return nil
}

// Resolve closes an alert whose cause is gone, as the program itself. One that staff have
// resolved, or that was never raised, is left as it is. Errors are the database's.
func Resolve(ctx context.Context, db querier, a booking.Alert, note string) error {
	var resolved int
	err := db.QueryRow(ctx, `
		WITH resolved AS (
			UPDATE alerts SET resolved_at = clock_timestamp(), resolved_by = NULL, note = $4
			WHERE booking_id IS NOT DISTINCT FROM nullif($1, '')::uuid AND kind = $2 AND detail = $3 AND resolved_at IS NULL
			RETURNING id, booking_id),
		noted AS (
			INSERT INTO audit_log (actor_role, action, entity, entity_id, theater_id, after)
			SELECT 'system', 'resolve', 'alert', r.id::text,
				(SELECT s.theater_id FROM bookings b JOIN shows s ON s.id = b.show_id WHERE b.id = r.booking_id),
				jsonb_build_object('state', 'resolved', 'note', $4::text)
			FROM resolved r)
		SELECT count(*) FROM resolved`, a.BookingID, a.Kind, Detail(a.Detail), note).Scan(&resolved)
	if err != nil {
		return fmt.Errorf("resolve alert %s: %w", a.Kind, err)
	}
	return nil
}

// Opening gives the parts of a WITH clause that raise an alert for each row of a
// query. Its columns are the booking's id or null, the kind, and the detail, see
// Detail. Its caller counts the rows of opened and calls Opened when there is
// one, so that the log and the metrics know.
func Opening(rows string) string {
	return `opened AS (
		INSERT INTO alerts AS al (booking_id, kind, detail) ` + rows + `
		ON CONFLICT (booking_id, kind, detail) DO UPDATE SET created_at = clock_timestamp(), openings = al.openings + 1,
			taken_by = NULL, taken_at = NULL, resolved_by = NULL, resolved_at = NULL, note = ''
		WHERE al.resolved_at IS NOT NULL
		RETURNING al.id, al.booking_id, al.openings),
	noted AS (
		INSERT INTO audit_log (actor_role, action, entity, entity_id, theater_id, after)
		SELECT 'system', 'open_again', 'alert', o.id::text,
			(SELECT s.theater_id FROM bookings b JOIN shows s ON s.id = b.show_id WHERE b.id = o.booking_id),
			'{"state": "open"}'
		FROM opened o WHERE o.openings > 1)`
}

// longestDetail is in bytes. The index that keeps an alert from being raised twice
// has room for 2,700.
const longestDetail = 2000

// Detail makes text fit to be stored: it may hold what a vendor said.
func Detail(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
	if len(text) <= longestDetail {
		return text
	}
	text = text[:longestDetail]
	for !utf8.ValidString(text) { // a character was cut through
		text = text[:len(text)-1]
	}
	return text + "…"
}

// mild are the kinds that the program has dealt with, as far as it can.
var mild = map[booking.AlertKind]bool{
	booking.AlertPaymentMismatch: true, booking.AlertPaidTwice: true, booking.AlertMessageUnconfirmed: true,
}

// Opened logs and counts an alert that was raised or opened again. Callers of Opening call
// it; Raise calls it itself.
func Opened(ctx context.Context, a booking.Alert) {
	level := slog.LevelError
	if mild[a.Kind] {
		level = slog.LevelWarn
	}
	// Without the detail: it may hold what a vendor said.
	slog.Log(ctx, level, "alert", "kind", a.Kind, "booking_id", a.BookingID)
	raised.WithLabelValues(string(a.Kind)).Inc()
}
