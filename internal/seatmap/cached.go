package seatmap

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/shows"
)

const (
	// mapFresh is how old a kept seat map may be when every hint is lost, and how
	// often a watched show is looked at. A hold that runs out gives no hint at all
	// and is seen by these looks.
	mapFresh = time.Second
	// mapsKept bounds the memory: a map of 300 seats and its document are 40 kB.
	mapsKept = 512
)

// Picture is a seat map together with its document, which is made once for all who
// ask. It is shared: read only.
type Picture struct {
	shows.SeatMap

	body     func() ([]byte, error)
	document func() (*cache.Document, error)
}

func newPicture(seatMap shows.SeatMap) *Picture {
	p := &Picture{SeatMap: seatMap}
	p.body = sync.OnceValues(func() ([]byte, error) {
		body, err := json.Marshal(p.SeatMap)
		if err != nil {
			return nil, fmt.Errorf("seatmap: encode seat map: %w", err)
		}
		return body, nil
	})
	p.document = sync.OnceValues(p.makeDocument)
	return p
}

// Document gives the map as JSON with a weak entity tag (RFC 9110, section 8.8.3):
// the same for all replicas while no seat changes, although each read of the map
// has a version of its own.
func (p *Picture) Document() (*cache.Document, error) { return p.document() }

func (p *Picture) makeDocument() (*cache.Document, error) {
	body, err := p.body()
	if err != nil {
		return nil, err
	}
	// Terms of one version have one layout and one set of prices.
	meaning, err := json.Marshal([]any{p.ShowID, p.Terms.Version, p.OnSale, p.Paused, p.Held, p.Sold})
	if err != nil {
		return nil, fmt.Errorf("seatmap: encode seat map: %w", err)
	}
	return cache.TaggedDocument("application/json", "W/"+cache.ETag(meaning), body), nil
}

// sameSale tells whether two maps differ in their seats at most.
func (p *Picture) sameSale(other *Picture) bool {
	return p.Terms.Version == other.Terms.Version && p.OnSale == other.OnSale
}

// SeatMap gives a show's seats from this process's memory: read after the last
// change that was announced here, and never more than a second old. Concurrent requests
// share one read of the database. It decides nothing. Code: not_found.
func (f *Feed) SeatMap(ctx context.Context, showID string) (*Picture, error) {
	id, err := shows.ParseID("show", showID)
	if err != nil {
		return nil, err
	}
	return f.kept(id.String()).get(ctx, time.Time{})
}

// Kept gives what SeatMap would, if that needs no look at the database.
func (f *Feed) Kept(showID string) (*Picture, bool) {
	f.mu.Lock()
	watched := f.shows[showID]
	kept, ok := f.maps.Get(showID)
	f.mu.Unlock()
	if watched != nil {
		return watched.kept.ready()
	}
	if !ok {
		return nil, false
	}
	return kept.ready()
}

// Changed announces a change of a show's seats that this process knows of: the
// next read sees it even when no hint comes.
func (f *Feed) Changed(showID string) {
	f.mu.Lock()
	watched := f.shows[showID]
	kept, ok := f.maps.Peek(showID)
	f.mu.Unlock()
	if ok {
		kept.outdate()
	}
	if watched != nil {
		watched.kept.outdate()
		watched.wake()
	}
}

// kept gives the kept seat map of a show, an empty one if no map is kept.
func (f *Feed) kept(showID string) *keptMap {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keptLocked(showID)
}

func (f *Feed) keptLocked(showID string) *keptMap {
	if watched, ok := f.shows[showID]; ok {
		return watched.kept
	}
	if known, ok := f.maps.Get(showID); ok {
		return known
	}
	added := &keptMap{feed: f, show: showID}
	added.hints, added.leave = f.hints.Subscribe(f.background.Running(), shows.ShowTopic(showID))
	f.maps.Add(showID, added)
	return added
}

// keptMap remembers one show's seat map. Hints wait in their channel until
// a client asks, so a show that is not watched costs nothing when it changes.
type keptMap struct {
	feed  *Feed
	show  string
	hints <-chan struct{}
	leave func()

	mu       sync.Mutex
	picture  *Picture
	began    time.Time // when the read of the picture did
	outdated time.Time // what was read before this is out of date
	reading  *reading  // the one under way
}

// reading is a database read that requests wait for.
type reading struct {
	began   time.Time
	ended   chan struct{}
	picture *Picture
	err     error
}

// get gives a map whose read began no earlier than since, no more than mapFresh
// ago, and after every change announced before the call.
func (k *keptMap) get(ctx context.Context, since time.Time) (*Picture, error) {
	if oldest := time.Now().Add(-mapFresh); since.Before(oldest) {
		since = oldest
	}
	k.mu.Lock()
	k.listen()
	if since.Before(k.outdated) {
		since = k.outdated
	}
	// Fixed from here on: a change while the caller waits is for the next call, or a caller
	// in a rush would wait forever. So it waits for two readings at most, one that began
	// too early and the next.
	for {
		if k.picture != nil && !k.began.Before(since) {
			defer k.mu.Unlock()
			return k.picture, nil
		}
		waitFor := k.reading
		if waitFor == nil {
			waitFor = k.read()
		}
		k.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, shows.Unavailable(fmt.Errorf("seatmap: seat map: %w", ctx.Err()))
		case <-waitFor.ended:
		}
		if !waitFor.began.Before(since) {
			return waitFor.picture, waitFor.err
		}
		k.mu.Lock()
	}
}

// ready gives what get would give without waiting.
func (k *keptMap) ready() (*Picture, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.listen()
	good := k.picture != nil && !k.began.Before(k.outdated) && time.Since(k.began) < mapFresh
	return k.picture, good
}

// listen takes a waiting hint. The caller holds the lock.
func (k *keptMap) listen() {
	select {
	case <-k.hints:
		k.outdated = time.Now()
	default:
	}
}

func (k *keptMap) outdate() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.outdated = time.Now()
}

// read starts a database read. It outlives the request that asked for it, because other
// requests may wait for it, too. The caller holds the lock.
func (k *keptMap) read() *reading {
	k.listen() // a hint from before the read is no news after it
	looking := &reading{began: time.Now(), ended: make(chan struct{})}
	k.reading = looking
	started := k.feed.background.Start(func() {
		err := k.feed.background.Look(func(ctx context.Context) error {
			seatMap, err := k.feed.store.SeatMap(ctx, k.show)
			looking.picture = newPicture(seatMap)
			return err
		})
		k.finish(looking, err)
	})
	if !started {
		looking.err = shows.Unavailable(errFeedClosed)
		k.reading = nil
		close(looking.ended)
	}
	return looking
}

func (k *keptMap) finish(looking *reading, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reading, looking.err = nil, err
	if err == nil {
		// The database's clock may be set back; versions are not.
		if k.picture != nil {
			looking.picture.Version = max(looking.picture.Version, k.picture.Version+1)
		}
		k.picture, k.began = looking.picture, looking.began
	} else {
		looking.picture = nil
		slog.Debug("seat map not read", "show", k.show, "error", err)
		if booking.CodeOf(err) == booking.CodeNotFound {
			k.feed.forgetMap(k)
		}
	}
	close(looking.ended)
}

// forgetMap makes room: shows that do not exist must not fill the memory.
func (f *Feed) forgetMap(k *keptMap) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known, ok := f.maps.Peek(k.show); ok && known == k {
		f.maps.Remove(k.show)
	}
}
