package houses

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// Allotted is a seat that a house has given to us.
type Allotted struct {
	Seat    string // our name of it
	GivenAt time.Time
}

// NewAllotment is which seats of a show a house gives to us, by our names of them: all of them,
// so that a seat that is left out goes back to the house.
type NewAllotment struct {
	Seats []string
	// KeptForUs says that the house keeps the seats for us, so that its system says of them that
	// they are taken. Without it such a seat is refused: it may be sold.
	KeptForUs bool
}

// Allotment lists the seats of a show that its house has given to us. Code: not_found, also for a
// show whose seats are ours to sell.
func (s *Store) Allotment(ctx context.Context, showID string) ([]Allotted, error) {
	id, err := parseID("show", showID)
	if err != nil {
		return nil, err
	}
	var remote bool
	if err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM house_shows WHERE show_id = $1)`, id).Scan(&remote); err != nil {
		return nil, wrap(err, "allotment of show %s", id)
	}
	if !remote {
		return nil, soldByUs()
	}
	given, err := allotted(ctx, s.pool, id)
	return given, wrap(err, "allotment of show %s", id)
}

// Allot makes the seats that a house has given to us equal to a list. A repeat changes nothing.
// Codes: not_found, also for a show whose seats are ours to sell; validation_failed for a seat that
// is not in the show's layout; seats_unavailable for a new seat that is not free; conflict for a
// seat that a booking of ours keeps from going back. The latter two name the seats.
func (s *Store) Allot(ctx context.Context, actor audit.Actor, showID string, n NewAllotment) ([]Allotted, error) {
	id, err := parseID("show", showID)
	if err != nil {
		return nil, err
	}
	var after []Allotted
	changed := false
	err = s.inCatalog(ctx, func(tx pgx.Tx) error {
		theater, addresses, err := lockAllotment(ctx, tx, id)
		if err != nil {
			return err
		}
		before, err := allotted(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := n.check(addresses, before); err != nil {
			return err
		}
		given, back := without(n.Seats, seatsOf(before)), without(seatsOf(before), n.Seats)
		after = before
		if changed = len(given)+len(back) > 0; !changed {
			return nil
		}
		if err := change(ctx, tx, id, given, back, n.KeptForUs); err != nil {
			return err
		}
		if after, err = allotted(ctx, tx, id); err != nil {
			return err
		}
		return audit.Record(ctx, audit.Pgx(tx), audit.Entry{
			Actor: actor, Action: "allot", Entity: "show", EntityID: id.String(), TheaterID: theater,
			Before: allotmentShown{seatsOf(before)}, After: allotmentShown{seatsOf(after)},
		})
	})
	if err != nil {
		return nil, wrap(err, "allot seats of show %s", id)
	}
	if changed {
		s.Changed(ctx, id.String(), "")
	}
	return after, nil
}

// allotmentShown is what the audit log has of an allotment.
type allotmentShown struct {
	Allotted []string `json:"allotted"`
}

func soldByUs() error {
	return booking.E(booking.CodeNotFound, "The seats of this show are ours to sell: its theater has no system of its own that gives us any.")
}

// lockAllotment makes answers about taken seats wait, and then holds: a hold that has begun is seen
// after the lock, and one that begins later finds new terms. Holds have their claims before they
// want the show, so no claim may be locked after this.
func lockAllotment(ctx context.Context, tx pgx.Tx, show uuid.UUID) (theater uuid.UUID, addresses map[string]string, err error) {
	err = tx.QueryRow(ctx, `SELECT theater_id, seats FROM house_shows WHERE show_id = $1 FOR UPDATE`, show).Scan(&theater, &addresses)
	if errors.Is(err, pgx.ErrNoRows) {
		return theater, nil, soldByUs()
	}
	if err == nil {
		_, err = tx.Exec(ctx, `SELECT FROM shows WHERE id = $1 FOR UPDATE`, show)
	}
	return theater, addresses, err
}

func allotted(ctx context.Context, db interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}, show uuid.UUID) ([]Allotted, error) {
	rows, err := db.Query(ctx, `SELECT seat, given_at FROM house_allotments WHERE show_id = $1 ORDER BY seat`, show)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Allotted])
}

// check refuses seats that are not there. One that was given before its layout lost it may stay
// in the list.
func (n NewAllotment) check(addresses map[string]string, before []Allotted) error {
	var unknown []string
	known := seatsOf(before)
	for _, seat := range n.Seats {
		if addresses[seat] == "" && !slices.Contains(known, seat) {
			unknown = append(unknown, seat)
		}
	}
	if len(unknown) > 0 {
		return booking.Invalid(booking.FieldError{Field: "seats",
			Message: "The layout of this show has no such seats: " + named(unknown) + ". Choose from its seat map."})
	}
	return nil
}

// change gives and takes back, unless a claim is in the way.
func change(ctx context.Context, tx pgx.Tx, show uuid.UUID, given, back []string, keptForUs bool) error {
	var busy, theirs, ours []string
	err := tx.QueryRow(ctx, `
		SELECT coalesce(array_agg(c.seat) FILTER (WHERE c.seat = ANY ($2::text[])
				AND (c.booking_id <> $4 OR c.state = 'held') AND coalesce(c.held_until >= clock_timestamp(), true)), '{}'),
			coalesce(array_agg(c.seat) FILTER (WHERE c.seat = ANY ($2::text[]) AND c.booking_id = $4 AND c.state = 'sold'), '{}'),
			-- Also a hold whose time is over: it may be paid for until its booking has ended.
			coalesce(array_agg(c.seat) FILTER (WHERE c.seat = ANY ($3::text[]) AND c.booking_id <> $4), '{}')
		FROM seat_claims c WHERE c.show_id = $1`, show, given, back, uuid.Nil).Scan(&busy, &theirs, &ours)
	switch {
	case err != nil:
		return err
	case len(ours) > 0:
		return refused(booking.CodeConflict, ours, "Customers hold or have bought these seats of the allotment: %s. Keep them in the list.")
	case len(busy) > 0:
		return refused(booking.CodeSeatsUnavailable, busy,
			"These seats are held or sold here, or may still be held at the theater: %s. Leave them out, or try again in half an hour.")
	case len(theirs) > 0 && !keptForUs:
		return refused(booking.CodeSeatsUnavailable, theirs, "The theater's own system says that these seats are taken: %s. "+
			"Leave them out. If the theater keeps them for us, say so with kept_for_us.")
	}
	if _, err := tx.Exec(ctx, `DELETE FROM house_allotments WHERE show_id = $1 AND seat = ANY ($2::text[])`, show, back); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO house_allotments (show_id, seat) SELECT $1, unnest($2::text[])`, show, given); err != nil {
		return err
	}
	// What a hold has locked at this moment becomes free with the theater's next answer.
	_, err = tx.Exec(ctx, `
		DELETE FROM seat_claims WHERE (show_id, seat) IN (
			SELECT show_id, seat FROM seat_claims WHERE show_id = $1 AND seat = ANY ($2::text[]) AND booking_id = $3 AND state = 'sold'
			FOR UPDATE SKIP LOCKED)`, show, given, uuid.Nil)
	return err
}

// refused is a refusal that names the seats in its text and as data.
func refused(code booking.Code, seats []string, format string) error {
	slices.Sort(seats)
	e := booking.E(code, format, named(seats))
	e.Seats = booking.ReadSeats(seats)
	return e
}

// mostNamed bounds the seats that one sentence names.
const mostNamed = 20

func named(seats []string) string {
	if len(seats) > mostNamed {
		return strings.Join(seats[:mostNamed], ", ") + ", …"
	}
	return strings.Join(seats, ", ")
}

func seatsOf(given []Allotted) []string {
	seats := make([]string, len(given))
	for i, g := range given {
		seats[i] = g.Seat
	}
	return seats
}

// without gives the seats that others lacks, each once.
func without(seats, others []string) []string {
	left := []string{}
	for _, seat := range seats {
		if !slices.Contains(others, seat) && !slices.Contains(left, seat) {
			left = append(left, seat)
		}
	}
	return left
}
