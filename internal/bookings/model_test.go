package bookings

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// model is the simplest inventory of one show: a map of claims and a map of bookings. The
// property: for every sequence of requests, Store answers as the model does and both have
// the same claims.
type model struct {
	claims   map[string]claim
	bookings map[string]*modelBooking
}

type claim struct {
	booking string
	state   claimState
}

type claimState string

const (
	claimHeld    claimState = "held"
	claimExpired claimState = "expired"
	claimSold    claimState = "sold"
)

type modelBooking struct {
	seats  []string
	status booking.Status
}

// has tells whether a booking has all its seats, in any state.
func (m *model) has(id string) bool {
	return !slices.ContainsFunc(m.bookings[id].seats, func(seat string) bool { return m.claims[seat].booking != id })
}

// set puts all claims of a booking into a state; an empty one frees them.
func (m *model) set(id string, state claimState) {
	for seat, c := range m.claims {
		switch {
		case c.booking != id:
		case state == "":
			delete(m.claims, seat)
		default:
			m.claims[seat] = claim{id, state}
		}
	}
}

func (m *model) status(id string) booking.Status {
	if b, ok := m.bookings[id]; ok {
		return b.status
	}
	return ""
}

func (m *model) hold(id string, seats []string) (booking.Code, []string) {
	switch status := m.status(id); {
	case status.Terminal():
		return booking.CodeHoldLost, nil
	case status != "":
		return "", nil
	}
	var taken []string
	for _, seat := range booking.SortSeats(seats) {
		if c, ok := m.claims[seat]; ok && c.state != claimExpired {
			taken = append(taken, seat)
		}
	}
	if len(taken) > 0 {
		return booking.CodeSeatsUnavailable, taken
	}
	for _, seat := range seats {
		m.claims[seat] = claim{id, claimHeld}
	}
	m.bookings[id] = &modelBooking{seats, booking.StatusHeld}
	return "", nil
}

// renew is both extend and keep: an expired hold lives again if it is whole.
func (m *model) renew(id string) booking.Code {
	switch {
	case m.status(id) != booking.StatusHeld:
		return booking.CodeConflict
	case !m.has(id):
		return booking.CodeHoldLost
	}
	m.set(id, claimHeld)
	return ""
}

func (m *model) confirm(id string) booking.Code {
	switch {
	case m.status(id) == booking.StatusConfirmed:
		return ""
	case m.status(id) != booking.StatusHeld, !m.has(id):
		return booking.CodeHoldLost
	}
	m.set(id, claimSold)
	m.bookings[id].status = booking.StatusConfirmed
	return ""
}

func (m *model) end(id string, status booking.Status) booking.Code {
	switch m.status(id) {
	case "", status:
		return ""
	case booking.StatusHeld:
		m.set(id, "")
		m.bookings[id].status = status
		return ""
	default:
		return booking.CodeConflict
	}
}

func (m *model) cancel(id string) booking.Code {
	switch m.status(id) {
	case booking.StatusCancelled:
		return ""
	case booking.StatusConfirmed:
		m.set(id, "")
		m.bookings[id].status = booking.StatusCancelled
		return ""
	default:
		return booking.CodeNotCancellable
	}
}

func TestInventoryFollowsTheModel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	customer := h.Customer()
	seats := []string{"A1", "A2", "A3", "A4", "A5", "A6"}
	rapid.Check(t, func(r *rapid.T) {
		show := h.Show()
		m := &model{claims: map[string]claim{}, bookings: map[string]*modelBooking{}}
		var ids []string
		for range 5 {
			ids = append(ids, showstest.Request(show, customer).BookingID)
		}
		agree := func(want booking.Code, err error) {
			if want == "" {
				require.NoError(r, err)
			} else {
				require.Equal(r, want, booking.CodeOf(err), "%v", err)
			}
		}
		someone := func(r *rapid.T) string { return rapid.SampledFrom(ids).Draw(r, "booking") }
		r.Repeat(map[string]func(*rapid.T){
			"hold": func(r *rapid.T) {
				req := showstest.Request(show, customer,
					rapid.SliceOfNDistinct(rapid.SampledFrom(seats), 1, 4, rapid.ID[string]).Draw(r, "seats")...)
				req.BookingID = someone(r)
				want, taken := m.hold(req.BookingID, req.Seats)
				_, err := h.store.Hold(t.Context(), req)
				agree(want, err)
				if want != "" {
					require.Equal(r, taken, showstest.Code(t, want, err).Seats)
				}
			},
			"extend": func(r *rapid.T) {
				id := someone(r)
				_, err := h.store.ExtendHold(t.Context(), booking.Extension{BookingID: id, By: time.Minute})
				agree(m.renew(id), err)
			},
			"keep": func(r *rapid.T) {
				id := someone(r)
				agree(m.renew(id), h.store.KeepHold(t.Context(), id))
			},
			"confirm": func(r *rapid.T) {
				id := someone(r)
				_, err := h.Confirm(t.Context(), id)
				agree(m.confirm(id), err)
			},
			"end": func(r *rapid.T) {
				id := someone(r)
				status := rapid.SampledFrom([]booking.Status{booking.StatusExpired, booking.StatusPaymentFailed}).Draw(r, "status")
				agree(m.end(id, status), h.store.End(t.Context(), booking.Ending{BookingID: id, Status: status}))
			},
			"cancel": func(r *rapid.T) {
				id := someone(r)
				agree(m.cancel(id), h.store.Cancel(t.Context(), booking.Cancellation{BookingID: id}))
			},
			"time passes": func(r *rapid.T) {
				id := someone(r)
				for seat, c := range m.claims {
					if c.booking == id && c.state == claimHeld {
						m.claims[seat] = claim{id, claimExpired}
					}
				}
				h.Expire(id)
			},
			"": func(r *rapid.T) { sameAsModel(r, h, show, m, ids) },
		})
	})
}

// sameAsModel compares what the database says with the model: claims, seat map,
// statuses, and the invariants about them.
func sameAsModel(r *rapid.T, h *house, show string, m *model, ids []string) {
	want := map[string]string{}
	held, sold := []string{}, []string{}
	for _, seat := range slices.Sorted(maps.Keys(m.claims)) {
		switch c := m.claims[seat]; c.state {
		case claimSold:
			want[seat] = "sold " + c.booking
			sold = append(sold, seat)
		case claimHeld:
			held = append(held, seat)
			fallthrough
		case claimExpired:
			want[seat] = "held " + c.booking
		}
	}
	require.Equal(r, want, h.Claims(show))
	seatMap, err := h.maps.SeatMap(h.T.Context(), show)
	require.NoError(r, err)
	require.Equal(r, held, seatMap.Held)
	require.Equal(r, sold, seatMap.Sold)
	for _, id := range ids {
		b, err := h.store.Booking(h.T.Context(), id)
		if m.status(id) == "" {
			require.Equal(r, booking.CodeNotFound, booking.CodeOf(err))
			continue
		}
		require.NoError(r, err)
		require.Equal(r, m.status(id), b.Status)
		require.Equal(r, b.Status == booking.StatusConfirmed || b.Status == booking.StatusCancelled, b.Ticket != nil)
	}
	h.checkInvariants(show)
	if h.T.Failed() {
		r.Fatal("an invariant is broken")
	}
}
