package documentstest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

// times makes n events about a film, each of another person.
func times(n int, kind documents.Kind, at time.Time, city, film uuid.UUID) (made []documents.Event) {
	for range n {
		e := event(kind, at)
		e.City, e.Film, e.Person = city, film, uuid.New()
		made = append(made, e)
	}
	return made
}

func (w *world) fold(t *testing.T, from, to documents.Day, kinds ...documents.Kind) {
	t.Helper()
	require.NoError(t, w.Counters.Fold(t.Context(), from, to, kinds...))
}

func countersFold(t *testing.T, w *world) {
	city, film, today := uuid.New(), uuid.New(), w.today()
	noon := func(ago documents.Day) time.Time { return (today - ago).Start() }
	person := uuid.New()
	one := func(at time.Time, change func(*documents.Event)) documents.Event {
		e := times(1, documents.KindView, at, city, film)[0]
		change(&e)
		return e
	}
	w.append(t, slices.Concat(
		times(3, documents.KindView, noon(1), city, film), times(2, documents.KindClick, noon(1), city, film),
		[]documents.Event{
			one(noon(1), func(e *documents.Event) { e.Person = person }),
			one(noon(1), func(e *documents.Event) { e.Person = person }),
			one(noon(1), func(e *documents.Event) { e.Person = uuid.Nil }),
			one(noon(1), func(e *documents.Event) { e.Person = uuid.Nil }),
			one(noon(1).Add(day-time.Millisecond), func(*documents.Event) {}),
			one(noon(0), func(*documents.Event) {}),
			one(noon(1), func(e *documents.Event) { e.Film = uuid.Nil }),
			one(noon(1), func(e *documents.Event) { e.City = uuid.Nil }),
			one(noon(2), func(*documents.Event) {}),
		})...)
	w.fold(t, today-1, today, documents.KindView)
	view := func(ago documents.Day, events, people int) documents.Count {
		return documents.Count{CounterKey: documents.CounterKey{City: city, Day: today - ago, Film: film, Kind: documents.KindView}, Events: events, People: people}
	}
	q := documents.RangeQuery{City: city, From: today - 3, To: today}
	assert.Equal(t, []documents.Count{view(1, 8, 5), view(0, 1, 1)}, w.counts(t, q), "clicks and the day before were not asked for")
	w.fold(t, today-1, today, documents.KindView)
	assert.Equal(t, []documents.Count{view(1, 8, 5), view(0, 1, 1)}, w.counts(t, q), "a repeat changes nothing")

	w.fold(t, today-2, today, documents.KindView, documents.KindClick)
	all := w.counts(t, q)
	require.Len(t, all, 4)
	assert.Equal(t, view(2, 1, 1), all[0])
	assert.Equal(t, documents.KindClick, all[1].Kind, "by day, film and kind")
	assert.Equal(t, 2, all[1].Events)
	q.Kinds = []documents.Kind{documents.KindClick}
	assert.Equal(t, all[1:2], w.counts(t, q))
	none := w.counts(t, documents.RangeQuery{From: today - 3, To: today})
	require.Len(t, none, 1, "events without a city are counted on their own")
	assert.Equal(t, 1, none[0].Events)
	assert.Empty(t, w.counts(t, documents.RangeQuery{City: city, From: today - 3, To: today, Film: uuid.New()}))
}

// 800 events at once, some batches ten times, and folds all the while: the counters agree
// with the events.
func countersRace(t *testing.T, w *world) {
	city, film, today := uuid.New(), uuid.New(), w.today()
	single := times(800, documents.KindBooking, today.Start(), city, film)
	batch := times(50, documents.KindView, today.Start(), city, film)
	fold := func() {
		assert.NoError(t, w.Counters.Fold(t.Context(), today, today, documents.KindBooking, documents.KindView))
	}
	together(28, func(i int) {
		switch {
		case i < 16:
			for _, e := range single[i*50 : (i+1)*50] {
				_, err := w.Events.Append(t.Context(), []documents.Event{e})
				assert.NoError(t, err)
			}
		case i < 26:
			_, err := w.Events.Append(t.Context(), batch)
			assert.NoError(t, err)
			fold()
		default:
			for range 10 {
				fold()
			}
		}
	})
	fold()
	counts := w.counts(t, documents.RangeQuery{City: city, From: today, To: today})
	require.Len(t, counts, 2)
	assert.Equal(t, 800, counts[0].Events)
	assert.Equal(t, 800, counts[0].People)
	assert.Equal(t, 50, counts[1].Events, "the same batch ten times at once counts once")
	assert.Equal(t, 50, counts[1].People)
}

func countersNeverGoDown(t *testing.T, w *world) {
	city, film, today := uuid.New(), uuid.New(), w.today()
	events := times(5, documents.KindView, w.clock.Now(), city, film)
	w.append(t, events...)
	w.fold(t, today, today, documents.KindView)
	for _, e := range events[:2] {
		_, err := w.Events.Forget(t.Context(), e.Person)
		require.NoError(t, err)
	}
	w.fold(t, today, today, documents.KindView)
	q := documents.RangeQuery{City: city, From: today, To: today}
	require.Len(t, w.counts(t, q), 1)
	assert.Equal(t, 5, w.counts(t, q)[0].Events, "a forgotten person stays counted")

	// One of the people who are left does much: there are more events than ever, of fewer people.
	busy := times(7, documents.KindView, w.clock.Now(), city, film)
	for i := range busy {
		busy[i].Person = events[4].Person
	}
	w.append(t, busy...)
	w.fold(t, today, today, documents.KindView)
	assert.Equal(t, 10, w.counts(t, q)[0].Events)
	assert.Equal(t, 5, w.counts(t, q)[0].People, "the number of people does not go down either")
	w.clock.advance(20 * day)
	w.fold(t, today, today, documents.KindView)
	assert.Equal(t, 10, w.counts(t, q)[0].Events, "and so do events whose time is over")
}

func countersPaged(t *testing.T, w *world) {
	city, today := uuid.New(), w.today()
	var events []documents.Event
	for ago := range documents.Day(5) {
		for range 9 {
			film := uuid.New()
			events = append(events, times(1, documents.KindView, (today-ago).Start(), city, film)...)
			events = append(events, times(2, documents.KindClick, (today-ago).Start(), city, film)...)
		}
	}
	w.append(t, events...)
	w.fold(t, today-5, today, documents.KindView, documents.KindClick)
	all := w.counts(t, documents.RangeQuery{City: city, From: today - 5, To: today})
	require.Len(t, all, 90)
	assert.True(t, slices.IsSortedFunc(all, func(a, b documents.Count) int {
		return strings.Compare(a.CounterKey.String(), b.CounterKey.String())
	}))
	for _, size := range []int{1, 7, 45, 89, 90, 91} {
		assert.Equal(t, all, w.counts(t, documents.RangeQuery{City: city, From: today - 5, To: today, Limit: size}), "pages of %d", size)
	}
	assert.Equal(t, all[18:54], w.counts(t, documents.RangeQuery{City: city, From: today - 3, To: today - 2, Limit: 5}))
	page, err := w.Counters.Range(t.Context(), documents.RangeQuery{City: city, From: today - 5, To: today, Limit: 5})
	require.NoError(t, err)
	_, err = w.Counters.Range(t.Context(), documents.RangeQuery{City: uuid.New(), From: today - 5, To: today, Cursor: page.Next})
	requireCode(t, booking.CodeValidation, err, "the cursor of another city")
}

func countersTop(t *testing.T, w *world) {
	city, today := uuid.New(), w.today()
	old, fresh, refunded, once, viewed := uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New()
	ago := func(days documents.Day) time.Time { return (today - days).Start() }
	w.append(t, slices.Concat(
		times(10, documents.KindBooking, ago(20), city, old), times(4, documents.KindBooking, ago(0), city, fresh),
		times(1, documents.KindBooking, ago(2), city, once),
		times(3, documents.KindBooking, ago(1), city, refunded), times(3, "booking_withdrawn", ago(1), city, refunded),
		times(9, documents.KindView, ago(0), city, viewed), times(7, documents.KindBooking, ago(0), uuid.New(), once))...)
	w.fold(t, today-20, today, documents.KindBooking, documents.KindBookingWithdrawn, documents.KindView)

	weights := map[documents.Kind]float64{documents.KindBooking: 1, documents.KindBookingWithdrawn: -1}
	top := func(q documents.TopQuery) (films []uuid.UUID, scores []float64) {
		t.Helper()
		got, err := w.Counters.Top(t.Context(), q)
		require.NoError(t, err)
		for _, one := range got {
			films, scores = append(films, one.Film), append(scores, one.Score)
		}
		return films, scores
	}
	films, scores := top(documents.TopQuery{City: city, From: today - 30, To: today, Weights: weights})
	assert.Equal(t, []uuid.UUID{old, fresh, once}, films, "what was taken back is not there")
	assert.InDeltaSlice(t, []float64{10, 4, 1}, scores, 1e-9)
	films, scores = top(documents.TopQuery{City: city, From: today - 30, To: today, Weights: weights, HalfLife: 2})
	assert.Equal(t, []uuid.UUID{fresh, once, old}, films)
	assert.InDeltaSlice(t, []float64{4, 0.5, 10 * 0.0009765625}, scores, 1e-9)
	films, _ = top(documents.TopQuery{City: city, From: today - 30, To: today, Weights: weights, Limit: 2})
	assert.Equal(t, []uuid.UUID{old, fresh}, films)
	films, _ = top(documents.TopQuery{City: city, From: today - 1, To: today, Weights: weights})
	assert.Equal(t, []uuid.UUID{fresh}, films)
	films, scores = top(documents.TopQuery{From: today - 30, To: today, Weights: weights})
	assert.Equal(t, []uuid.UUID{old, once, fresh}, films, "of all cities")
	assert.InDeltaSlice(t, []float64{10, 8, 4}, scores, 1e-9)
	films, scores = top(documents.TopQuery{City: city, From: today, To: today, Weights: map[documents.Kind]float64{documents.KindView: 0.1, documents.KindBooking: 1}})
	assert.Equal(t, []uuid.UUID{fresh, viewed}, films)
	assert.InDeltaSlice(t, []float64{4, 0.9}, scores, 1e-9)
	films, _ = top(documents.TopQuery{City: uuid.New(), From: today - 30, To: today, Weights: weights})
	assert.Empty(t, films)

	// One person who opens a page again and again is one person.
	farmed := uuid.New()
	again := times(30, documents.KindView, ago(0), city, farmed)
	for i := range again {
		again[i].Person = again[0].Person
	}
	w.append(t, again...)
	w.fold(t, today, today, documents.KindView)
	films, scores = top(documents.TopQuery{City: city, From: today, To: today, Weights: map[documents.Kind]float64{documents.KindView: 1}, People: true})
	assert.Equal(t, []uuid.UUID{viewed, farmed}, films)
	assert.InDeltaSlice(t, []float64{9, 1}, scores, 1e-9)
}

// Equal scores are ordered by film, so that a list is the same each time.
func countersTopOfManyCities(t *testing.T, w *world) {
	today := w.today()
	var (
		films  []uuid.UUID
		events []documents.Event
	)
	for range 30 {
		film := uuid.New()
		films = append(films, film)
		for range 3 {
			events = append(events, times(1, documents.KindBooking, today.Start(), uuid.New(), film)...)
		}
	}
	w.append(t, events...)
	w.fold(t, today, today, documents.KindBooking)
	slices.SortFunc(films, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	got, err := w.Counters.Top(t.Context(), documents.TopQuery{From: today, To: today, Weights: map[documents.Kind]float64{documents.KindBooking: 1}, Limit: 25})
	require.NoError(t, err)
	require.Len(t, got, 25)
	for i, one := range got {
		assert.Equal(t, films[i], one.Film)
		assert.InDelta(t, 3, one.Score, 1e-9)
	}
}

// Counters are kept for 100 days here.
func countersExpire(t *testing.T, w *world) {
	city, today := uuid.New(), w.today()
	for ago := range documents.Day(5) {
		w.append(t, times(1, documents.KindView, (today-ago).Start(), city, uuid.New())...)
	}
	w.fold(t, today-5, today, documents.KindView)
	w.clock.advance(99 * day)
	expire := func(limit int) (int, error) { return w.Counters.Expire(t.Context(), limit) }
	weights := map[documents.Kind]float64{documents.KindView: 1}
	left := w.counts(t, documents.RangeQuery{City: city, From: today - 5, To: today})
	assert.Less(t, len(left), 5, "expired ones are not given, deleted or not")
	assert.NotEmpty(t, left)
	got, err := w.Counters.Top(t.Context(), documents.TopQuery{City: city, From: today - 5, To: today, Weights: weights})
	require.NoError(t, err)
	assert.Len(t, got, len(left))
	assert.Equal(t, 5-len(left), expireAll(t, expire))
	assert.Equal(t, left, w.counts(t, documents.RangeQuery{City: city, From: today - 5, To: today}))
}

func countersRefused(t *testing.T, w *world) {
	today, weights := w.today(), map[documents.Kind]float64{documents.KindView: 1}
	_, err := w.Counters.Range(t.Context(), documents.RangeQuery{From: today, To: today - 1})
	requireCode(t, booking.CodeValidation, err)
	_, err = w.Counters.Range(t.Context(), documents.RangeQuery{From: today - 400, To: today})
	requireCode(t, booking.CodeValidation, err)
	requireCode(t, booking.CodeValidation, w.Counters.Fold(t.Context(), today, today))
	requireCode(t, booking.CodeValidation, w.Counters.Fold(t.Context(), today, today-1, documents.KindView))
	for _, q := range []documents.TopQuery{
		{From: today, To: today}, {From: today, To: today, Weights: weights, HalfLife: -1}, {From: today - 400, To: today, Weights: weights},
	} {
		_, err = w.Counters.Top(t.Context(), q)
		requireCode(t, booking.CodeValidation, err)
	}
}
