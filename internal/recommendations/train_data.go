package recommendations

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommend"
	"github.com/boxoffice/boxoffice/schema"
)

// learned are the kinds of events that say what a person likes, and what they are to the engine.
var learned = map[documents.Kind]recommend.Kind{
	documents.KindBooking:           recommend.Paid,
	documents.KindBookingWithdrawn:  recommend.Refunded,
	documents.KindNotForMe:          recommend.NotForMe,
	documents.KindNotForMeWithdrawn: recommend.ForMeAgain,
}

// scanPage is how many events are read at a time.
const scanPage = 5000

// load reads what a model is trained on: all films, retired ones too, and the likings before a
// moment of all people who have not turned personalization off.
func (l *Learner) load(ctx context.Context, until time.Time, phase func(string)) (recommend.Data, error) {
	films, err := l.films(ctx)
	if err != nil {
		return recommend.Data{}, err
	}
	var events []recommend.Event
	for _, kind := range []documents.Kind{documents.KindBooking, documents.KindBookingWithdrawn, documents.KindNotForMe, documents.KindNotForMeWithdrawn} {
		q := documents.ScanQuery{Kind: kind, To: until, Limit: scanPage}
		for {
			page, err := l.store.Events.Scan(ctx, q)
			if err != nil {
				return recommend.Data{}, err
			}
			for _, e := range page.Events {
				events = append(events, asLearned(e))
			}
			phase(fmt.Sprintf("read events: %d", len(events)))
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
	}
	phase(fmt.Sprintf("read the profiles of people with %d events", len(events)))
	if events, err = l.asSaid(ctx, events); err != nil {
		return recommend.Data{}, err
	}
	return recommend.Fold(events).Likings(films), nil
}

// asLearned is an event as the engine knows it.
func asLearned(e documents.Event) recommend.Event {
	seats, err := strconv.Atoi(e.Details[detailSeats])
	if err != nil || seats < 1 {
		seats = 1 // nothing but whether seats are left counts
	}
	return recommend.Event{
		ID: e.ID.String(), Kind: learned[e.Kind], Person: e.Person.String(), Film: e.Film.String(), City: e.City.String(), At: e.At,
		Booking: cmp.Or(e.Details[detailBooking], e.ID.String()), Seats: seats,
	}
}

// asSaid leaves out events of people who turned personalization off after they happened, bookings
// that people left out, and events that name no one. The profile is asked, not the log: it is what
// holds now.
func (l *Learner) asSaid(ctx context.Context, events []recommend.Event) ([]recommend.Event, error) {
	off := map[uuid.UUID]bool{uuid.Nil: true}
	leftOut := map[string]bool{}
	kept := events[:0]
	for _, e := range events {
		person, err := uuid.Parse(e.Person)
		if err != nil {
			return nil, fmt.Errorf("recommendations: the person of event %s: %w", e.ID, err)
		}
		if _, known := off[person]; !known {
			profile, err := l.store.Preferences.Get(ctx, person)
			if err != nil {
				return nil, err
			}
			off[person] = profile.Personalization == documents.Off
			for _, id := range profile.LeftOut {
				leftOut[id.String()] = true
			}
		}
		if !off[person] && !leftOut[e.Booking] {
			kept = append(kept, e)
		}
	}
	return kept, nil
}

// films reads all movies, by id.
func (l *Learner) films(ctx context.Context) ([]recommend.Film, error) {
	rows, err := l.db.Query(ctx, `SELECT id, genres, languages, year, synopsis, credits FROM movies ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("recommendations: read movies: %w", err)
	}
	films, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (recommend.Film, error) {
		var m schema.Movie
		err := row.Scan(&m.ID, &m.Genres, &m.Languages, &m.Year, &m.Synopsis, &m.Credits)
		return recommend.Film{ID: m.ID.String(), Facts: factsOf(m)}, err
	})
	if err != nil {
		return nil, fmt.Errorf("recommendations: read movies: %w", err)
	}
	return films, nil
}

// span is a time in which tickets for a film were sold.
type span struct{ from, to time.Time }

// onSale reads when tickets for each film were sold, and gives the places of those that could be
// booked at a moment, in any city. A show that was cancelled since counts, too: nothing says when.
func (l *Learner) onSale(ctx context.Context, films []recommend.Film) (func(time.Time) []int32, error) {
	places := make(map[string]int32, len(films))
	for i, film := range films {
		places[film.ID] = int32(i)
	}
	rows, err := l.db.Query(ctx, `SELECT movie_id, sales_open_at, least(sales_close_at, ends_at) FROM shows ORDER BY movie_id, sales_open_at`)
	if err != nil {
		return nil, fmt.Errorf("recommendations: read when films were on sale: %w", err)
	}
	spans := make([][]span, len(films))
	var (
		movie    uuid.UUID
		from, to time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{&movie, &from, &to}, func() error {
		if place, known := places[movie.String()]; known {
			spans[place] = joined(spans[place], span{from, to})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("recommendations: read when films were on sale: %w", err)
	}
	return func(at time.Time) []int32 {
		var on []int32
		for film, list := range spans {
			// The last span that had begun.
			n, _ := slices.BinarySearchFunc(list, at, func(s span, at time.Time) int {
				if s.from.After(at) {
					return 1
				}
				return -1
			})
			if n > 0 && list[n-1].to.After(at) {
				on = append(on, int32(film))
			}
		}
		return on
	}, nil
}

// joined adds a span that begins no earlier than the last one.
func joined(list []span, next span) []span {
	if last := len(list) - 1; last >= 0 && !next.from.After(list[last].to) {
		if next.to.After(list[last].to) {
			list[last].to = next.to
		}
		return list
	}
	return append(list, next)
}
