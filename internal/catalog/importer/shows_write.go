package importer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const exclusionViolation = "23P01"

// refuseClaimed refuses another time for shows of which a customer has a seat. The
// lock waits for holds under way, and makes later ones wait until the new time is
// written.
func refuseClaimed(ctx context.Context, tx pgx.Tx, writes []showWrite) error {
	moving := map[uuid.UUID]*findings{}
	for _, w := range writes {
		if w.moves && !w.f.refused() {
			moving[w.row.ID] = w.f
		}
	}
	if len(moving) == 0 {
		return nil
	}
	ids := slices.Collect(maps.Keys(moving))
	if _, err := tx.Exec(ctx, `SELECT FROM shows WHERE id = ANY ($1) ORDER BY id FOR UPDATE`, ids); err != nil {
		return fmt.Errorf("lock shows: %w", err)
	}
	rows, _ := tx.Query(ctx, `SELECT DISTINCT show_id FROM seat_claims WHERE show_id = ANY ($1)`, ids) // its error is that of the rows
	claimed, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return fmt.Errorf("look for claims: %w", err)
	}
	for _, id := range claimed {
		moving[id].add("ends", "Seats of this show are held or sold, so its time stands.")
	}
	return nil
}

// writeShows writes shows in the order of their lines, so that of two that
// overlap the first stays.
func writeShows(ctx context.Context, tx pgx.Tx, writes []showWrite) (Summary, error) {
	did := newOutcome()
	turnedDown, overlapping := map[uuid.UUID]bool{}, map[uuid.UUID]*findings{}
	err := isolate(ctx, tx, 0, len(writes), func(tx pgx.Tx, from, to int) error {
		done, err := putShows(ctx, tx, writes[from:to])
		if err != nil {
			return err
		}
		did.include(done)
		for _, w := range writes[from:to] {
			if w.isNew && !done.added[w.row.ID] {
				overlapping[w.row.ID] = w.f
			}
		}
		return nil
	}, func(at int, why *pgconn.PgError) {
		w := writes[at]
		turnedDown[w.row.ID] = true
		if why.Code == exclusionViolation {
			w.f.add("ends", "Overlaps the next show on the screen.")
			return
		}
		w.f.add(why.ColumnName, "The database refuses it: %s.", why.Message)
	})
	if err != nil {
		return Summary{}, err
	}
	if err := nameOverlaps(ctx, tx, writes, overlapping); err != nil {
		return Summary{}, err
	}
	sum := Summary{Added: int64(len(did.added)), Changed: int64(len(did.changed)), Refused: int64(len(turnedDown) + len(overlapping))}
	sum.Unchanged = int64(len(writes)) - sum.Added - sum.Changed - sum.Refused
	return sum, nil
}

// putShows adds those that are new, except where the constraint
// shows_one_at_a_time is against it, and corrects the others.
func putShows(ctx context.Context, tx pgx.Tx, writes []showWrite) (outcome, error) {
	var added, changed [][]any
	for _, w := range writes {
		if w.isNew {
			added = append(added, showValues(w.row))
		} else {
			changed = append(changed, showValues(w.row))
		}
	}
	did, err := showsTable.write(ctx, tx, changed)
	if err != nil || len(added) == 0 {
		return did, err
	}
	if _, err := showsTable.put(ctx, tx, added); err != nil {
		return did, err
	}
	columns := strings.Join(showsTable.columns, ", ")
	fresh, err := collect(ctx, tx, fmt.Sprintf(`INSERT INTO shows (%s) SELECT %s FROM %s ORDER BY ctid ON CONFLICT DO NOTHING RETURNING id, true`,
		columns, columns, showsTable.beside()))
	return outcome{added: fresh.added, changed: did.changed}, err
}

// nameOverlaps says of each show that was not added what is in its way.
func nameOverlaps(ctx context.Context, tx pgx.Tx, writes []showWrite, overlapping map[uuid.UUID]*findings) error {
	if len(overlapping) == 0 {
		return nil
	}
	var ids, screens []uuid.UUID
	var starts, ends []time.Time
	for _, w := range writes {
		if overlapping[w.row.ID] != nil {
			ids, screens = append(ids, w.row.ID), append(screens, w.row.ScreenID)
			starts, ends = append(starts, w.row.StartsAt), append(ends, w.row.EndsAt)
		}
	}
	rows, _ := tx.Query(ctx, `
		SELECT DISTINCT ON (w.id) w.id, m.title, sc.cleaning_minutes,
			to_char(s.starts_at AT TIME ZONE t.time_zone, 'YYYY-MM-DD HH24:MI'), to_char(s.ends_at AT TIME ZONE t.time_zone, 'HH24:MI')
		FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS w (id, screen_id, starts_at, ends_at)
			JOIN shows s ON s.screen_id = w.screen_id AND s.status = 'scheduled'
			JOIN screens sc ON sc.id = s.screen_id JOIN theaters t ON t.id = s.theater_id JOIN movies m ON m.id = s.movie_id
		WHERE tstzrange(s.starts_at, s.clean_at) && tstzrange(w.starts_at, w.ends_at + make_interval(mins => sc.cleaning_minutes))
		ORDER BY w.id, s.starts_at`, ids, screens, starts, ends) // its error is that of the rows
	var (
		id              uuid.UUID
		title, from, to string
		cleaning        int
	)
	_, err := pgx.ForEachRow(rows, []any{&id, &title, &cleaning, &from, &to}, func() error {
		overlapping[id].add("starts", "“%s” is on this screen from %s to %s. After each show the screen is cleaned for %d minutes.",
			printable(title), from, to, cleaning)
		return nil
	})
	if err != nil {
		return fmt.Errorf("look what is in the way: %w", err)
	}
	return nil
}
