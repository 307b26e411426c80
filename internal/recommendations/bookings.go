package recommendations

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

// Learner learns what customers like: it makes events of bookings, and models of events. It reads
// the main database and writes the document store only. Errors have the code unavailable when that
// store is away; a repeat of anything changes nothing.
type Learner struct {
	db    *pgxpool.Pool
	store *documents.Store
	log   *slog.Logger
	// page is how many bookings are read at a time.
	page int
}

// NewLearner makes a Learner on the main database, which has to be the one that bookings are
// written to: a standby is late.
func NewLearner(db *pgxpool.Pool, store *documents.Store, log *slog.Logger) *Learner {
	return &Learner{db: db, store: store, log: log, page: 5000}
}

// The names of what an event of a booking says about it (documents.EventFacts.Details).
const (
	detailBooking = "booking" // its id
	detailSeats   = "seats"   // how many it has
)

// filmsADay is of how many films one account's bookings of one day of UTC count as popular.
const filmsADay = 3

// sold is a booking that was paid, as the main database tells of it.
type sold struct {
	id       uuid.UUID
	customer uuid.UUID
	film     uuid.UUID
	city     uuid.UUID
	seats    int
	at       time.Time // when it was confirmed
	// withdrawn says that all of it was given back: by its customer, the theater, a refund, or a
	// bank. It never becomes false again.
	withdrawn bool
	// since is when; zero when it was not.
	since time.Time
	// popular says that it counts for what is popular in its city.
	popular bool
}

// Record makes events of bookings that changed behind a mark, page by page, and counts the days
// that they are of; done is called after each page, and what it was told need not be done again.
// At the end it counts what was shown and clicked today and yesterday.
//
// A booking that was sold is one event, whatever its seats, and one that was given back wholly is
// another one that takes it back. What was held and not sold makes no event. Both events have ids
// made from the booking's, so a run from the beginning writes what is missing, once. What a customer
// had the store forget stays forgotten. Two things make a run write other events than the ones
// before: it writes those of a customer who turned personalization off and on again; and bookings
// that are not recorded yet count for the city that their theater is in now.
func (l *Learner) Record(ctx context.Context, after booking.BookingsMark, pages int, done func(booking.RecordedBookings)) (booking.RecordedBookings, error) {
	known := map[uuid.UUID]wishes{}
	result := booking.RecordedBookings{Mark: after}
	for range pages {
		changed, next, err := l.changed(ctx, result.Mark)
		if err != nil {
			return result, err
		}
		result.Mark, result.More = next, len(changed) == l.page
		if err := l.recordPage(ctx, changed, known, &result); err != nil {
			return result, err
		}
		if done(result); !result.More {
			break
		}
	}
	today := documents.DayOf(time.Now())
	if err := l.store.Counters.Fold(ctx, today-1, today, documents.KindImpression, documents.KindClick, documents.KindView); err != nil {
		return result, err
	}
	used, err := l.store.Models.InUse(ctx, ModelName)
	result.Model = used.Current
	return result, err
}

// changed reads a page of bookings that are sold, or may have been, and changed behind a mark, with
// their customers, and the mark behind them.
func (l *Learner) changed(ctx context.Context, after booking.BookingsMark) (page map[uuid.UUID]uuid.UUID, next booking.BookingsMark, err error) {
	from := uuid.Nil
	if after.BookingID != "" {
		if from, err = uuid.Parse(after.BookingID); err != nil {
			return nil, after, booking.Invalid(booking.FieldError{Field: "after.booking_id", Message: "Give the id of a booking, or leave it out."})
		}
	}
	// A hold that its customer let go is cancelled, too: histories leaves it out. The first
	// condition is for the index.
	rows, err := l.db.Query(ctx, `SELECT id, customer_id, updated_at FROM bookings
		WHERE updated_at >= $1 AND (updated_at, id) > ($1, $2) AND status IN ('confirmed', 'cancelled')
		ORDER BY updated_at, id LIMIT $3`, after.UpdatedAt, from, l.page)
	if err != nil {
		return nil, after, fmt.Errorf("recommendations: read changed bookings: %w", err)
	}
	var id, customer uuid.UUID
	page, next = map[uuid.UUID]uuid.UUID{}, after
	_, err = pgx.ForEachRow(rows, []any{&id, &customer, &next.UpdatedAt}, func() error {
		page[id], next.BookingID = customer, id.String()
		return nil
	})
	if err != nil {
		return nil, after, fmt.Errorf("recommendations: read changed bookings: %w", err)
	}
	next.UpdatedAt = next.UpdatedAt.UTC()
	return page, next, nil
}

// recordPage writes the events of a page, and counts their days.
func (l *Learner) recordPage(ctx context.Context, page map[uuid.UUID]uuid.UUID, known map[uuid.UUID]wishes, result *booking.RecordedBookings) error {
	customers := make([]uuid.UUID, 0, len(page))
	for _, customer := range page {
		customers = append(customers, customer)
	}
	slices.SortFunc(customers, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	histories, err := l.histories(ctx, slices.Compact(customers))
	if err != nil {
		return err
	}
	var events []documents.Event
	for _, history := range histories {
		customer := history[0].customer
		if err := l.readWishes(ctx, customer, known); err != nil {
			return err
		}
		markPopular(history)
		for _, b := range history {
			if _, asked := page[b.id]; !asked {
				continue
			}
			result.Looked++
			if !known[customer].allow(b) {
				result.Off++
				continue
			}
			events = append(events, b.events()...)
		}
	}
	return l.append(ctx, events, result)
}

// histories reads all bookings of customers that were sold, by customer, the oldest first.
func (l *Learner) histories(ctx context.Context, customers []uuid.UUID) ([][]sold, error) {
	if len(customers) == 0 {
		return nil, nil
	}
	// A refund of all after the start of the show cancels no booking; it can be no earlier than
	// the start.
	rows, err := l.db.Query(ctx, `
		SELECT b.id, b.customer_id, s.movie_id, t.city_id, cardinality(b.seats), e.at,
			b.status = 'cancelled' OR b.refund_due >= b.total AND b.total > 0, coalesce(c.at, s.starts_at)
		FROM bookings b
		JOIN booking_events e ON e.booking_id = b.id AND e.event = 'confirmed' AND e.once = ''
		JOIN shows s ON s.id = b.show_id
		JOIN theaters t ON t.id = s.theater_id
		LEFT JOIN booking_events c ON c.booking_id = b.id AND c.event = 'cancelled' AND c.once = ''
		WHERE b.customer_id = ANY ($1) AND b.status IN ('confirmed', 'cancelled')
		ORDER BY b.customer_id, e.at, b.id`, customers)
	if err != nil {
		return nil, fmt.Errorf("recommendations: read bookings of customers: %w", err)
	}
	var (
		b   sold
		all [][]sold
	)
	_, err = pgx.ForEachRow(rows, []any{&b.id, &b.customer, &b.film, &b.city, &b.seats, &b.at, &b.withdrawn, &b.since}, func() error {
		if last := len(all) - 1; last >= 0 && all[last][0].customer == b.customer {
			all[last] = append(all[last], b)
		} else {
			all = append(all, []sold{b})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("recommendations: read bookings of customers: %w", err)
	}
	return all, nil
}

// markPopular says which bookings of one account count for what is popular, so that no account can
// push a film: the first booking of each film, and of three films a day. It goes through the
// bookings in the order of their sale, as things stood at each moment: a booking that was given back
// before counts no more. What is given back later changes nothing about later bookings, so the
// answer is the same in each run. In that it is stricter than recommend.State.Popular, which looks
// back from the end and counts by city.
func markPopular(history []sold) {
	for i := range history {
		b := &history[i]
		repeated, ofTheDay := false, 0
		for _, before := range history[:i] {
			if !before.popular || before.withdrawn && !before.since.After(b.at) {
				continue
			}
			repeated = repeated || before.film == b.film
			if documents.DayOf(before.at) == documents.DayOf(b.at) {
				ofTheDay++
			}
		}
		b.popular = !repeated && ofTheDay < filmsADay
	}
}

// events are what a booking tells: that it was sold, and that this was taken back.
func (b sold) events() []documents.Event {
	event := documents.Event{
		ID: documents.EventID(documents.KindBooking, b.id.String()), Kind: documents.KindBooking, At: b.at, Person: b.customer, Film: b.film,
	}
	event.Details = map[string]string{detailBooking: b.id.String(), detailSeats: strconv.Itoa(b.seats)}
	if b.popular {
		event.City = b.city
	}
	if !b.withdrawn {
		return []documents.Event{event}
	}
	taken := event
	taken.ID, taken.Kind = documents.EventID(documents.KindBookingWithdrawn, b.id.String()), documents.KindBookingWithdrawn
	return []documents.Event{event, taken}
}

// wishes are what a customer wants noted of them.
type wishes struct {
	off       bool      // nothing
	forgotten time.Time // nothing of before; zero when nothing was to be forgotten
}

func (w wishes) allow(b sold) bool { return !w.off && b.at.After(w.forgotten) }

// readWishes asks once for each customer.
func (l *Learner) readWishes(ctx context.Context, customer uuid.UUID, known map[uuid.UUID]wishes) error {
	if _, asked := known[customer]; asked {
		return nil
	}
	profile, err := l.store.Preferences.Get(ctx, customer)
	if err != nil {
		return err
	}
	last, err := l.store.Events.Recent(ctx, documents.RecentQuery{Person: customer, Kinds: []documents.Kind{documents.KindForgotten}, Limit: 1})
	if err != nil {
		return err
	}
	w := wishes{off: profile.Personalization == documents.Off}
	for _, e := range last.Events {
		w.forgotten = e.At
	}
	known[customer] = w
	return nil
}

// append writes events, and counts the days that they are of: also those of events that were there,
// which a try that ended in between did not count.
func (l *Learner) append(ctx context.Context, events []documents.Event, result *booking.RecordedBookings) error {
	var days []documents.Day
	for batch := range slices.Chunk(events, documents.MostAppended) {
		done, err := l.store.Events.Append(ctx, batch)
		if err != nil {
			return err
		}
		result.New += done.New
		result.Refused += len(done.Refused)
		if len(done.Refused) > 0 {
			l.log.Info("events of bookings were not taken", "events", len(done.Refused), "first", done.Refused[0].Err)
		}
		for _, e := range batch {
			days = append(days, documents.DayOf(e.At))
		}
	}
	slices.Sort(days)
	for _, day := range slices.Compact(days) {
		if err := l.store.Counters.Fold(ctx, day, day, documents.KindBooking, documents.KindBookingWithdrawn); err != nil {
			return err
		}
	}
	return nil
}
