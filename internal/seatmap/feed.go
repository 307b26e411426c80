package seatmap

import (
	"errors"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/boxoffice/boxoffice/internal/shows"
)

// eventsWaiting is how many events a slow reader may be behind. Then it is
// dropped; it may come back and catch up.
const eventsWaiting = 16

var errFeedClosed = errors.New("seatmap: the feed is closed")

// Feed tells readers and watchers about the seats of shows. The process asks the database
// once for all watchers of a show.
type Feed struct {
	store      *Store
	hints      shows.Hints
	background *shows.Background

	mu    sync.Mutex
	shows map[string]*showFeed // with at least one watcher
	maps  *lru.Cache[string, *keptMap]
}

// NewFeed makes a feed over a store. Close ends it.
func NewFeed(store *Store, hints shows.Hints) *Feed {
	f := &Feed{store: store, hints: hints, background: shows.NewBackground(), shows: map[string]*showFeed{}}
	var err error
	if f.maps, err = lru.NewWithEvict(mapsKept, func(_ string, dropped *keptMap) { dropped.leave() }); err != nil {
		panic(err) // only for a size below one
	}
	return f
}

// Close drops all watchers and waits until nothing runs any more.
func (f *Feed) Close() { f.background.Close() }
