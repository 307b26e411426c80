package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// theater is a theater's own system whose answers are given, with our records of its orders.
type theater struct {
	activities.House
	activities.HouseOrders

	guard  activities.HouseVendor
	state  booking.HouseState // what it says of the order
	fails  map[string]error   // by call
	paused error
	did    []string

	left time.Duration
	sale *booking.HouseSale
}

func (h *theater) call(name string) error {
	h.did = append(h.did, name)
	return h.fails[name]
}

func (h *theater) Hold(context.Context, booking.HouseOrder) (booking.HouseState, error) {
	return h.state, h.call("hold")
}

func (h *theater) Find(context.Context, booking.HouseOrder) (booking.HouseState, error) {
	return h.state, h.call("find")
}

func (h *theater) Confirm(context.Context, booking.HouseOrder) (booking.HouseState, error) {
	return h.state, h.call("confirm")
}

func (h *theater) Release(context.Context, booking.HouseOrder) error { return h.call("release") }
func (h *theater) Cancel(context.Context, booking.HouseOrder) error  { return h.call("cancel") }

func (h *theater) HouseHeld(_ context.Context, order booking.HouseOrder, left time.Duration) (booking.HouseHold, error) {
	h.left = left
	return booking.HouseHold{Reference: order.Reference, ExpiresIn: left}, nil
}

func (h *theater) HouseAsked(context.Context, booking.HouseOrder) error { return h.call("asked") }
func (h *theater) HouseUndone(context.Context, string) error            { return h.call("undone") }
func (h *theater) HouseLeft(context.Context, booking.HouseOrder) error  { return h.call("left") }

func (h *theater) MayCancel(context.Context, string) error { return h.fails["may"] }

func (h *theater) HouseSold(_ context.Context, _ booking.HouseOrder, sale booking.HouseSale) error {
	h.sale = &sale
	return h.call("sold")
}

// registry finds the one theater.
type registry struct{ *theater }

func (r registry) House(context.Context, string) (activities.House, activities.HouseVendor, error) {
	return r.theater, r.guard, nil
}

func (r registry) Selling(context.Context, string) error { return r.paused }

// order is of two seats for 900.00.
func order() booking.HouseOrder {
	price := booking.Money{Amount: 45_000, Currency: "INR"}
	return booking.HouseOrder{BookingID: "b-1", Attempt: 1, Terms: booking.HouseTerms{TheaterID: "t-1", Show: "s-1", Seats: []booking.HouseSeat{
		{Seat: "C7", Address: "1/3/7", Category: "G", Price: price}, {Seat: "C8", Address: "1/3/8", Category: "G", Price: price},
	}}}
}

func held(left time.Duration) booking.HouseState {
	return booking.HouseState{Status: booking.HouseHeld, Reference: "R-1", Left: left, Total: booking.Money{Amount: 90_000, Currency: "INR"}}
}

func soldThere() booking.HouseState {
	return booking.HouseState{Status: booking.HouseConfirmed, Reference: "R-1", Number: "W7",
		Codes: map[string]string{"1/3/7": "111", "1/3/8": "222"}}
}

// run does an activity as the fast path does: local, at its first try; or as a later try.
func run(t *testing.T, h *theater, again bool, activity func(*activities.Houses) any, in, out any) error {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	houses := &activities.Houses{Registry: registry{h}, Orders: h}
	env.RegisterActivity(houses)
	execute := env.ExecuteLocalActivity
	if again {
		execute = env.ExecuteActivity
	}
	result, err := execute(activity(houses), in)
	if err == nil && out != nil {
		require.NoError(t, result.Get(out))
	}
	return err
}

func codeOf(t *testing.T, err error) (booking.Code, bool) {
	t.Helper()
	if err == nil {
		return "", false
	}
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	return booking.Code(app.Type()), app.NonRetryable()
}

func TestAHoldThereIsLongerThanOurs(t *testing.T) {
	t.Parallel()
	other := held(10 * time.Minute)
	other.Total.Amount++
	foreign := held(10 * time.Minute)
	foreign.Addresses = []string{"1/3/7", "1/3/9"}
	same := held(10 * time.Minute)
	same.Addresses = []string{"1/3/8", "1/3/7"}
	gone := booking.SeatsUnavailable([]string{"1/3/8"})
	for name, c := range map[string]struct {
		state  booking.HouseState
		fails  error
		paused error
		left   time.Duration
		code   booking.Code
	}{
		"ours ends a minute earlier":            {state: held(10 * time.Minute), left: 9 * time.Minute},
		"an end that is not told":               {state: held(0), left: 4 * time.Minute},
		"the same seats in another order":       {state: same, left: 9 * time.Minute},
		"too short a time to pay":               {state: held(110 * time.Second), code: booking.CodeHouseRefused},
		"another price":                         {state: other, code: booking.CodePriceChanged},
		"other seats":                           {state: foreign, code: booking.CodeHouseRefused},
		"taken there":                           {fails: gone, code: booking.CodeSeatsUnavailable},
		"no answer":                             {fails: booking.E(booking.CodeHouseUnavailable, "No answer."), code: booking.CodeHouseUnavailable},
		"a hold that is over":                   {state: booking.HouseState{Status: booking.HouseLapsed}, code: booking.CodeHoldLost},
		"paused":                                {paused: booking.E(booking.CodeShowNotOnSale, "Paused."), code: booking.CodeShowNotOnSale},
		"an answer that it failed may be asked": {fails: booking.E(booking.CodeHouseError, "500"), code: booking.CodeHouseError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &theater{state: c.state, fails: map[string]error{"hold": c.fails}, paused: c.paused}
			var hold booking.HouseHold
			err := run(t, h, false, func(a *activities.Houses) any { return a.HoldAtTheater }, order(), &hold)
			code, final := codeOf(t, err)
			assert.Equal(t, c.code, code)
			assert.Equal(t, c.left, h.left)
			assert.Equal(t, code != "" && code != booking.CodeHouseUnavailable && code != booking.CodeHouseError, final)
			if code == booking.CodeSeatsUnavailable {
				var app *temporal.ApplicationError
				require.ErrorAs(t, err, &app)
				var detail booking.Refusal
				require.NoError(t, app.Details(&detail))
				assert.Equal(t, []string{"C8"}, detail.Seats, "in our words")
			}
		})
	}
}

// busy has room for what a paid booking waits for, and for nothing else.
type busy struct{ activities.HouseVendor }

func (busy) Try(ctx context.Context, call func(context.Context) error) error { return call(ctx) }

func (busy) TryYielding(context.Context, func(context.Context) error) error {
	return booking.E(booking.CodeFastPathSkipped, "The rate is reached.")
}

func TestARushOfHoldsLeavesRoomForPaidBookings(t *testing.T) {
	t.Parallel()
	leave := activities.LeaveRequest{Order: order(), MaybeSold: true}
	cancel := activities.TheaterCancellation{Order: order(), EvenScanned: true}
	for name, c := range map[string]struct {
		activity func(*activities.Houses) any
		in       any
		code     booking.Code
	}{
		"hold":    {func(a *activities.Houses) any { return a.HoldAtTheater }, order(), booking.CodeFastPathSkipped},
		"confirm": {func(a *activities.Houses) any { return a.ConfirmAtTheater }, order(), ""},
		"cancel":  {func(a *activities.Houses) any { return a.CancelAtTheater }, cancel, ""},
		"leave":   {func(a *activities.Houses) any { return a.LeaveTheater }, leave, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &theater{state: soldThere(), guard: busy{}}
			code, final := codeOf(t, run(t, h, name == "cancel", c.activity, c.in, nil))
			assert.Equal(t, c.code, code)
			assert.False(t, final, "it is tried again")
			assert.Equal(t, c.code != "", len(h.did) == 0)
		})
	}
}

func TestASaleThereIsAskedForBeforeItIsRepeated(t *testing.T) {
	t.Parallel()
	incomplete := soldThere()
	delete(incomplete.Codes, "1/3/8")
	status := func(s booking.HouseOrderStatus) booking.HouseState { return booking.HouseState{Status: s} }
	for name, c := range map[string]struct {
		again bool
		state booking.HouseState
		fails map[string]error
		did   []string
		code  booking.Code
	}{
		"first try":        {state: soldThere(), did: []string{"asked", "confirm", "sold"}},
		"sold before":      {again: true, state: soldThere(), did: []string{"asked", "find", "sold"}},
		"still held":       {again: true, state: held(time.Minute), did: []string{"asked", "find", "confirm"}, code: booking.CodeHouseUnavailable},
		"undecided":        {again: true, state: status(booking.HouseConfirming), did: []string{"asked", "find"}, code: booking.CodeHouseUnavailable},
		"lapsed":           {again: true, state: status(booking.HouseLapsed), did: []string{"asked", "find"}, code: booking.CodeHoldLost},
		"unknown":          {again: true, state: status(booking.HouseNone), did: []string{"asked", "find"}, code: booking.CodeHoldLost},
		"cancelled there":  {again: true, state: status(booking.HouseCancelled), did: []string{"asked", "find", "undone"}, code: booking.CodeHoldLost},
		"a code too few":   {state: incomplete, did: []string{"asked", "confirm"}, code: booking.CodeHouseUnavailable},
		"ours is lost":     {fails: map[string]error{"asked": booking.E(booking.CodeHoldLost, "Lost.")}, did: []string{"asked"}, code: booking.CodeHoldLost},
		"no answer":        {fails: map[string]error{"confirm": booking.E(booking.CodeHouseUnavailable, "No.")}, did: []string{"asked", "confirm"}, code: booking.CodeHouseUnavailable},
		"it sells no more": {fails: map[string]error{"confirm": booking.E(booking.CodeShowNotOnSale, "Closed.")}, did: []string{"asked", "confirm"}, code: booking.CodeHoldLost},
		"no answer to ask": {again: true, fails: map[string]error{"find": booking.E(booking.CodeHouseUnavailable, "No.")}, did: []string{"asked", "find"}, code: booking.CodeHouseUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &theater{state: c.state, fails: c.fails}
			var sale booking.HouseSale
			err := run(t, h, c.again, func(a *activities.Houses) any { return a.ConfirmAtTheater }, order(), &sale)
			code, _ := codeOf(t, err)
			assert.Equal(t, c.code, code)
			assert.Equal(t, c.did, h.did)
			if code == "" {
				assert.Equal(t, booking.HouseSale{Reference: "R-1", Number: "W7", Codes: map[string]string{"C7": "111", "C8": "222"}}, sale)
				assert.Equal(t, &sale, h.sale)
			}
		})
	}
}

func TestLeavingUndoesWhatIsThere(t *testing.T) {
	t.Parallel()
	status := func(s booking.HouseOrderStatus) booking.HouseState { return booking.HouseState{Status: s} }
	conflict := booking.E(booking.CodeConflict, "Sold.")
	for name, c := range map[string]struct {
		maybe, again bool
		state        booking.HouseState
		fails        map[string]error
		did          []string
		code         booking.Code
	}{
		"a hold":                    {did: []string{"release", "left"}},
		"a hold that was sold":      {state: soldThere(), fails: map[string]error{"release": conflict}, did: []string{"release", "find", "cancel", "left"}},
		"maybe sold, and it is":     {maybe: true, state: soldThere(), did: []string{"find", "cancel", "left"}},
		"maybe sold, and held":      {maybe: true, state: held(time.Minute), did: []string{"find", "release", "left"}},
		"maybe sold, and gone":      {maybe: true, state: status(booking.HouseLapsed), did: []string{"find", "left"}},
		"never there":               {again: true, state: status(booking.HouseNone), did: []string{"find", "left"}},
		"a late sale in between":    {maybe: true, state: held(time.Minute), fails: map[string]error{"release": conflict}, did: []string{"find", "release"}, code: booking.CodeHouseUnavailable},
		"undecided":                 {maybe: true, state: status(booking.HouseConfirming), did: []string{"find"}, code: booking.CodeHouseUnavailable},
		"it keeps to its sale":      {maybe: true, state: soldThere(), fails: map[string]error{"cancel": booking.E(booking.CodeNotCancellable, "No.")}, did: []string{"find", "cancel"}, code: booking.CodeNotCancellable},
		"it knows no such sale":     {maybe: true, state: soldThere(), fails: map[string]error{"cancel": booking.E(booking.CodeNotFound, "What?")}, did: []string{"find", "cancel", "left"}},
		"no answer":                 {fails: map[string]error{"release": booking.E(booking.CodeHouseUnavailable, "No.")}, did: []string{"release"}, code: booking.CodeHouseUnavailable},
		"a later try asks at first": {again: true, state: held(time.Minute), did: []string{"find", "release", "left"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &theater{state: c.state, fails: c.fails}
			err := run(t, h, c.again, func(a *activities.Houses) any { return a.LeaveTheater },
				activities.LeaveRequest{Order: order(), MaybeSold: c.maybe}, nil)
			code, _ := codeOf(t, err)
			assert.Equal(t, c.code, code)
			assert.Equal(t, c.did, h.did)
		})
	}
}

func TestACancellationThere(t *testing.T) {
	t.Parallel()
	for code, did := range map[booking.Code][]string{
		"":                           {"cancel", "left"},
		booking.CodeNotFound:         {"cancel", "left"}, // there is nothing to undo, and the customer is owed
		booking.CodeNotCancellable:   {"cancel"},
		booking.CodeHouseUnavailable: {"cancel"},
	} {
		h := &theater{fails: map[string]error{}}
		if code != "" {
			h.fails["cancel"] = booking.E(code, "No.")
		}
		err := run(t, h, true, func(a *activities.Houses) any { return a.CancelAtTheater },
			activities.TheaterCancellation{Order: order()}, nil)
		found, _ := codeOf(t, err)
		if code == booking.CodeNotFound {
			code = ""
		}
		assert.Equal(t, code, found)
		assert.Equal(t, did, h.did)
	}

	// A ticket that was scanned keeps its sale, unless the theater itself cancels.
	used := map[string]error{"may": booking.E(booking.CodeNotCancellable, "Used.")}
	h := &theater{fails: used}
	cancel := func(a *activities.Houses) any { return a.CancelAtTheater }
	code, final := codeOf(t, run(t, h, true, cancel, activities.TheaterCancellation{Order: order()}, nil))
	assert.Equal(t, booking.CodeNotCancellable, code)
	assert.True(t, final)
	assert.Empty(t, h.did)
	require.NoError(t, run(t, h, true, cancel, activities.TheaterCancellation{Order: order(), EvenScanned: true}, nil))
	assert.Equal(t, []string{"cancel", "left"}, h.did)
}

func TestAnAllotmentIsToldOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state booking.HouseState
		did   []string
		code  booking.Code
	}{
		"told before": {state: soldThere(), did: []string{"find", "sold"}},
		"half told":   {state: held(time.Minute), did: []string{"find", "confirm"}, code: booking.CodeHouseUnavailable},
		"not told":    {state: booking.HouseState{Status: booking.HouseNone}, did: []string{"find", "hold", "confirm"}, code: booking.CodeHoldLost},
		"cancelled":   {state: booking.HouseState{Status: booking.HouseCancelled}, did: []string{"find"}, code: booking.CodeHoldLost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &theater{state: c.state}
			err := run(t, h, true, func(a *activities.Houses) any { return a.TellAllotted }, order(), nil)
			code, _ := codeOf(t, err)
			assert.Equal(t, c.code, code)
			assert.Equal(t, c.did, h.did)
		})
	}
}
