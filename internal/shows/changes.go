package shows

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

const readChanges = `SELECT ch.id::text, ch.show_id::text, ch.kind, ch.reason, ch.old_starts_at, ch.new_starts_at,
		ch.new_starts_at + (s.ends_at - s.starts_at), ch.decide_by, ch.default_choice, ch.created_at, ch.finished_at,
		change_is_superseded(ch.id)
	FROM show_changes ch JOIN shows s ON s.id = ch.show_id `

// Changes reads changes of shows. where is what follows the tables, which are named
// ch for the change and s for its show.
func (s *Store) Changes(ctx context.Context, where string, args ...any) ([]booking.ShowChange, error) {
	rows, err := s.pool.Query(ctx, readChanges+where, args...)
	if err != nil {
		return nil, translate("read changes", err)
	}
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.ShowChange, error) {
		var c booking.ShowChange
		return c, row.Scan(&c.ID, &c.ShowID, &c.Kind, &c.Reason, UTC(&c.OldStartsAt), MaybeUTC(&c.NewStartsAt),
			MaybeUTC(&c.NewEndsAt), MaybeUTC(&c.DecideBy), &c.Default, UTC(&c.CreatedAt), MaybeUTC(&c.FinishedAt),
			&c.Superseded)
	})
	return items, translate("read changes", err)
}
