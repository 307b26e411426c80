package recommendations

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommend"
)

// person is who a list is for, as they are now.
type person struct {
	id      uuid.UUID // uuid.Nil for a visitor
	visits  []visit   // paid and not given back, the oldest first
	held    []uuid.UUID
	profile documents.Profile
	// unsure says that the profile could not be read: what the person must not see is not known.
	unsure bool
}

// visit is a booking that counts.
type visit struct {
	recommend.Visit
	booking, movie uuid.UUID
}

// mostVisits is how many of a person's bookings are read, the latest ones.
const mostVisits = 300

// readVisits reads what a person has booked, and what they hold: a hold whose time is over
// counts while a payment is in doubt, because then the seats stay. What was given back wholly
// counts for nothing, also when that was after the show, which cancels no booking. Prices are
// those of seats alone, as shows name them: what was paid has fees and taxes, too. The claims are
// asked for by max, not by EXISTS, which for a person of many bookings is made a table of all claims.
const readVisits = `
SELECT b.id, b.status, s.movie_id, s.theater_id, s.starts_at AT TIME ZONE t.time_zone AS local, b.seats, b.currency,
	coalesce((SELECT avg((seat->'price'->>'amount')::bigint)::bigint FROM jsonb_array_elements(b.quote->'seats') AS seat), 0) AS seat_price
FROM bookings AS b JOIN shows AS s ON s.id = b.show_id JOIN theaters AS t ON t.id = s.theater_id
WHERE b.customer_id = ? AND (b.status = 'confirmed' AND (b.refund_due < b.total OR b.total = 0) OR b.status = 'held' AND (b.hold_expires_at > now()
	OR (SELECT max(c.held_until) FROM seat_claims AS c WHERE c.booking_id = b.id) >= now()))
ORDER BY b.created_at DESC, b.id DESC LIMIT ?`

type visitRow struct {
	ID        uuid.UUID
	Status    booking.Status
	MovieID   uuid.UUID
	TheaterID uuid.UUID
	Local     time.Time
	Seats     []string `bun:",array"`
	SeatPrice int64
	Currency  string
}

// addVisits reads from the primary: a booking counts in the next request.
func (p *person) addVisits(ctx context.Context, db *database.DB) error {
	var rows []visitRow
	if err := db.Bun.NewRaw(readVisits, p.id, mostVisits).Scan(ctx, &rows); err != nil {
		return fmt.Errorf("read the bookings of a person: %w", err)
	}
	for _, row := range slices.Backward(rows) {
		if row.Status == booking.StatusHeld {
			p.held = append(p.held, row.MovieID)
			continue
		}
		p.visits = append(p.visits, visit{booking: row.ID, movie: row.MovieID, Visit: recommend.Visit{
			Theater: row.TheaterID.String(), Local: row.Local, PricePerSeat: row.SeatPrice,
			Currency: row.Currency, Rows: rowsOf(row.Seats),
		}})
	}
	return nil
}

// rowsOf are the rows of seats such as C7: what stands before the number.
func rowsOf(seats []string) []string {
	var rows []string
	for _, seat := range seats {
		if row := strings.TrimSpace(strings.TrimRight(seat, "0123456789")); row != "" && !slices.Contains(rows, row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// personal tells whether lists may be made from what the person did and likes.
func (p *person) personal() bool {
	return p.id != uuid.Nil && !p.unsure && p.profile.Personalization != documents.Off
}

// history is what shapes the person's lists: what they like without a booking, then what they
// booked, the oldest first, each movie once. What they left out, and what is not for them, does
// not.
func (p *person) history() []recommend.Seen {
	films := slices.Clone(p.profile.Films)
	for _, v := range p.visits {
		if slices.Contains(p.profile.LeftOut, v.booking) {
			continue
		}
		films = append(slices.DeleteFunc(films, func(id uuid.UUID) bool { return id == v.movie }), v.movie)
	}
	history := make([]recommend.Seen, 0, len(films))
	for _, id := range films {
		if !slices.Contains(p.profile.NotForMe, id) {
			history = append(history, recommend.Seen{Film: recommend.Film{ID: id.String()}})
		}
	}
	return history
}

// habits are those of the visits that the person has not left out.
func (p *person) habits() recommend.Habits {
	var visits []recommend.Visit
	for _, v := range p.visits {
		if !slices.Contains(p.profile.LeftOut, v.booking) {
			visits = append(visits, v.Visit)
		}
	}
	return recommend.HabitsOf(visits)
}

// never are the movies that are in no list of the person: booked, held, not for them.
func (p *person) never() []string {
	var ids []string
	for _, v := range p.visits {
		ids = append(ids, v.movie.String())
	}
	for _, list := range [][]uuid.UUID{p.held, p.profile.NotForMe} {
		for _, id := range list {
			ids = append(ids, id.String())
		}
	}
	return ids
}

// likes tells whether the person said so of a movie that they did not book.
func (p *person) likes(movie string) bool {
	id, err := uuid.Parse(movie)
	return err == nil && slices.Contains(p.profile.Films, id) &&
		!slices.ContainsFunc(p.visits, func(v visit) bool { return v.movie == id })
}

// fits tells whether the person can choose a show: it has all that they need, and is in a
// language that they chose, heard or as subtitles that will do.
func (p *person) fits(s *showing) bool {
	for _, need := range p.profile.Accessibility {
		if !s.has(need) {
			return false
		}
	}
	return len(p.profile.Languages) == 0 || speaks(p.profile.Languages, s.Language) ||
		s.Subtitles != "" && speaks(p.profile.Subtitles, s.Subtitles)
}

// fitsAll tells whether the person can choose any show.
func (p *person) fitsAll() bool {
	return len(p.profile.Accessibility)+len(p.profile.Languages) == 0
}

// speaks compares languages without their regions: who wants Hindi takes hi-IN.
func speaks(wanted []string, tag string) bool {
	base := func(tag string) string { b, _, _ := strings.Cut(strings.ToLower(tag), "-"); return b }
	return slices.ContainsFunc(wanted, func(w string) bool { return base(w) == base(tag) })
}

// sees tells whether the person may see a movie with a certificate. While the profile is not known,
// only what is for all ages is sure.
func (p *person) sees(certificate string) bool {
	age, rated := recommend.AgeOf(certificate)
	of := recommend.Candidate{Age: age, Unrated: !rated}
	switch {
	case p.id != uuid.Nil && p.unsure:
		return recommend.AtMost(0)(of)
	case p.profile.Certificate == "":
		return true
	}
	if most, known := recommend.AgeOf(p.profile.Certificate); known {
		return recommend.AtMost(most)(of)
	}
	return strings.EqualFold(p.profile.Certificate, certificate) // of no scale that we know: nothing else is sure
}
