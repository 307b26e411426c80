package houses

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	// fullEvery is how often a full program is read: it alone tells of shows that are gone, and
	// heals what a lost change left.
	fullEvery = 24 * time.Hour
	// pendingFor is how long a change of a show with bookings may take before staff are told.
	pendingFor = 30 * time.Minute
)

// tally is what came of rows, with the shows whose watchers look again.
type tally struct {
	booking.HouseApplied
	touched []string
}

// BeginProgram gives the cursor from which a house's program goes on: empty when a full one is
// due.
func (s *Store) BeginProgram(ctx context.Context, theaterID string) (cursor string, err error) {
	id, err := parseID("theater", theaterID)
	if err != nil {
		return "", err
	}
	err = s.pool.QueryRow(ctx, `
		UPDATE houses SET program_cursor = '' WHERE theater_id = $1 AND program_began_at IS NULL
			AND coalesce(program_full_at, '-infinity') < clock_timestamp() - $2::interval
		RETURNING program_cursor`, id, fullEvery).Scan(&cursor)
	if errors.Is(err, pgx.ErrNoRows) {
		err = s.pool.QueryRow(ctx, `SELECT program_cursor FROM houses WHERE theater_id = $1`, id).Scan(&cursor)
	}
	return cursor, wrap(err, "begin the program of theater %s", id)
}

// ProgramFailed notes that a house's program could not be read. why is for staff.
func (s *Store) ProgramFailed(ctx context.Context, theaterID, why string) error {
	id, err := parseID("theater", theaterID)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `UPDATE houses SET program_failures = program_failures + 1, program_error = $2 WHERE theater_id = $1`,
		id, name(why))
	return wrap(err, "note the failed program of theater %s", id)
}

// ApplyProgram takes in a page of a house's program, and keeps its cursor. A repeat changes
// nothing. After the last page of a full program, shows that it lacks are not sold any more;
// none is deleted.
func (s *Store) ApplyProgram(ctx context.Context, theaterID string, page booking.HousePage) (booking.HouseApplied, error) {
	house, err := s.House(ctx, theaterID)
	if err != nil {
		return booking.HouseApplied{}, err
	}
	id := uuid.MustParse(house.TheaterID)
	// A program is full as a whole: a page that is not begins no full one, and ends one.
	_, err = s.pool.Exec(ctx, `UPDATE houses SET program_began_at = CASE WHEN $2 THEN coalesce(program_began_at, clock_timestamp()) END
		WHERE theater_id = $1 AND (program_began_at IS NOT NULL) <> $2`, id, page.Full)
	if err != nil {
		return booking.HouseApplied{}, wrap(err, "begin a page of theater %s", id)
	}
	applied := tally{HouseApplied: booking.HouseApplied{Listed: len(page.Shows)}}
	if err := s.applyAll(ctx, house, page.Shows, &applied); err != nil {
		return applied.HouseApplied, err
	}
	lacked := false
	if page.Full && !page.More {
		before := applied.Stopped
		if err := s.stopMissing(ctx, house, id, &applied); err != nil {
			return applied.HouseApplied, err
		}
		lacked = applied.Stopped > before
	}
	// What a full program lacks may be missing by mistake: the next round reads it whole again.
	_, err = s.pool.Exec(ctx, `UPDATE houses SET program_cursor = $2,
			program_began_at = CASE WHEN $3 THEN program_began_at END,
			program_full_at = CASE WHEN $4 AND NOT $3 THEN CASE WHEN $5 THEN NULL ELSE clock_timestamp() END ELSE program_full_at END,
			program_as_of = CASE WHEN $3 THEN program_as_of ELSE clock_timestamp() END,
			program_failures = CASE WHEN $3 THEN program_failures ELSE 0 END,
			program_error = CASE WHEN $3 THEN program_error ELSE '' END
		WHERE theater_id = $1`, id, page.Next, page.More, page.Full, lacked)
	return applied.HouseApplied, wrap(err, "keep the cursor of theater %s", id)
}

// ApplyPending tries again what waits for bookings to be told. It is part of each round.
func (s *Store) ApplyPending(ctx context.Context, theaterID string) (booking.HouseApplied, error) {
	house, err := s.House(ctx, theaterID)
	if err != nil {
		return booking.HouseApplied{}, err
	}
	rows, err := s.pool.Query(ctx, `SELECT pending FROM house_shows WHERE theater_id = $1 AND pending IS NOT NULL ORDER BY pending_at`,
		house.TheaterID)
	if err != nil {
		return booking.HouseApplied{}, wrap(err, "what waits at theater %s", house.TheaterID)
	}
	waiting, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (show booking.HouseShow, err error) {
		var document []byte
		if err := row.Scan(&document); err != nil {
			return show, err
		}
		return show, json.Unmarshal(document, &show)
	})
	if err != nil {
		return booking.HouseApplied{}, wrap(err, "what waits at theater %s", house.TheaterID)
	}
	var applied tally
	err = s.applyAll(ctx, house, waiting, &applied)
	return applied.HouseApplied, err
}

// applyAll applies rows. Those that overlap another show on their screen are tried together,
// because the other may move away, too, and at last one by one.
func (s *Store) applyAll(ctx context.Context, house Settings, rows []booking.HouseShow, applied *tally) error {
	defer func() {
		for _, show := range applied.touched {
			s.Changed(ctx, show, "")
		}
		applied.touched = nil
	}()
	changed, err := s.unlisted(ctx, house, rows)
	if err != nil {
		return err
	}
	var overlap []booking.HouseShow
	for _, row := range changed {
		err := s.apply(ctx, house, applied, row)
		if isOverlap(err) {
			overlap, err = append(overlap, row), nil
		}
		if err != nil {
			return err
		}
	}
	if len(overlap) == 0 {
		return nil
	}
	if err := s.apply(ctx, house, applied, overlap...); !isOverlap(err) {
		return err
	}
	for _, row := range overlap {
		err := s.apply(ctx, house, applied, row)
		if isOverlap(err) {
			err = s.refuse(ctx, house, row, "it overlaps another show on its screen", applied)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unlisted notes the rows that are listed as before, and gives the others.
func (s *Store) unlisted(ctx context.Context, house Settings, rows []booking.HouseShow) ([]booking.HouseShow, error) {
	ids, digests := make([]string, len(rows)), make([][]byte, len(rows))
	for i, row := range rows {
		var err error
		if ids[i], digests[i] = row.ID, nil; row.ID == "" {
			continue
		}
		if digests[i], err = digest(house, row); err != nil {
			return nil, err
		}
	}
	known, err := s.pool.Query(ctx, `
		UPDATE house_shows h SET listed_at = clock_timestamp()
		FROM unnest($2::text[], $3::bytea[]) AS w (id, digest)
		WHERE h.theater_id = $1 AND h.external_id = w.id AND h.digest = w.digest AND h.unsellable = '' AND h.pending IS NULL
		RETURNING h.external_id`, house.TheaterID, ids, digests)
	if err != nil {
		return nil, wrap(err, "look for changes of theater %s", house.TheaterID)
	}
	same, err := pgx.CollectRows(known, pgx.RowTo[string])
	if err != nil {
		return nil, wrap(err, "look for changes of theater %s", house.TheaterID)
	}
	asBefore := map[string]bool{}
	for _, id := range same {
		asBefore[id] = true
	}
	var changed []booking.HouseShow
	for _, row := range rows {
		if row.ID != "" && !asBefore[row.ID] {
			changed = append(changed, row)
		}
	}
	return changed, nil
}

// stopMissing stops the sale of shows that the full program which ends now did not have.
func (s *Store) stopMissing(ctx context.Context, house Settings, theater uuid.UUID, applied *tally) error {
	rows, err := s.pool.Query(ctx, `
		SELECT h.show_id::text, h.external_id FROM house_shows h JOIN houses o USING (theater_id) JOIN shows s ON s.id = h.show_id
		WHERE h.theater_id = $1 AND h.listed_at < o.program_began_at AND h.unsellable = ''
			AND s.status = 'scheduled' AND s.starts_at > clock_timestamp() ORDER BY 1`, theater)
	if err != nil {
		return wrap(err, "what the program of theater %s lacks", theater)
	}
	missing, err := pgx.CollectRows(rows, pgx.RowToStructByPos[booking.HouseListed])
	if err != nil {
		return wrap(err, "what the program of theater %s lacks", theater)
	}
	for _, show := range missing {
		err := s.inCatalog(ctx, func(tx pgx.Tx) error {
			if err := stop(ctx, tx, show.ShowID, notListed, nil); err != nil {
				return err
			}
			return raise(ctx, tx, house, booking.HouseShow{ID: show.Show}, "its program does not have it any more")
		})
		if err != nil {
			return wrap(err, "stop the sale of show %s", show.ShowID)
		}
		applied.Stopped++
		s.Changed(ctx, show.ShowID, "")
	}
	return nil
}

// notListed is why a show is not sold that a full program lacks.
const notListed = "the theater's program does not have it any more"

// inCatalog takes the lock that every write of the catalog takes anyway before it locks
// anything else, so that two writers do not wait for each other.
func (s *Store) inCatalog(ctx context.Context, change func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT version FROM catalog_version FOR UPDATE`); err != nil {
			return err
		}
		return change(tx)
	})
}
