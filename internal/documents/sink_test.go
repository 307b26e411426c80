package documents_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/metrics"
)

// shelf is a store of events in memory that can be away, or hang.
type shelf struct {
	documents.Events
	mu      sync.Mutex
	away    error
	hangs   bool
	ids     map[uuid.UUID]bool
	batches []int
	tries   int
}

// Append implements documents.Events.
func (s *shelf) Append(ctx context.Context, events []documents.Event) (done documents.Appended, err error) {
	s.mu.Lock()
	hangs := s.hangs
	s.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return done, documents.Unavailable(ctx.Err())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.away != nil {
		return done, s.away
	}
	if s.ids == nil {
		s.ids = map[uuid.UUID]bool{}
	}
	s.batches = append(s.batches, len(events))
	for i, e := range events {
		switch {
		case e.Kind == "":
			done.Refused = append(done.Refused, documents.Refused{Index: i, Err: errors.New("no kind")})
		case !s.ids[e.ID]:
			s.ids[e.ID] = true
			done.New++
		}
	}
	return done, nil
}

func (s *shelf) be(away error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// written are the sizes of the batches, and how often it was asked.
func (s *shelf) written() (batches []int, tries int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.batches), s.tries
}

var away = documents.Unavailable(errors.New("connection refused"))

func view() documents.Event { return documents.Event{ID: uuid.New(), Kind: documents.KindView} }

// outcomes is what the sink's metrics say.
func outcomes(t *testing.T, s *documents.Sink) map[string]int {
	t.Helper()
	handler, err := metrics.Handler(s.Metrics()...)
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	counts := map[string]int{}
	for _, line := range regexp.MustCompile(`(?m)^boxoffice_documents_events_(?:total\{outcome="(\w+)"\}|(waiting)) (\S+)`).FindAllStringSubmatch(answer.Body.String(), -1) {
		n, err := strconv.ParseFloat(line[3], 64)
		require.NoError(t, err)
		counts[line[1]+line[2]] = int(n)
	}
	require.Len(t, counts, 6)
	return counts
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestSinkWritesInBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{}
		sink := documents.NewSink(store, quiet())
		first := view()
		for range 3 {
			sink.Add(first)
		}
		sink.Add(documents.Event{ID: uuid.New()})
		time.Sleep(199 * time.Millisecond)
		wrote := func() []int {
			synctest.Wait()
			batches, _ := store.written()
			return batches
		}
		assert.Empty(t, wrote())
		time.Sleep(time.Millisecond)
		assert.Equal(t, []int{4}, wrote(), "after 200 ms")
		assert.Equal(t, map[string]int{"stored": 1, "repeated": 2, "refused": 1, "dropped": 0, "failed": 0, "waiting": 0}, outcomes(t, sink))

		for range 120 {
			sink.Add(view())
		}
		assert.Equal(t, []int{4, 50, 50}, wrote(), "full ones at once")
		sink.Close(t.Context())
		assert.Equal(t, []int{4, 50, 50, 20}, wrote(), "the rest at the end")
		sink.Add(view())
		assert.Equal(t, 1, outcomes(t, sink)["dropped"], "too late")
	})
}

// Requests never wait and never fail while the store is away; when it is back, the sink goes
// on with what it has.
func TestSinkWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{away: away}
		sink := documents.NewSink(store, quiet())
		const added = 10_000
		began := time.Now()
		for range added {
			sink.Add(view())
		}
		assert.Zero(t, time.Since(began), "adding does not wait")
		time.Sleep(time.Minute)
		synctest.Wait()
		_, tries := store.written()
		assert.Less(t, tries, 25, "it is asked now and then")
		counts := outcomes(t, sink)
		assert.Equal(t, 0, counts["stored"])
		assert.Positive(t, counts["dropped"])
		assert.LessOrEqual(t, counts["waiting"], 8192)

		store.be(nil)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		after := outcomes(t, sink)
		assert.Equal(t, counts["dropped"], after["dropped"], "nothing more is lost")
		assert.Equal(t, added-counts["dropped"], after["stored"])
		assert.Zero(t, after["waiting"])
		sink.Close(t.Context())
	})
}

func TestSinkIsClosedWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		store  *shelf
		backIn time.Duration
		stored int
	}{
		"it stays away":       {&shelf{away: away}, time.Hour, 0},
		"it hangs":            {&shelf{hangs: true}, time.Hour, 0},
		"it is back in time":  {&shelf{away: away}, 2 * time.Second, 300},
		"it is back too late": {&shelf{away: away}, 4 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sink := documents.NewSink(test.store, quiet())
				for range 300 {
					sink.Add(view())
				}
				time.Sleep(time.Minute)
				time.AfterFunc(test.backIn, func() { test.store.be(nil) })
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				began := time.Now()
				sink.Close(ctx)
				assert.LessOrEqual(t, time.Since(began), 3*time.Second)
				counts := outcomes(t, sink)
				assert.Equal(t, test.stored, counts["stored"])
				assert.Equal(t, 300-test.stored, counts["dropped"], "none is lost without being counted")
			})
		})
	}
}

// A store that is there and does not take a batch does not stop the batches after it.
func TestSinkGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{away: errors.New("no such column")}
		sink := documents.NewSink(store, quiet())
		for range 50 {
			sink.Add(view())
		}
		synctest.Wait()
		store.be(nil)
		sink.Add(view())
		sink.Close(t.Context())
		counts := outcomes(t, sink)
		assert.Equal(t, 50, counts["failed"])
		assert.Equal(t, 1, counts["stored"])
	})
}

// Events that are added while the sink is closed are stored or counted.
func TestSinkClosedWhileEventsAreAdded(t *testing.T) {
	t.Parallel()
	store := &shelf{}
	sink := documents.NewSink(store, quiet())
	var group sync.WaitGroup
	const adders, each = 8, 2000
	for range adders {
		group.Go(func() {
			for range each {
				sink.Add(view())
			}
		})
	}
	sink.Close(t.Context())
	group.Wait()
	counts := outcomes(t, sink)
	assert.Equal(t, adders*each, counts["stored"]+counts["dropped"])
	assert.Len(t, store.ids, counts["stored"])
}

func TestErrorsOfAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(away))
	assert.ErrorContains(t, away, "connection refused")
}
