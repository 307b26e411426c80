package showchanges

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/internal/seatmap"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

var (
	_ activities.Changes = (*Store)(nil)
	_ activities.Choices = (*Store)(nil)
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// house is a house whose shows change.
type house struct {
	*showstest.House
	store    *Store
	bookings *bookings.Store
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{House: showstest.New(t)}
	h.bookings = bookings.New(h.Shows)
	h.store = New(h.Shows, h.bookings)
	h.Seller = h.bookings
	return h
}

func (h *house) checkInvariants(show string) {
	h.T.Helper()
	seatMap, err := seatmap.New(h.Shows).SeatMap(h.T.Context(), show)
	require.NoError(h.T, err)
	h.CheckInvariants(seatMap)
}
