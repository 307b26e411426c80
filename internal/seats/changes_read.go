package seats

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

const readChanges = `SELECT ch.id::text, ch.show_id::text, ch.kind, ch.reason, ch.old_starts_at, ch.new_starts_at,
		ch.new_starts_at + (s.ends_at - s.starts_at), ch.decide_by, ch.default_choice, ch.created_at, ch.finished_at,
		change_is_superseded(ch.id)
	FROM show_changes ch JOIN shows s ON s.id = ch.show_id `

// ShowChange reads one change of a show. Code: not_found.
func (s *Store) ShowChange(ctx context.Context, changeID string) (booking.ShowChange, error) {
	id, err := parseID("change", changeID)
	if err != nil {
		return booking.ShowChange{}, err
	}
	found, err := s.changes(ctx, `WHERE ch.id = $1`, id)
	if err == nil && len(found) == 0 {
		err = booking.E(booking.CodeNotFound, "There is no such change.")
	}
	if err != nil {
		return booking.ShowChange{}, err
	}
	return found[0], nil
}

// ShowChanges lists the changes of a show, newest first. next is empty on the last
// page.
func (s *Store) ShowChanges(ctx context.Context, showID string, limit int, cursor string) (items []booking.ShowChange, next string, err error) {
	id, err := parseID("show", showID)
	if err != nil {
		return nil, "", err
	}
	before, last := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), uuid.Max
	if cursor != "" {
		if before, last, err = decodeCursor(cursor); err != nil {
			return nil, "", booking.Invalid(booking.FieldError{
				Field: "cursor", Message: "Use next_cursor of the page before, unchanged."})
		}
	}
	items, err = s.changes(ctx, `WHERE ch.show_id = $1 AND (ch.created_at, ch.id) < ($2, $3)
		ORDER BY ch.created_at DESC, ch.id DESC LIMIT $4`, id, before, last, limit+1)
	if err != nil || len(items) <= limit {
		return items, "", err
	}
	items = items[:limit]
	return items, encodeCursor(items[limit-1].CreatedAt, items[limit-1].ID), nil
}

// ShowSummary reads what staff are told of a show. Code: not_found.
func (s *Store) ShowSummary(ctx context.Context, showID string) (booking.ShowSummary, error) {
	var summary booking.ShowSummary
	id, err := parseID("show", showID)
	if err != nil {
		return summary, err
	}
	err = s.pool.QueryRow(ctx, `SELECT `+summaryColumns+` FROM `+summaryTables+` WHERE s.id = $1`, id).
		Scan(summaryFields(&summary)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return summary, booking.E(booking.CodeNotFound, "There is no such show.")
	}
	return summary, translate("show summary", err)
}

func (s *Store) changes(ctx context.Context, where string, args ...any) ([]booking.ShowChange, error) {
	rows, err := s.pool.Query(ctx, readChanges+where, args...)
	if err != nil {
		return nil, translate("read changes", err)
	}
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.ShowChange, error) {
		var c booking.ShowChange
		return c, row.Scan(&c.ID, &c.ShowID, &c.Kind, &c.Reason, (*utc)(&c.OldStartsAt), maybeUTC{&c.NewStartsAt},
			maybeUTC{&c.NewEndsAt}, maybeUTC{&c.DecideBy}, &c.Default, (*utc)(&c.CreatedAt), maybeUTC{&c.FinishedAt},
			&c.Superseded)
	})
	return items, translate("read changes", err)
}
