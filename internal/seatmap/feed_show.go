package seatmap

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/internal/shows"
)

// recentKept is how many deltas a show's chain keeps for watchers that reconnect.
const recentKept = 256

// Watcher receives the events of a show. First brings it to the present; it may
// be empty for one who missed nothing. After it, every change comes in order and
// without a gap, until Events is closed: because the reader fell too far behind,
// or the feed ends. A reader that still wants to know watches again, from the last
// event it got.
type Watcher struct {
	First  []*Event
	Events <-chan *Event

	events chan *Event
	show   *showFeed
}

// Leave stops watching. It may be called at any time, and more than once.
func (w *Watcher) Leave() {
	w.show.mu.Lock()
	defer w.show.mu.Unlock()
	w.show.dismiss(w)
}

// Watch begins to watch a show. lastEventID is that of the last event which the
// watcher has seen, of this or of another process; empty when it is new. Code:
// not_found.
//
// A watcher that comes back gets what fits the id:
//
//   - The deltas it missed, if this very chain gave the id and still has them.
//   - Else, on the same terms of sale, one delta that assigns every seat of the
//     layout. Replaying the deltas since that version would be wrong: each process
//     looks at its own moments, so a seat that was held and let go between two
//     looks of this one is in none of its deltas, and yet another process may have
//     told the watcher that it is held.
//   - Else a snapshot.
//
// The version follows the database's clock and is read for the watcher that comes back, so
// it is higher than the watcher's version. If the clock was set back it is not, and the
// watcher gets a snapshot, which needs no comparison.
func (f *Feed) Watch(ctx context.Context, showID, lastEventID string) (*Watcher, error) {
	id, err := shows.ParseID("show", showID)
	if err != nil {
		return nil, err
	}
	var since time.Time
	last, returning := parsePosition(lastEventID)
	if returning {
		since = time.Now()
	}
	// First of all the show has to exist: a refresher for any id would help attackers who
	// try ids.
	if _, err := f.kept(id.String()).get(ctx, time.Time{}); err != nil {
		return nil, err
	}
	for {
		show, err := f.show(id.String())
		if err != nil {
			return nil, err
		}
		now, err := show.kept.get(ctx, since)
		if err != nil {
			return nil, err
		}
		// The refresher may have stopped with its last watcher just now.
		if watcher, ok, err := show.join(now, last); ok || err != nil {
			return watcher, err
		}
	}
}

// show gives the running refresher of a show. The first watcher starts it.
func (f *Feed) show(showID string) (*showFeed, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if running, ok := f.shows[showID]; ok {
		return running, nil
	}
	show := &showFeed{
		feed: f, id: showID, kept: f.keptLocked(showID), chain: rand.Text()[:8],
		watchers: map[*Watcher]struct{}{}, woken: make(chan struct{}, 1), idle: make(chan struct{}, 1),
	}
	hints, leave := f.hints.Subscribe(f.background.Running(), shows.ShowTopic(showID))
	if !f.background.Start(func() { defer leave(); show.run(hints) }) {
		leave()
		return nil, shows.Unavailable(errFeedClosed)
	}
	f.shows[showID] = show
	return show, nil
}

// showFeed is the one refresher of a show in this process.
type showFeed struct {
	feed  *Feed
	id    string
	kept  *keptMap
	chain string
	woken chan struct{}
	idle  chan struct{} // a hint that the last watcher has left

	mu       sync.Mutex
	watchers map[*Watcher]struct{}
	ended    bool
	now      *Picture
	// recent are the last deltas, the oldest first. Together they lead from version
	// since to now.
	recent []*Event
	since  int64
	// The two ways to bring a watcher up to date at once, encoded when they are needed.
	snapshot, whole *Event
}

// wake has the show looked at soon.
func (s *showFeed) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// run looks at the show when hinted and from time to time, while it is watched.
func (s *showFeed) run(hints <-chan struct{}) {
	poll := time.NewTicker(mapFresh)
	defer poll.Stop()
	for {
		select {
		case <-s.feed.background.Running().Done():
			s.end()
			return
		case <-s.idle:
			if s.endIfIdle() {
				return
			}
			continue
		case <-hints:
		case <-s.woken:
		case <-poll.C:
		}
		if s.endIfIdle() { // the very first watcher may never have joined
			return
		}
		s.look()
		s.feed.background.Settle()
	}
}

// look reads the show and tells the watchers what is new. When it fails they keep
// what they have, and the next look tells them the rest.
func (s *showFeed) look() {
	next, err := s.kept.get(s.feed.background.Running(), time.Now())
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.advance(next); err != nil {
		slog.Error("watchers of a show are not told", "show", s.id, "error", err)
	}
}

// advance makes next the current map, unless it is older than what is known. The
// caller holds the lock.
func (s *showFeed) advance(next *Picture) error {
	before := s.now
	if before != nil && next.Version <= before.Version {
		return nil
	}
	s.now, s.snapshot, s.whole = next, nil, nil
	if before == nil || !before.sameSale(next) {
		// No delta can say this: watchers start again from a snapshot, on the same stream.
		s.recent, s.since = nil, next.Version
		return s.tellSnapshot()
	}
	delta, changed := difference(before, next)
	if !changed {
		return nil
	}
	event, err := seatsEvent(delta, s.position())
	if err != nil {
		return err
	}
	if len(s.recent) == recentKept {
		s.since = s.recent[0].version
		s.recent = append(s.recent[:0:0], s.recent[1:]...)
	}
	s.recent = append(s.recent, event)
	s.tell(event)
	return nil
}

func (s *showFeed) tellSnapshot() error {
	if len(s.watchers) == 0 {
		return nil
	}
	event, err := s.snapshotNow()
	if err != nil {
		return err
	}
	s.tell(event)
	return nil
}

// tell passes an event on, and drops each watcher that has no room for it.
func (s *showFeed) tell(event *Event) {
	for watcher := range s.watchers {
		select {
		case watcher.events <- event:
		default:
			s.dismiss(watcher)
		}
	}
}

// join adds a watcher at the current map, which is now or newer.
func (s *showFeed) join(now *Picture, last position) (*Watcher, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, false, nil
	}
	if err := s.advance(now); err != nil {
		return nil, false, err
	}
	first, err := s.catchUp(last)
	if err != nil {
		return nil, false, err
	}
	events := make(chan *Event, eventsWaiting)
	watcher := &Watcher{First: first, Events: events, events: events, show: s}
	s.watchers[watcher] = struct{}{}
	return watcher, true, nil
}

// catchUp gives what leads from a position to now; see Watch. The caller holds the
// lock.
func (s *showFeed) catchUp(from position) ([]*Event, error) {
	var event *Event
	var err error
	sameSale := from.terms == s.now.Terms.Version && from.onSale == s.now.OnSale
	switch {
	case sameSale && from.chain == s.chain && from.version >= s.since && from.version <= s.now.Version:
		return s.after(from.version), nil
	case sameSale && from.version < s.now.Version:
		event, err = s.wholeNow()
	default:
		event, err = s.snapshotNow()
	}
	return []*Event{event}, err
}

// after gives the recent deltas beyond a version.
func (s *showFeed) after(version int64) []*Event {
	for i, event := range s.recent {
		if event.version > version {
			return append([]*Event(nil), s.recent[i:]...)
		}
	}
	return nil
}

func (s *showFeed) position() position {
	return position{s.now.Terms.Version, s.now.OnSale, s.now.Version, s.chain}
}

func (s *showFeed) snapshotNow() (event *Event, err error) {
	if s.snapshot == nil {
		s.snapshot, err = snapshotEvent(s.now, s.position())
	}
	return s.snapshot, err
}

func (s *showFeed) wholeNow() (event *Event, err error) {
	if s.whole == nil {
		s.whole, err = seatsEvent(assignment(s.now), s.position())
	}
	return s.whole, err
}

// dismiss drops a watcher, if it is still one. The caller holds the lock.
func (s *showFeed) dismiss(watcher *Watcher) {
	if _, ok := s.watchers[watcher]; !ok {
		return
	}
	delete(s.watchers, watcher)
	close(watcher.events)
	if len(s.watchers) == 0 {
		select {
		case s.idle <- struct{}{}:
		default:
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
	for watcher := range s.watchers {
		s.dismiss(watcher)
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
