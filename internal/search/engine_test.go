package search

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeCatalog is a catalog whose version, failures and pace the test decides.
type fakeCatalog struct {
	now   atomic.Int64 // version
	loads atomic.Int64
	fail  atomic.Bool
	gate  chan struct{} // when set, load waits for it
}

func (c *fakeCatalog) version(context.Context) (string, error) {
	return strconv.FormatInt(c.now.Load(), 10), nil
}

func (c *fakeCatalog) load(ctx context.Context) (Snapshot, error) {
	c.loads.Add(1)
	if c.fail.Load() {
		return Snapshot{}, errors.New("the database is away")
	}
	if c.gate != nil {
		select {
		case <-c.gate:
		case <-ctx.Done():
			return Snapshot{}, ctx.Err()
		}
	}
	version, err := c.version(ctx)
	return Snapshot{Version: version, Movies: corpus()}, err
}

const soon, often = 5 * time.Second, 2 * time.Millisecond

// run starts the engine's loop and stops it with the test.
func run(t *testing.T, source catalog, hints <-chan struct{}, poll time.Duration) *Engine {
	e := NewEngine(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx, source, hints, poll) }()
	t.Cleanup(func() {
		cancel()
		assert.ErrorIs(t, <-done, context.Canceled)
	})
	return e
}

func TestEngineFollowsThePoll(t *testing.T) {
	t.Parallel()
	source := &fakeCatalog{}
	source.now.Store(1)
	e := run(t, source, nil, often)
	require.Eventually(t, func() bool { return e.version() == "1" }, soon, often)
	source.now.Store(2)
	require.Eventually(t, func() bool { return e.version() == "2" }, soon, often)
	assert.EqualValues(t, 2, source.loads.Load(), "a poll alone loads nothing")
	assert.Equal(t, "2", e.Index().Search(Query{Text: "heat"}).IndexVersion)
	assert.NotEmpty(t, e.Index().Suggest("hea", "", time.Now()))
}

func TestEngineFollowsHints(t *testing.T) {
	t.Parallel()
	source := &fakeCatalog{}
	source.now.Store(1)
	hints := make(chan struct{}, 1)
	e := run(t, source, hints, time.Hour)
	require.Eventually(t, func() bool { return e.version() == "1" }, soon, often)
	source.now.Store(2)
	hints <- struct{}{}
	require.Eventually(t, func() bool { return e.version() == "2" }, soon, often)
}

func TestEngineOutlivesItsHints(t *testing.T) {
	t.Parallel()
	source := &fakeCatalog{}
	source.now.Store(1)
	hints := make(chan struct{})
	close(hints)
	e := run(t, source, hints, often)
	require.Eventually(t, func() bool { return e.version() == "1" }, soon, often)
	source.now.Store(2)
	require.Eventually(t, func() bool { return e.version() == "2" }, soon, often)
}

func TestEngineKeepsTheOldIndexThroughFailures(t *testing.T) {
	t.Parallel()
	source := &fakeCatalog{}
	source.now.Store(1)
	e := run(t, source, nil, often)
	require.Eventually(t, func() bool { return e.version() == "1" }, soon, often)
	source.fail.Store(true)
	source.now.Store(2)
	before := source.loads.Load()
	require.Eventually(t, func() bool { return source.loads.Load() > before+2 }, soon, often, "it keeps trying")
	assert.Equal(t, "1", e.version())
	assert.NotEmpty(t, e.Index().Search(Query{Text: "heat"}).Items)
	source.fail.Store(false)
	require.Eventually(t, func() bool { return e.version() == "2" }, soon, often)
}

// TestRebuildNeverBlocksAReader asks all the time while a load is stuck and
// while indexes are swapped: each answer is of one version, and none waits.
func TestRebuildNeverBlocksAReader(t *testing.T) {
	t.Parallel()
	source := &fakeCatalog{gate: make(chan struct{})}
	source.now.Store(1)
	e := run(t, source, nil, often)
	source.gate <- struct{}{}
	require.Eventually(t, func() bool { return e.version() == "1" }, soon, often)
	source.now.Store(2)
	require.Eventually(t, func() bool { return source.loads.Load() == 2 }, soon, often)

	var answered atomic.Int64
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				x := e.Index()
				a := x.Search(Query{Text: "godfahter"})
				assert.Equal(t, x.version, a.IndexVersion)
				assert.NotEmpty(t, a.Items)
				answered.Add(1)
			}
		})
	}
	require.Eventually(t, func() bool { return answered.Load() > 200 }, soon, often, "the load is stuck, the readers are not")
	assert.Equal(t, "1", e.version())
	source.gate <- struct{}{}
	require.Eventually(t, func() bool { return e.version() == "2" }, soon, often)
	at := answered.Load()
	require.Eventually(t, func() bool { return answered.Load() > at+200 }, soon, often)
	close(stop)
	readers.Wait()
}

// TestReadersDuringManyRebuilds: every answer is of one version as a whole, none
// is older than one seen before, and readers and rebuilds both get on.
func TestReadersDuringManyRebuilds(t *testing.T) {
	t.Parallel()
	const rebuilds = 25
	e := NewEngine(slog.New(slog.DiscardHandler))
	build := func(version int) {
		movies := slices.Clone(corpus())
		for i := range movies {
			movies[i].Certificate = strconv.Itoa(version)
		}
		e.index.Store(Build(Snapshot{Version: strconv.Itoa(version), Movies: movies}))
	}
	build(1)
	var answered [2]atomic.Int64
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for r := range answered {
		readers.Go(func() {
			last := 0
			for {
				select {
				case <-stop:
					return
				default:
				}
				a := e.Index().Search(Query{Text: "dune"})
				version, err := strconv.Atoi(a.IndexVersion)
				if !assert.NoError(t, err) || !assert.GreaterOrEqual(t, version, last) || !assert.NotEmpty(t, a.Items) {
					return
				}
				for _, hit := range a.Items {
					assert.Equal(t, a.IndexVersion, hit.Certificate)
				}
				last = version
				answered[r].Add(1)
			}
		})
	}
	for version := 2; version <= rebuilds; version++ {
		build(version)
		first, second := answered[0].Load(), answered[1].Load()
		require.Eventually(t, func() bool { return answered[0].Load() > first && answered[1].Load() > second }, soon, often)
	}
	close(stop)
	readers.Wait()
	assert.Equal(t, strconv.Itoa(rebuilds), e.version())
}

func TestEmptyEngineAnswers(t *testing.T) {
	t.Parallel()
	e := NewEngine(slog.New(slog.DiscardHandler))
	a := e.Index().Search(Query{Text: "heat", Filters: Filters{City: "mumbai", Access: []string{"captions"}}})
	assert.Empty(t, a.Items)
	assert.NotNil(t, a.Items)
	assert.Empty(t, e.Index().Suggest("", "", time.Now()))
}
