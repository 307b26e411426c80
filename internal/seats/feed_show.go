package seats

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Delta says which seats of a show became held, sold or free. Version is that of
// the seat map which the delta leads to; it only grows.
type Delta struct {
	Version  int64    `json:"version"`
	Held     []string `json:"held"`
	Sold     []string `json:"sold"`
	Released []string `json:"released"`
}

var errFeedClosed = errors.New("seats: the feed is closed")

// Watch gives a show's seats and then every change, in order and without a gap,
// until the context ends. The channel is closed early when the reader falls too
// far behind, and when prices or layout change, which a delta cannot say: whoever
// still cares watches anew. Code: not_found.
func (f *Feed) Watch(ctx context.Context, showID string) (SeatMap, <-chan Delta, error) {
	id, err := parseID("show", showID)
	if err != nil {
		return SeatMap{}, nil, err
	}
	for {
		show, err := f.show(ctx, id.String())
		if err != nil {
			return SeatMap{}, nil, err
		}
		// The refresher may have stopped with its last watcher just now.
		if first, deltas, ok := show.join(ctx); ok {
			return first, deltas, nil
		}
	}
}

// show gives the running refresher of a show. The first watcher starts it.
func (f *Feed) show(ctx context.Context, showID string) (*showFeed, error) {
	f.mu.Lock()
	running, ok := f.shows[showID]
	f.mu.Unlock()
	if ok {
		return running, nil
	}
	opening := f.opening.DoChan(showID, func() (any, error) { return f.open(showID) })
	select {
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	case opened := <-opening:
		if opened.Err != nil {
			return nil, opened.Err
		}
		return opened.Val.(*showFeed), nil
	}
}

func (f *Feed) open(showID string) (*showFeed, error) {
	f.mu.Lock()
	running, ok := f.shows[showID]
	f.mu.Unlock()
	if ok { // opened while this call was on its way
		return running, nil
	}
	show := &showFeed{feed: f, id: showID, watchers: map[chan Delta]func() bool{}, idle: make(chan struct{}, 1)}
	// Listening comes before the first look, or a change in between would wait
	// for the poll.
	hints, leave := f.hints.Subscribe(f.running, showTopic(showID))
	if err := show.read(); err != nil {
		leave()
		return nil, err
	}
	f.mu.Lock()
	f.shows[showID] = show
	f.mu.Unlock()
	if !f.start(func() { defer leave(); show.run(hints) }) {
		leave()
		return nil, unavailable(errFeedClosed)
	}
	return show, nil
}

// showFeed is the one refresher of a show in this process.
type showFeed struct {
	feed *Feed
	id   string
	idle chan struct{} // a hint that the last watcher has left

	mu       sync.Mutex
	current  SeatMap
	watchers map[chan Delta]func() bool // with what stops the wait for their context
	ended    bool
}

// join adds a watcher at the current map: what comes after it comes as deltas.
func (s *showFeed) join(ctx context.Context) (SeatMap, <-chan Delta, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return SeatMap{}, nil, false
	}
	deltas := make(chan Delta, deltasWaiting)
	s.watchers[deltas] = context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dismiss(deltas)
	})
	return s.current, deltas, true
}

// dismiss drops a watcher, if it is still one. The caller holds the lock.
func (s *showFeed) dismiss(deltas chan Delta) {
	stopWaiting, ok := s.watchers[deltas]
	if !ok {
		return
	}
	stopWaiting()
	delete(s.watchers, deltas)
	close(deltas)
	if len(s.watchers) == 0 {
		select {
		case s.idle <- struct{}{}:
		default:
		}
	}
}

// run looks at the show when hinted and from time to time, until nobody watches.
func (s *showFeed) run(hints <-chan struct{}) {
	poll := time.NewTicker(pollShow)
	defer poll.Stop()
	for {
		select {
		case <-s.feed.running.Done():
			s.end()
			return
		case <-s.idle:
			if s.endIfIdle() {
				return
			}
			continue
		case <-hints:
		case <-poll.C:
		}
		if s.endIfIdle() { // the very first watcher may never have joined
			return
		}
		if err := s.read(); err != nil {
			// Watchers keep what they have; the next look tells them the rest.
			slog.Debug("seat map not refreshed", "show", s.id, "error", err)
		}
		pause(s.feed.running, settle)
	}
}

// read looks at the show and tells the watchers what is new.
func (s *showFeed) read() error {
	return s.feed.look(func(ctx context.Context) error {
		next, err := s.feed.store.SeatMap(ctx, s.id)
		if err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.advance(next)
		return nil
	})
}

// advance makes next the current map. The caller holds the lock.
func (s *showFeed) advance(next SeatMap) {
	before := s.current
	// The database's clock may be set back; watchers' versions are not.
	next.Version = max(next.Version, before.Version+1)
	s.current = next
	if before.terms != next.terms {
		for deltas := range s.watchers {
			s.dismiss(deltas)
		}
		return
	}
	delta, changed := difference(before, next)
	if !changed {
		return
	}
	for deltas := range s.watchers {
		select {
		case deltas <- delta:
		default:
			s.dismiss(deltas)
		}
	}
}

func (s *showFeed) endIfIdle() bool {
	s.mu.Lock()
	idle := len(s.watchers) == 0
	s.ended = idle
	s.mu.Unlock()
	if idle {
		s.forget()
	}
	return idle
}

func (s *showFeed) end() {
	s.mu.Lock()
	s.ended = true
	for deltas := range s.watchers {
		s.dismiss(deltas)
	}
	s.mu.Unlock()
	s.forget()
}

// forget makes room for a new refresher of the show.
func (s *showFeed) forget() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	delete(s.feed.shows, s.id)
}

// difference says what leads from one map to the next. The lists are never nil,
// because they are shown as JSON.
func difference(before, next SeatMap) (Delta, bool) {
	delta := Delta{
		Version:  next.Version,
		Held:     missing(next.Held, before.Held),
		Sold:     missing(next.Sold, before.Sold),
		Released: []string{},
	}
	for _, seat := range append(missing(before.Held, next.Held), missing(before.Sold, next.Sold)...) {
		if !has(next.Held, seat) && !has(next.Sold, seat) {
			delta.Released = append(delta.Released, seat)
		}
	}
	slices.Sort(delta.Released)
	return delta, len(delta.Held)+len(delta.Sold)+len(delta.Released) > 0
}

// missing gives what of the first sorted list the second lacks.
func missing(from, in []string) []string {
	lacking := []string{}
	for _, seat := range from {
		if !has(in, seat) {
			lacking = append(lacking, seat)
		}
	}
	return lacking
}

func has(sorted []string, seat string) bool {
	_, found := slices.BinarySearch(sorted, seat)
	return found
}

// pause waits, or less when the context ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
