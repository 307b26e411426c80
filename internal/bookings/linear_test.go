package bookings

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// The check of linearizability: concurrent histories recorded on a real Postgres
// must have some order, compatible with real time, in which model above gives
// the very answers that were given.

type verb string

const (
	doHold    verb = "hold"
	doRenew   verb = "keep"
	doConfirm verb = "confirm"
	doEnd     verb = "end"
	doCancel  verb = "cancel"
	doExpire  verb = "expire"
)

var verbs = []verb{doHold, doHold, doHold, doRenew, doConfirm, doConfirm, doEnd, doEnd, doCancel, doExpire, doExpire}

// call is an operation; answer is its result.
type call struct {
	verb    verb
	booking string
	seats   string // of hold, sorted and joined
}

type answer struct {
	code  booking.Code
	taken string // of a refused hold
}

// flat is a model as a value that can be compared: "A1=held b1;…|b1=held A1 A2;…".
type flat string

func (m *model) flatten() flat {
	var parts []string
	for seat, c := range m.claims {
		parts = append(parts, seat+"="+string(c.state)+" "+c.booking)
	}
	for id, b := range m.bookings {
		parts = append(parts, "#"+id+"="+string(b.status)+" "+strings.Join(b.seats, " "))
	}
	slices.Sort(parts)
	return flat(strings.Join(parts, ";"))
}

func (f flat) model() *model {
	m := &model{claims: map[string]claim{}, bookings: map[string]*modelBooking{}}
	for part := range strings.SplitSeq(string(f), ";") {
		name, rest, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		words := strings.Split(rest, " ")
		if id, isBooking := strings.CutPrefix(name, "#"); isBooking {
			m.bookings[id] = &modelBooking{words[1:], booking.Status(words[0])}
		} else {
			m.claims[name] = claim{words[1], claimState(words[0])}
		}
	}
	return m
}

var inventoryModel = porcupine.Model{
	Init: func() any { return flat("") },
	Step: func(state, input, output any) (bool, any) {
		m := state.(flat).model()
		want := m.do(input.(call))
		return want == output.(answer), m.flatten()
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v → %v", input, output) },
}

func (m *model) do(c call) answer {
	switch c.verb {
	case doHold:
		refused, taken := m.hold(c.booking, strings.Split(c.seats, " "))
		return answer{refused, strings.Join(taken, " ")}
	case doRenew:
		return answer{code: m.renew(c.booking)}
	case doConfirm:
		return answer{code: m.confirm(c.booking)}
	case doEnd:
		return answer{code: m.end(c.booking, booking.StatusExpired)}
	case doCancel:
		return answer{code: m.cancel(c.booking)}
	default:
		for seat, has := range m.claims {
			if has.booking == c.booking && has.state == claimHeld {
				m.claims[seat] = claim{c.booking, claimExpired}
			}
		}
		return answer{}
	}
}

// perform does a call on the real inventory.
func perform(ctx context.Context, h *house, show, customer string, c call) (answer, error) {
	var err error
	switch c.verb {
	case doHold:
		req := showstest.Request(show, customer, strings.Split(c.seats, " ")...)
		req.BookingID = c.booking
		_, err = h.store.Hold(ctx, req)
	case doRenew:
		err = h.store.KeepHold(ctx, c.booking)
	case doConfirm:
		_, err = h.Confirm(ctx, c.booking)
	case doEnd:
		err = h.store.End(ctx, booking.Ending{BookingID: c.booking, Status: booking.StatusExpired})
	case doCancel:
		err = h.store.Cancel(ctx, booking.Cancellation{BookingID: c.booking})
	case doExpire:
		return answer{}, h.TryExpire(ctx, c.booking)
	}
	if err == nil {
		return answer{}, nil
	}
	given := answer{code: booking.CodeOf(err)}
	switch given.code {
	case booking.CodeSeatsUnavailable:
		given.taken = strings.Join(err.(*booking.Error).Seats, " ")
	case booking.CodeConflict, booking.CodeHoldLost, booking.CodeNotCancellable:
	default:
		return given, err
	}
	return given, nil
}

// record runs several clients against one show and records each call, its times and its
// answer.
func record(t *testing.T, h *house, seed uint64, clients, calls int) []porcupine.Operation {
	t.Helper()
	show := h.Show()
	seats := []string{"A1", "A2", "A3", "A4"}
	// Each booking has a customer of its own, or the cap's lock would keep the holds
	// apart.
	var ids []string
	customers := map[string]string{}
	for range 5 {
		id := showstest.Request(show, "").BookingID
		ids, customers[id] = append(ids, id), h.Customer()
	}
	var mu sync.Mutex
	var history []porcupine.Operation
	began := time.Now()
	var all errgroup.Group
	for client := range clients {
		random := rand.New(rand.NewPCG(seed, uint64(client)))
		all.Go(func() error {
			for range calls {
				c := call{verb: verbs[random.IntN(len(verbs))], booking: ids[random.IntN(len(ids))]}
				if c.verb == doHold {
					var wanted []string
					for _, n := range random.Perm(len(seats))[:1+random.IntN(3)] {
						wanted = append(wanted, seats[n])
					}
					c.seats = strings.Join(booking.SortSeats(wanted), " ")
				}
				called := time.Since(began)
				given, err := perform(t.Context(), h, show, customers[c.booking], c)
				if err != nil {
					return fmt.Errorf("%v: %w", c, err)
				}
				mu.Lock()
				history = append(history, porcupine.Operation{
					ClientId: client, Input: c, Output: given, Call: int64(called), Return: int64(time.Since(began)),
				})
				mu.Unlock()
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	h.checkInvariants(show)
	return history
}

func TestInventoryIsLinearizable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	overlapping := 0
	for seed := range uint64(25) {
		history := record(t, h, seed, 5, 14)
		result := porcupine.CheckOperationsTimeout(inventoryModel, history, showstest.Patience)
		require.Equal(t, porcupine.Ok, result, "seed %d", seed)
		overlapping += overlaps(history)
	}
	assert.Greater(t, overlapping, 100, "the histories are not concurrent enough to show anything")
}

// overlaps counts calls that began before an earlier one had returned.
func overlaps(history []porcupine.Operation) int {
	n := 0
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	for i := 1; i < len(history); i++ {
		if history[i].Call < history[i-1].Return {
			n++
		}
	}
	return n
}

// The checker must be able to say no: each history below is one that a faulty
// inventory would leave.
func TestTheCheckerRefusesDoctoredHistories(t *testing.T) {
	t.Parallel()
	one := func(c call, code booking.Code, taken string) porcupine.Operation {
		return porcupine.Operation{Input: c, Output: answer{code, taken}}
	}
	for name, history := range map[string][]porcupine.Operation{
		"a seat held twice": {
			one(call{doHold, "x", "A1 A2"}, "", ""), one(call{doHold, "y", "A2 A3"}, "", "")},
		"refused for a free seat": {
			one(call{doHold, "x", "A1"}, booking.CodeSeatsUnavailable, "A1")},
		"the wrong seat named": {
			one(call{doHold, "x", "A1"}, "", ""), one(call{doHold, "y", "A1 A2"}, booking.CodeSeatsUnavailable, "A2")},
		"overtaken and still confirmed": {
			one(call{doHold, "x", "A1 A2"}, "", ""), one(call{doExpire, "x", ""}, "", ""),
			one(call{doHold, "y", "A2"}, "", ""), one(call{doConfirm, "x", ""}, "", "")},
		"confirmed after its end": {
			one(call{doHold, "x", "A1"}, "", ""), one(call{doEnd, "x", ""}, "", ""), one(call{doConfirm, "x", ""}, "", "")},
		"seats kept after a cancellation": {
			one(call{doHold, "x", "A1"}, "", ""), one(call{doConfirm, "x", ""}, "", ""), one(call{doCancel, "x", ""}, "", ""),
			one(call{doHold, "y", "A1"}, booking.CodeSeatsUnavailable, "A1")},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range history {
				history[i].Call, history[i].Return = int64(2*i), int64(2*i+1)
			}
			assert.Equal(t, porcupine.Illegal, porcupine.CheckOperationsTimeout(inventoryModel, history, showstest.Patience))
		})
	}

	// A real history with one answer turned round.
	history := record(t, newHouse(t), 1, 5, 14)
	turned := slices.IndexFunc(history, func(o porcupine.Operation) bool {
		return o.Input.(call).verb == doConfirm && o.Output.(answer).code == booking.CodeHoldLost
	})
	require.GreaterOrEqual(t, turned, 0)
	history[turned].Output = answer{code: booking.CodeNotCancellable}
	assert.Equal(t, porcupine.Illegal, porcupine.CheckOperationsTimeout(inventoryModel, history, showstest.Patience))
}
