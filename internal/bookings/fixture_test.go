package bookings

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

var (
	_ activities.Inventory    = (*Store)(nil)
	_ activities.Standings    = (*Store)(nil)
	_ activities.SoldBookings = (*Store)(nil)
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// house is a house whose bookings are under test.
type house struct {
	*showstest.House
	store *Store
	maps  *seatmap.Store
}

func newHouse(t testing.TB) *house {
	t.Helper()
	return housed(showstest.New(t))
}

func housed(h *showstest.House) *house {
	store := New(h.Shows)
	h.Seller = store
	return &house{House: h, store: store, maps: seatmap.New(h.Shows)}
}

// reconnect gives the house other connections and an empty memory.
func (h *house) reconnect(pool *pgxpool.Pool) {
	h.Pool, h.Shows = pool, shows.New(pool, nil)
	h.store, h.maps = New(h.Shows), seatmap.New(h.Shows)
	h.Seller = h.store
}

func (h *house) feed(hints shows.Hints) *Feed {
	h.T.Helper()
	feed := NewFeed(h.store, hints)
	h.T.Cleanup(feed.Close)
	return feed
}

func (h *house) checkInvariants(show string) {
	h.T.Helper()
	seatMap, err := h.maps.SeatMap(h.T.Context(), show)
	require.NoError(h.T, err)
	h.CheckInvariants(seatMap)
}
