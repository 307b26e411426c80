package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// remoteStage is a stage whose show is sold by its theater's own system. Faults of that system
// strike no other test.
type remoteStage struct {
	*stage
	*Theater
}

func newRemoteStage(t *testing.T, style string) *remoteStage {
	t.Helper()
	return newRemoteStageOf(t, TheaterPlan{Style: style, Rows: 3, PerRow: 10})
}

func newRemoteStageOf(t *testing.T, plan TheaterPlan) *remoteStage {
	t.Helper()
	theater, err := world.NewTheater(t.Context(), plan)
	require.NoError(t, err)
	t.Cleanup(func() { world.Check(t, theater.Shows...) })
	return &remoteStage{&stage{T: t, show: theater.Shows[0]}, theater}
}

// breakTheater turns a fault of this theater's system on.
func (s *remoteStage) breakTheater(f Fault) Fault {
	s.Helper()
	f.Vendor, f.Site = "house", s.Site
	return s.breakVendor(f)
}

// counter is what staff at the theater do.
func (s *remoteStage) counter(action map[string]any) {
	s.Helper()
	require.NoError(s, s.post(s.Context(), "counter", action))
}

// order is the theater's order of a booking.
func (s *remoteStage) order(b booking.Booking) TheaterOrder {
	s.Helper()
	order, known, err := s.OrderOf(s.Context(), b.ID)
	require.NoError(s, err)
	require.True(s, known, "the theater does not know booking %s", b.ID)
	return order
}

// wantCodes wants a code for each seat, which opens the theater's door.
func (s *remoteStage) wantCodes(b booking.Booking) {
	s.Helper()
	require.NotNil(s, b.Ticket)
	require.NotEmpty(s, b.Ticket.TheaterNumber)
	require.Len(s, b.Ticket.TheaterCodes, len(b.Seats))
	for _, seat := range b.Seats {
		opens, err := s.Opens(s.Context(), b.Ticket.TheaterCodes[seat])
		require.NoError(s, err)
		assert.True(s, opens, "seat %s: code %q", seat, b.Ticket.TheaterCodes[seat])
	}
}

// awaitSeats polls the seat map that customers see until it is as wanted.
func (s *remoteStage) awaitSeats(what string, wanted func(SeatMap) bool) {
	s.Helper()
	var last SeatMap
	require.True(s, poll(s.Context(), afterRestart, func() bool {
		var err error
		last, err = Seats(s.Context(), world.API, s.show)
		return err == nil && wanted(last)
	}), "waited for %s: held %v, sold %v", what, last.Held, last.Sold)
}

// tries asks for seats and wants no hold.
func (s *remoteStage) tries(c *Customer, seats ...string) *Problem {
	s.Helper()
	_, _, err := c.Book(s.Context(), NewKey(), For(s.show, seats...))
	var problem *Problem
	require.ErrorAs(s, err, &problem)
	return problem
}

// hasAlert tells whether staff have an alert about a booking.
func (s *remoteStage) hasAlert(b booking.Booking, kind booking.AlertKind) bool {
	s.Helper()
	return s.count(`SELECT count(*) FROM alerts WHERE booking_id = $1 AND kind = $2`, b.ID, kind) > 0
}

// pause stops the theater's sale here, or lets it go on, as support does.
func (s *remoteStage) pause(paused bool) {
	s.Helper()
	_, err := s.staff().call(s.Context(), http.MethodPost, "/v1/theaters/"+s.ID+"/house/pause",
		map[string]any{"paused": paused, "reason": "Their server is down."}, nil)
	require.NoError(s, err)
}
