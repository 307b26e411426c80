package documentstest

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

func eventsComeBack(t *testing.T, w *world) {
	person := uuid.New()
	var want []documents.Event
	for i, text := range odd {
		want = append(want, documents.Event{
			ID: uuid.New(), Kind: documents.KindImpression, At: w.ago(time.Duration(i) * time.Second), Person: person, City: uuid.New(), Film: uuid.New(),
			EventFacts: documents.EventFacts{
				Session: text, List: text, Position: i + 1, Propensity: 1 / float64(i+3), Model: text, Value: 4.5,
				Details: map[string]string{"query": text},
			},
		})
	}
	bare := documents.Event{ID: uuid.Max, Kind: "log_in", At: w.ago(time.Minute), Person: person}
	want = append(want, bare)
	w.append(t, want...)
	assert.Equal(t, want, w.recent(t, documents.RecentQuery{Person: person}))
	assert.Equal(t, []documents.Event{bare}, w.recent(t, documents.RecentQuery{Person: person, Kinds: []documents.Kind{"log_in"}}))
	assert.Equal(t, []documents.Event{bare}, w.scan(t, documents.ScanQuery{Kind: "log_in"}))

	exact := event("exact", w.ago(time.Hour).Add(123*time.Microsecond).In(time.FixedZone("", 3600)))
	exact.Person = uuid.New()
	w.append(t, exact)
	back := w.recent(t, documents.RecentQuery{Person: exact.Person})
	require.Len(t, back, 1)
	assert.Equal(t, exact.At.UTC().Truncate(time.Millisecond), back[0].At, "to the millisecond, in UTC")

	done, err := w.Events.Append(t.Context(), nil)
	require.NoError(t, err)
	assert.Zero(t, done)
}

// What comes again under an id changes nothing, even when it says something else.
func eventsRepeated(t *testing.T, w *world) {
	first := event(documents.KindClick, w.ago(time.Minute))
	first.Person, first.ID = uuid.New(), documents.EventID(documents.KindClick, "list 7", "3")
	other := event(documents.KindClick, w.ago(time.Hour))
	other.Person = first.Person
	changed := first
	changed.List, changed.At = "changed", w.ago(2*time.Minute)

	for i, batch := range [][]documents.Event{{first}, {first}, {changed}, {changed, other, other, first}} {
		done, err := w.Events.Append(t.Context(), batch)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 0, 0, 1}[i], done.New, "batch %d", i)
		assert.Empty(t, done.Refused)
	}
	assert.Equal(t, []documents.Event{first, other}, w.recent(t, documents.RecentQuery{Person: first.Person}))
	assert.NotEqual(t, documents.EventID(documents.KindClick, "list 73"), first.ID, "parts do not run together")
}

// Half of the writers have the events in the opposite order: they must not wait for each other
// in a circle.
func eventsTenTimesAtOnce(t *testing.T, w *world) {
	person, size := uuid.New(), cmp.Or(w.LargeBatch, documents.MostAppended)
	var batch []documents.Event
	for i := range size {
		e := event(documents.KindView, w.ago(time.Duration(i)*time.Second))
		e.Person = person
		batch = append(batch, e)
	}
	var added atomic.Int64
	together(10, func(i int) {
		mine := slices.Clone(batch)
		if i%2 == 1 {
			slices.Reverse(mine)
		}
		done, err := w.Events.Append(t.Context(), mine)
		if assert.NoError(t, err) {
			added.Add(int64(done.New))
			assert.Empty(t, done.Refused)
		}
	})
	assert.EqualValues(t, size, added.Load(), "each event is new once")
	assert.Equal(t, batch, w.recent(t, documents.RecentQuery{Person: person, Limit: 500}))
}

func eventsBadOnes(t *testing.T, w *world) {
	person := uuid.New()
	good := func() documents.Event {
		e := event(documents.KindView, w.ago(time.Hour))
		e.Person = person
		return e
	}
	var batch []documents.Event
	fields := map[int]string{}
	bad := func(field string, change func(*documents.Event)) {
		e := good()
		change(&e)
		fields[len(batch)] = field
		batch = append(batch, e, good())
	}
	bad("id", func(e *documents.Event) { e.ID = uuid.Nil })
	bad("kind", func(e *documents.Event) { e.Kind = "" })
	bad("kind", func(e *documents.Event) { e.Kind = "No Word" })
	bad("at", func(e *documents.Event) { e.At = w.ago(-25 * time.Hour) })
	bad("at", func(e *documents.Event) { e.At = w.ago(10 * day) })
	bad("session", func(e *documents.Event) { e.Session = "a\x00" })
	bad("list", func(e *documents.Event) { e.List = strings.Repeat("é", 51) })
	bad("model", func(e *documents.Event) { e.Model = "\xc3" })
	bad("position", func(e *documents.Event) { e.Position = -1 })
	bad("propensity", func(e *documents.Event) { e.Propensity = math.NaN() })
	bad("value", func(e *documents.Event) { e.Value = math.Inf(1) })
	bad("details", func(e *documents.Event) { e.Details = map[string]string{"$where": "1"} })

	done, err := w.Events.Append(t.Context(), batch)
	require.NoError(t, err)
	assert.Equal(t, len(batch)/2, done.New, "the good ones are there")
	require.Len(t, done.Refused, len(batch)/2)
	for _, refused := range done.Refused {
		var wrong *booking.Error
		require.ErrorAs(t, refused.Err, &wrong)
		require.Len(t, wrong.Fields, 1, "%d: %v", refused.Index, wrong)
		assert.Equal(t, fields[refused.Index], wrong.Fields[0].Field)
		assert.NotEmpty(t, wrong.Fields[0].Message)
	}
	assert.Len(t, w.recent(t, documents.RecentQuery{Person: person}), len(batch)/2)
}

func eventsLargeBatch(t *testing.T, w *world) {
	var batch []documents.Event
	for i := range documents.MostAppended + 1 {
		e := event(documents.KindImpression, w.ago(time.Duration(i+1)*time.Second))
		e.Details = map[string]string{"text": strings.Repeat("é", 250)}
		batch = append(batch, e)
	}
	_, err := w.Events.Append(t.Context(), batch)
	requireCode(t, booking.CodeValidation, err)
	large := cmp.Or(w.LargeBatch, documents.MostAppended)
	done, err := w.Events.Append(t.Context(), batch[:large])
	require.NoError(t, err)
	assert.Equal(t, large, done.New)
	assert.Len(t, w.scan(t, documents.ScanQuery{Kind: documents.KindImpression, Limit: 5000}), large)
}

// byTime gives events in the order of pages: the newest first, equal times by id.
func byTime(a, b documents.Event) int {
	if by := b.At.Compare(a.At); by != 0 {
		return by
	}
	return bytes.Compare(b.ID[:], a.ID[:])
}

func eventsPaged(t *testing.T, w *world) {
	person, kinds := uuid.New(), []documents.Kind{documents.KindView, documents.KindClick, documents.KindBooking}
	var all, views []documents.Event
	for i := range 230 {
		e := event(kinds[i%3], w.ago(time.Duration(i/w.atOnce(20))*time.Second))
		e.Person = person
		all = append(all, e)
		if e.Kind == documents.KindView {
			views = append(views, e)
		}
	}
	stranger := event(documents.KindView, w.ago(0))
	stranger.Person = uuid.New()
	w.append(t, append(slices.Clone(all), stranger, event(documents.KindView, w.ago(0)))...)
	slices.SortFunc(all, byTime)
	slices.SortFunc(views, byTime)

	for _, size := range []int{1, 7, 23, 229, 230, 231} {
		assert.Equal(t, all, w.recent(t, documents.RecentQuery{Person: person, Limit: size}), "pages of %d", size)
	}
	assert.Equal(t, views, w.recent(t, documents.RecentQuery{Person: person, Kinds: []documents.Kind{documents.KindView}, Limit: 10}))
	assert.Len(t, w.recent(t, documents.RecentQuery{Person: person, Kinds: kinds[1:], Limit: 10}), 230-len(views))
	assert.Empty(t, w.recent(t, documents.RecentQuery{Person: uuid.New()}))
	assert.Empty(t, w.recent(t, documents.RecentQuery{Person: uuid.Nil}), "events without a person are of none")
	page, err := w.Events.Recent(t.Context(), documents.RecentQuery{Person: person})
	require.NoError(t, err)
	assert.Len(t, page.Events, 50)
}

// New events come in front of the page that was read, and old ones between: none of those
// that were there is given twice or left out.
func eventsPagedWhileWritten(t *testing.T, w *world) {
	person := uuid.New()
	make := func(n int, ago time.Duration) (made []documents.Event) {
		for i := range n {
			e := event(documents.KindView, w.ago(ago+time.Duration(i)*time.Minute))
			e.Person = person
			made = append(made, e)
		}
		return made
	}
	before := make(60, time.Hour)
	w.append(t, before...)
	var read []documents.Event
	q := documents.RecentQuery{Person: person, Limit: 10}
	for {
		page, err := w.Events.Recent(t.Context(), q)
		require.NoError(t, err)
		read = append(read, page.Events...)
		w.append(t, make(5, 0)...)
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	assert.Equal(t, before, read)
}

func eventsScanned(t *testing.T, w *world) {
	var all []documents.Event
	for i := range 120 {
		e := event(documents.KindBooking, w.ago(time.Duration(i/w.atOnce(10))*time.Hour))
		if i%2 == 0 {
			e.Person = uuid.New()
		}
		all = append(all, e)
	}
	w.append(t, append(slices.Clone(all), event(documents.KindView, w.ago(time.Hour)))...)
	slices.SortFunc(all, func(a, b documents.Event) int { return byTime(b, a) })
	w.clock.advance(time.Second)
	for _, size := range []int{1, 9, 60, 119, 120, 500} {
		assert.Equal(t, all, w.scan(t, documents.ScanQuery{Kind: documents.KindBooking, Limit: size}), "pages of %d", size)
	}
	from, to := all[30].At, all[60].At
	assert.Equal(t, all[30:60], w.scan(t, documents.ScanQuery{Kind: documents.KindBooking, From: from, To: to, Limit: 7}),
		"from is included, to is not")
	assert.Empty(t, w.scan(t, documents.ScanQuery{Kind: documents.KindReview}))
}

func eventsForgotten(t *testing.T, w *world) {
	person, other := uuid.New(), uuid.New()
	var mine, theirs []documents.Event
	for i := range 120 {
		e := event(documents.KindView, w.ago(time.Duration(i)*time.Second))
		e.Person = person
		mine = append(mine, e)
		e = event(documents.KindView, w.ago(time.Duration(i)*time.Second))
		e.Person = other
		theirs = append(theirs, e)
	}
	w.append(t, append(slices.Clone(mine), theirs...)...)
	anonymous := event(documents.KindView, w.ago(time.Hour))
	w.append(t, anonymous)

	n, err := w.Events.Forget(t.Context(), person)
	require.NoError(t, err)
	assert.Equal(t, 120, n)
	n, err = w.Events.Forget(t.Context(), person)
	require.NoError(t, err)
	assert.Zero(t, n)
	assert.Empty(t, w.recent(t, documents.RecentQuery{Person: person}))
	assert.Equal(t, theirs, w.recent(t, documents.RecentQuery{Person: other}))
	w.clock.advance(time.Second)
	for _, e := range w.scan(t, documents.ScanQuery{Kind: documents.KindView}) {
		assert.NotEqual(t, person, e.Person)
	}
	n, err = w.Events.Forget(t.Context(), uuid.Nil)
	require.NoError(t, err)
	assert.Zero(t, n, "events without a person are of none")
	assert.Len(t, w.scan(t, documents.ScanQuery{Kind: documents.KindView}), 121)
}

// Views are kept for 10 days here, bookings for 50.
func eventsExpire(t *testing.T, w *world) {
	person := uuid.New()
	var views []documents.Event
	for i := range 10 {
		e := event(documents.KindView, w.ago(time.Duration(i)*day))
		e.Person = person
		views = append(views, e)
	}
	booked := event(documents.KindBooking, w.ago(9*day))
	booked.Person = person
	w.append(t, append(slices.Clone(views), booked)...)
	expire := func(limit int) (int, error) { return w.Events.Expire(t.Context(), limit) }
	assert.Zero(t, expireAll(t, expire), "none is old enough")

	w.clock.advance(5 * day)
	kinds := []documents.Kind{documents.KindView}
	assert.Equal(t, views[:5], w.recent(t, documents.RecentQuery{Person: person, Kinds: kinds}), "expired ones are not given, deleted or not")
	w.clock.advance(time.Second)
	assert.Equal(t, append([]documents.Event{}, reversed(views[:5])...), w.scan(t, documents.ScanQuery{Kind: documents.KindView}))
	assert.Equal(t, 5, expireAll(t, expire))
	assert.Equal(t, views[:5], w.recent(t, documents.RecentQuery{Person: person, Kinds: kinds}))
	assert.Len(t, w.recent(t, documents.RecentQuery{Person: person}), 6, "the booking is kept longer")

	// What is sent again after its time was over is not taken back.
	done, err := w.Events.Append(t.Context(), views[5:])
	require.NoError(t, err)
	assert.Zero(t, done.New)
	assert.Len(t, done.Refused, 5)
}

func reversed(events []documents.Event) []documents.Event {
	events = slices.Clone(events)
	slices.Reverse(events)
	return events
}

func eventsForeignCursors(t *testing.T, w *world) {
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, cursor := range []string{"?", "x", encode("2026-01-01T00:00:00Z"), encode("2026-01-01T00:00:00Z x"), encode("x " + uuid.NewString()), encode("-1 $where")} {
		_, err := w.Events.Recent(t.Context(), documents.RecentQuery{Person: uuid.New(), Cursor: cursor})
		requireCode(t, booking.CodeValidation, err, cursor)
		_, err = w.Events.Scan(t.Context(), documents.ScanQuery{Kind: documents.KindView, Cursor: cursor})
		requireCode(t, booking.CodeValidation, err, cursor)
		_, err = w.Counters.Range(t.Context(), documents.RangeQuery{From: 1, To: 2, Cursor: cursor})
		requireCode(t, booking.CodeValidation, err, cursor)
	}
}
