package seatmap

import (
	"testing"

	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// house is a house whose seat maps are under test.
type house struct {
	*showstest.House
	store    *Store
	bookings *bookings.Store
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{House: showstest.New(t)}
	h.store, h.bookings = New(h.Shows), bookings.New(h.Shows)
	h.Seller = h.bookings
	return h
}

func (h *house) feed(hints shows.Hints) *Feed {
	h.T.Helper()
	feed := NewFeed(h.store, hints)
	h.T.Cleanup(feed.Close)
	return feed
}
