// Package documentstest is what every store of documents has to do: one suite, which each
// adapter runs over its own database. Only tests import it.
package documentstest

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

// Setup is a kind of store.
type Setup struct {
	// Open gives an empty store of the test's own, which ends with the test.
	Open func(t *testing.T, o documents.Options) *documents.Store
	// UnorderedIDs is for a server that does not order UUIDs, as every real one does: then
	// pages are tested with events that have a moment of their own.
	UnorderedIDs bool
	// LargeBatch is how many events are appended at once; documents.MostAppended when zero.
	LargeBatch int
}

// Run runs the suite.
func Run(t *testing.T, s Setup) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *world){
		"PreferencesComeBack":      preferencesComeBack,
		"PreferencesRace":          preferencesRace,
		"PreferencesFirstWriters":  preferencesFirstWriters,
		"PreferencesDeleted":       preferencesDeleted,
		"PreferencesDeleteVersion": preferencesDeletedByVersion,
		"PreferencesRefused":       preferencesRefused,
		"EventsComeBack":           eventsComeBack,
		"EventsRepeated":           eventsRepeated,
		"EventsTenTimesAtOnce":     eventsTenTimesAtOnce,
		"EventsBadOnes":            eventsBadOnes,
		"EventsLargeBatch":         eventsLargeBatch,
		"EventsPaged":              eventsPaged,
		"EventsPagedWhileWritten":  eventsPagedWhileWritten,
		"EventsScanned":            eventsScanned,
		"EventsForgotten":          eventsForgotten,
		"EventsExpire":             eventsExpire,
		"EventsForeignCursors":     eventsForeignCursors,
		"CountersFold":             countersFold,
		"CountersRace":             countersRace,
		"CountersNeverGoDown":      countersNeverGoDown,
		"CountersPaged":            countersPaged,
		"CountersTop":              countersTop,
		"CountersTopOfManyCities":  countersTopOfManyCities,
		"CountersExpire":           countersExpire,
		"CountersRefused":          countersRefused,
		"ListsComeBack":            listsComeBack,
		"ListsExpire":              listsExpire,
		"ListsOlderDoesNotReplace": listsOlderDoesNotReplace,
		"ListsForgotten":           listsForgotten,
		"ListsRefused":             listsRefused,
		"ModelsComeBack":           modelsComeBack,
		"ModelsSwap":               modelsSwap,
		"ModelsSwapRace":           modelsSwapRace,
		"ModelsPutTogether":        modelsPutTogether,
		"ModelsPruned":             modelsPruned,
		"ForgetLeavesNothing":      forgetLeavesNothing,
		"ContextsEnd":              contextsEnd,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{Setup: s, clock: &clock{now: documents.Milliseconds(time.Now())}}
			w.Store = s.Open(t, documents.Options{Now: w.clock.Now, Kept: documents.Retention{
				Events: 10 * day, Counters: 100 * day, Kinds: map[documents.Kind]time.Duration{documents.KindBooking: 50 * day},
			}})
			test(t, w)
		})
	}
}

const day = 24 * time.Hour

// world is a store and its clock. The clock begins with the present, and only goes on: a
// server that deletes by its own clock deletes nothing too early.
type world struct {
	Setup
	*documents.Store
	clock *clock
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the clock's time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// ago is a time before now.
func (w *world) ago(d time.Duration) time.Time { return w.clock.Now().Add(-d) }

// atOnce is how many events of a test share a moment, so that ids decide.
func (w *world) atOnce(n int) int {
	if w.UnorderedIDs {
		return 1
	}
	return n
}

func (w *world) today() documents.Day { return documents.DayOf(w.clock.Now()) }

// odd is text that stores have got wrong: quotes, operators, other scripts, letters outside
// of the first plane, combining marks, directions.
var odd = []string{
	`'; DROP TABLE events; --`, `$set`, `a.b.$c`, `{"a":1}`, "tab\tnew\nline", `\u0000 \\ \`, "Amélie", "Ame\u0301lie",
	"தமிழ்", "हिन्दी", "日本語", "עברית العربية", "👩🏽‍🚀🎬", "\u202eright\u202c", "\u007f\u0001", " ", "Ⅷ½", "İstanbul ß ſ",
}

func requireCode(t *testing.T, code booking.Code, err error, about ...any) {
	t.Helper()
	require.Error(t, err, about...)
	require.Equal(t, code, booking.CodeOf(err), append([]any{err}, about...)...)
}

// together calls something several times at once and waits for the end.
func together(times int, call func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range times {
		group.Go(func() {
			<-start
			call(i)
		})
	}
	close(start)
	group.Wait()
}

func (w *world) append(t *testing.T, events ...documents.Event) {
	t.Helper()
	for len(events) > 0 {
		n := min(len(events), documents.MostAppended)
		done, err := w.Events.Append(t.Context(), events[:n])
		require.NoError(t, err)
		require.Empty(t, done.Refused)
		events = events[n:]
	}
}

func (w *world) recent(t *testing.T, q documents.RecentQuery) (all []documents.Event) {
	t.Helper()
	for {
		page, err := w.Events.Recent(t.Context(), q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Events), q.Size())
		all = append(all, page.Events...)
		if page.Next == "" {
			return all
		}
		require.Len(t, page.Events, q.Size(), "only the last page is short")
		q.Cursor = page.Next
	}
}

func (w *world) scan(t *testing.T, q documents.ScanQuery) (all []documents.Event) {
	t.Helper()
	for {
		page, err := w.Events.Scan(t.Context(), q)
		require.NoError(t, err)
		all = append(all, page.Events...)
		if page.Next == "" {
			return all
		}
		require.Len(t, page.Events, q.Size(), "only the last page is short")
		q.Cursor = page.Next
	}
}

func (w *world) counts(t *testing.T, q documents.RangeQuery) (all []documents.Count) {
	t.Helper()
	for {
		page, err := w.Counters.Range(t.Context(), q)
		require.NoError(t, err)
		all = append(all, page.Counts...)
		if page.Next == "" {
			return all
		}
		require.Len(t, page.Counts, q.Size(), "only the last page is short")
		q.Cursor = page.Next
	}
}

func event(kind documents.Kind, at time.Time) documents.Event {
	return documents.Event{ID: uuid.New(), Kind: kind, At: at}
}

// expireAll deletes in small steps until nothing is left to delete.
func expireAll(t *testing.T, expire func(limit int) (int, error)) (total int) {
	t.Helper()
	for {
		n, err := expire(3)
		require.NoError(t, err)
		assert.LessOrEqual(t, n, 3)
		total += n
		if n == 0 {
			return total
		}
	}
}
