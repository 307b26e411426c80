package houses

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

// WriteTaken makes the house's claims on a show's seats equal to what it says, except for
// seats that a live booking of ours has claimed, or that it has given to us. An answer that is
// older than the last one changes nothing. Code: not_found.
func (s *Store) WriteTaken(ctx context.Context, showID string, taken booking.HouseTaken) error {
	id, err := parseID("show", showID)
	if err != nil {
		return err
	}
	changed := false
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var addresses map[string]string
		var older bool
		// The lock: answers follow each other.
		err := tx.QueryRow(ctx, `SELECT seats, coalesce(seats_as_of > $2, false) FROM house_shows WHERE show_id = $1 FOR UPDATE`,
			id, asOf(taken)).Scan(&addresses, &older)
		if err != nil || older {
			return err
		}
		if changed, err = claim(ctx, tx, id, seatsAt(addresses, taken.Addresses)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE house_shows SET seats_as_of = $2, seats_exact = $3 WHERE show_id = $1`, id, asOf(taken), taken.Exact)
		return err
	})
	if err != nil {
		return wrap(err, "write the taken seats of show %s", id)
	}
	if changed {
		s.Changed(ctx, id.String(), "")
	}
	return nil
}

func asOf(taken booking.HouseTaken) time.Time {
	if taken.AsOf.IsZero() {
		return time.Now()
	}
	return taken.AsOf
}

// seatsAt gives our names of the addresses. One that is in no layout of ours cannot be sold
// here either.
func seatsAt(addresses map[string]string, wanted []string) []string {
	taken := make(map[string]bool, len(wanted))
	for _, address := range wanted {
		taken[address] = true
	}
	seats := []string{}
	for seat, address := range addresses {
		if taken[address] {
			seats = append(seats, seat)
		}
	}
	return seats
}

// claim gives the house seats that are free here, and takes away what it does not have any more. Inserts are in seat order as a hold's are, and the delete waits for no lock, so that
// neither waits for the other in a circle: what is skipped is found the next time.
func claim(ctx context.Context, tx pgx.Tx, show uuid.UUID, seats []string) (changed bool, err error) {
	taken, err := tx.Exec(ctx, `
		INSERT INTO seat_claims AS c (show_id, seat, booking_id, state)
		SELECT $1, w.seat, $3, 'sold' FROM unnest($2::text[]) AS w (seat)
		WHERE NOT EXISTS (SELECT FROM house_allotments a WHERE a.show_id = $1 AND a.seat = w.seat COLLATE "C")
		ORDER BY w.seat COLLATE "C"
		ON CONFLICT (show_id, seat) DO UPDATE SET booking_id = excluded.booking_id, state = 'sold', held_until = NULL
			WHERE c.state = 'held' AND c.held_until < clock_timestamp()`, show, seats, uuid.Nil)
	if err != nil {
		return false, err
	}
	freed, err := tx.Exec(ctx, `
		DELETE FROM seat_claims WHERE (show_id, seat) IN (
			SELECT c.show_id, c.seat FROM seat_claims c
			WHERE c.show_id = $1 AND c.booking_id = $3 AND c.state = 'sold' AND (c.seat <> ALL ($2::text[])
				OR EXISTS (SELECT FROM house_allotments a WHERE a.show_id = c.show_id AND a.seat = c.seat))
			FOR UPDATE SKIP LOCKED)`, show, seats, uuid.Nil)
	return err == nil && taken.RowsAffected()+freed.RowsAffected() > 0, err
}
