package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// system is a theater's own system, and the registry that finds it.
type system struct {
	activities.House

	page    booking.HousePage
	sales   map[string]booking.HousePageOfSales // by cursor
	state   booking.HouseState
	refuses error // what Cancel answers
	seats   error
	did     []string
}

func (s *system) Program(context.Context, string) (booking.HousePage, error) { return s.page, nil }

func (s *system) Sold(_ context.Context, _, cursor string) (booking.HousePageOfSales, error) {
	return s.sales[cursor], nil
}

func (s *system) Seats(context.Context, string) (booking.HouseTaken, error) {
	return booking.HouseTaken{Addresses: []string{"1"}}, s.seats
}

func (s *system) Find(context.Context, booking.HouseOrder) (booking.HouseState, error) {
	return s.state, nil
}

func (s *system) Cancel(_ context.Context, order booking.HouseOrder) error {
	s.did = append(s.did, "cancel "+order.Reference)
	return s.refuses
}

func (s *system) Release(_ context.Context, order booking.HouseOrder) error {
	s.did = append(s.did, "release "+order.Reference)
	return nil
}

// registryOf finds one system.
type registryOf struct{ system *system }

func (r registryOf) House(context.Context, string) (activities.House, activities.HouseVendor, error) {
	return r.system, nil, nil
}

func (r registryOf) Selling(context.Context, string) error { return nil }

// houseBooks are our books, which remember what they were asked.
type houseBooks struct {
	activities.HouseBooks

	live     bool
	compared []booking.HouseState
	taken    int
	done     []string
}

func (b *houseBooks) ApplyProgram(_ context.Context, _ string, page booking.HousePage) (booking.HouseApplied, error) {
	return booking.HouseApplied{Listed: len(page.Shows)}, nil
}

func (b *houseBooks) Reconcile(_ context.Context, _, _ string, sales []booking.HouseState, _ time.Duration) ([]booking.HouseFinding, error) {
	b.compared = sales
	return []booking.HouseFinding{{Kind: booking.HouseMissing}}, nil
}

func (b *houseBooks) WriteTaken(context.Context, string, booking.HouseTaken) error {
	b.taken++
	return nil
}

func (b *houseBooks) Orphaned(context.Context, string, booking.HouseOrder) (bool, error) {
	return !b.live, nil
}

func (b *houseBooks) OrphanDone(_ context.Context, _, sale string, cancelled bool) error {
	b.done = append(b.done, map[bool]string{true: "cancelled ", false: "kept "}[cancelled]+sale)
	return nil
}

// do runs an activity as a worker would.
func do[T any](t *testing.T, h *activities.HouseSync, activity any, in any) (out T, err error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(h)
	value, err := env.ExecuteActivity(activity, in)
	if err == nil {
		require.NoError(t, value.Get(&out))
	}
	return out, err
}

func TestPageOfAProgramIsAppliedByTheActivity(t *testing.T) {
	t.Parallel()
	s := &system{page: booking.HousePage{Shows: make([]booking.HouseShow, 3), Next: "2", More: true}}
	h := &activities.HouseSync{Registry: registryOf{s}, Books: &houseBooks{}}
	page, err := do[activities.ProgramPage](t, h, h.ReadHouseProgram, activities.ProgramRequest{TheaterID: "t1", Cursor: "1"})
	require.NoError(t, err)
	assert.Equal(t, activities.ProgramPage{HouseApplied: booking.HouseApplied{Listed: 3}, Next: "2", More: true}, page)
	_, err = do[activities.ProgramPage](t, h, h.ReadHouseProgram, activities.ProgramRequest{TheaterID: "t1", Cursor: "2"})
	assert.ErrorContains(t, err, "leads to itself")
}

func TestAllPagesOfSalesAreCompared(t *testing.T) {
	t.Parallel()
	s := &system{sales: map[string]booking.HousePageOfSales{
		"": {Orders: make([]booking.HouseState, 2), Next: "b"}, "b": {Orders: make([]booking.HouseState, 1)},
	}}
	books := &houseBooks{}
	h := &activities.HouseSync{Registry: registryOf{s}, Books: books}
	request := activities.ReconcileRequest{TheaterID: "t1", Show: booking.HouseListed{ShowID: "s1", Show: "e1"}}
	found, err := do[[]booking.HouseFinding](t, h, h.ReconcileHouseShow, request)
	require.NoError(t, err)
	assert.Len(t, found, 1)
	assert.Len(t, books.compared, 3)
	assert.Equal(t, 1, books.taken)
	s.seats = booking.E(booking.CodeHouseUnavailable, "No answer.")
	_, err = do[[]booking.HouseFinding](t, h, h.ReconcileHouseShow, request)
	require.NoError(t, err, "the sales are compared all the same")
	s.sales = map[string]booking.HousePageOfSales{"": {Next: "b"}, "b": {Next: "b"}}
	_, err = do[[]booking.HouseFinding](t, h, h.ReconcileHouseShow, request)
	assert.ErrorContains(t, err, "does not end")
}

func TestOrphanIsCancelledAtTheTheater(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		live      bool
		status    booking.HouseOrderStatus
		refuses   error
		gone      bool
		did, done []string
		fails     bool
	}{
		"sold":                      {status: booking.HouseConfirmed, gone: true, did: []string{"cancel r1"}, done: []string{"cancelled b1-1"}},
		"a booking turned up":       {live: true, status: booking.HouseConfirmed},
		"cancelled meanwhile":       {status: booking.HouseCancelled, gone: true, done: []string{"cancelled b1-1"}},
		"held once more":            {status: booking.HouseHeld, gone: true, did: []string{"release r1"}, done: []string{"cancelled b1-1"}},
		"not decided":               {status: booking.HouseConfirming, fails: true},
		"the house keeps it":        {status: booking.HouseConfirmed, refuses: booking.E(booking.CodeNotCancellable, "Too late."), did: []string{"cancel r1"}, done: []string{"kept b1-1"}},
		"the house does not know":   {status: booking.HouseConfirmed, refuses: booking.E(booking.CodeNotFound, "What?"), gone: true, did: []string{"cancel r1"}, done: []string{"cancelled b1-1"}},
		"the house does not answer": {status: booking.HouseConfirmed, refuses: booking.E(booking.CodeHouseUnavailable, "No answer."), did: []string{"cancel r1"}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &system{state: booking.HouseState{Status: tt.status, Reference: "r1"}, refuses: tt.refuses}
			books := &houseBooks{live: tt.live}
			h := &activities.HouseSync{Registry: registryOf{s}, Books: books}
			gone, err := do[bool](t, h, h.CancelHouseOrphan, activities.OrphanRequest{Sale: "b1-1", ShowID: "s1",
				Order: booking.HouseOrder{BookingID: "b1", Attempt: 1, Terms: booking.HouseTerms{TheaterID: "t1"}}})
			assert.Equal(t, tt.fails, err != nil)
			assert.Equal(t, tt.gone, gone)
			assert.Equal(t, tt.did, s.did)
			assert.Equal(t, tt.done, books.done)
		})
	}
}
