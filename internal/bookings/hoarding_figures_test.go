package bookings

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

const (
	// tick is the time between two looks of an attacker.
	tick = 2 * time.Minute
	// extensions is how often a customer gets more time by default.
	extensions = 10
	// screens is how many shows the theater has on sale, of 24 single seats each.
	screens = 20
)

// attacker is a program that keeps as many seats as it can, and pays nothing.
type attacker struct {
	*crowd
	guarded  bool
	extends  bool
	customer func() string
	device   string
	accounts int // how many it has; 0 makes a new one for each hold

	known []string
	open  []*keeping
	free  map[string][]string // by show
}

// keeping is a hold of the attacker.
type keeping struct {
	req   booking.HoldRequest
	left  time.Duration
	times int // extended
}

// look is what the attacker does every two minutes: it keeps what it has, lets end what must,
// and takes all that it gets. It gives how many seats it has then.
func (a *attacker) look() (seats int) {
	a.T.Helper()
	a.forward(tick)
	kept := a.open[:0]
	for _, k := range a.open {
		if k.left -= tick; k.left <= tick && a.extends && k.times < extensions {
			a.extend(k)
		}
		if k.left > 0 {
			kept = append(kept, k)
			continue
		}
		a.end(k.req.BookingID, booking.StatusExpired)
		a.free[k.req.ShowID] = append(a.free[k.req.ShowID], k.req.Seats...)
	}
	a.open = kept
	a.takeAll()
	for _, k := range a.open {
		seats += len(k.req.Seats)
	}
	return seats
}

func (a *attacker) extend(k *keeping) {
	more := booking.Extension{BookingID: k.req.BookingID, By: 8 * time.Minute, FromNow: true}
	if a.guarded {
		more.AtMost, more.Unproved = 90*time.Minute, 24*time.Minute
	}
	held, err := a.store.ExtendHold(a.T.Context(), more)
	if err != nil {
		require.Equal(a.T, booking.CodeHoldNotExtendable, booking.CodeOf(err), "%v", err)
		k.times = extensions
		return
	}
	k.left, k.times = held.ExpiresIn.Round(time.Minute), k.times+1
}

// takeAll holds, show by show and account by account, until nothing more is given.
func (a *attacker) takeAll() {
	for len(a.known) < a.accounts {
		a.known = append(a.known, a.customer())
	}
	for show := range a.free {
		for i := 0; i < max(1, a.accounts) && len(a.free[show]) > 0; {
			customer := ""
			if a.accounts == 0 {
				customer = a.customer()
			} else {
				customer = a.known[i]
			}
			switch got, more := a.take(show, customer); {
			case got && a.accounts == 0:
			case !got && !more:
				return
			default:
				i++
			}
		}
	}
}

// take holds as many seats as one hold gets. It tells whether it got any and, if not, whether
// another account or show may.
func (a *attacker) take(show, customer string) (got, more bool) {
	for _, n := range []int{10, 6, 5, 3, 2, 1} {
		if n > len(a.free[show]) {
			continue
		}
		req := a.request(show, customer, a.device, "203.0.113.1", a.free[show][:n]...)
		req.MaxHolds = 4
		if !a.guarded {
			req.Rules = nil
		}
		_, err := a.store.Hold(a.T.Context(), req)
		switch reason := booking.ReasonOf(err); {
		case err == nil:
			a.open = append(a.open, &keeping{req: req, left: 8 * time.Minute})
			a.free[show] = a.free[show][n:]
			return true, true
		case booking.CodeOf(err) == booking.CodeUnpaidHolds && a.device != "":
			return false, false // the device waits
		case reason == booking.HoldsOfNetwork && n == 1:
			return false, false
		case booking.CodeOf(err) != booking.CodeHoldLimit || reason == booking.HoldsOpen:
			require.Contains(a.T, []booking.Code{booking.CodeTooManyHolds, booking.CodeHoldLimit, booking.CodeUnpaidHolds}, booking.CodeOf(err), "%v", err)
			return false, a.accounts > 1
		}
	}
	return false, true
}

// keeps is the mean number of seats in the first hour, and after it.
func (a *attacker) keeps(hours int) (first, then float64) {
	a.free = map[string][]string{}
	for range screens {
		show := a.Show()
		for _, row := range showstest.Hall().Rows[:3] { // the fourth has sofas, which go whole
			for _, seat := range row.Seats {
				a.free[show] = append(a.free[show], seat.ID)
			}
		}
	}
	looks := int(time.Hour / tick)
	for n := range hours * looks {
		seats := float64(a.look())
		if n < looks {
			first += seats / float64(looks)
		} else {
			then += seats / float64((hours-1)*looks)
		}
	}
	return first, then
}

// TestSeatsOneAttackerKeeps makes the figures of docs/hoarding.md: how many seats one attacker
// keeps on average, of 480, before and after the limits of production; the better of two ways,
// with and without more time to pay. The time is that of the database, moved on. FIGURES says
// over how many hours; with -v it prints the table. It takes minutes, so it runs only when it is
// asked for; the limits themselves are tested in hoarding_test.go.
func TestSeatsOneAttackerKeeps(t *testing.T) {
	t.Parallel()
	hours, err := strconv.Atoi(os.Getenv("FIGURES"))
	if err != nil || hours < 2 {
		t.Skip("FIGURES=2 makes the figures of docs/hoarding.md, of two hours")
	}
	for name, kind := range map[string]struct {
		proved      bool
		accounts    int
		device      string
		first, then float64 // what the limits leave, at most
	}{
		"one account, address not confirmed":          {accounts: 1, first: 6, then: 3},
		"one account, address confirmed":              {proved: true, accounts: 1, first: 20, then: 20},
		"one browser, ten confirmed accounts":         {proved: true, accounts: 10, device: "browser", first: 20, then: 20},
		"one IPv4 address, a new guest for each hold": {first: 400, then: 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			best := func(guarded bool) (first, then float64) {
				for _, extends := range []bool{true, false} {
					c := newCrowd(t)
					a := &attacker{crowd: c, guarded: guarded, extends: extends, customer: c.Customer, device: kind.device, accounts: kind.accounts}
					if kind.proved {
						a.customer = c.proved
					}
					f, n := a.keeps(hours)
					t.Logf("%s: guarded=%t extends=%t: %.1f, %.1f", name, guarded, extends, f, n)
					first, then = max(first, f), max(then, n)
				}
				return first, then
			}
			after, afterThen := best(true)
			assert.LessOrEqual(t, after, kind.first+0.1)
			assert.LessOrEqual(t, afterThen, kind.then+0.1)
			before, beforeThen := best(false)
			t.Logf("| %s | %.0f, %.0f | %.1f | %.1f |", name, before, beforeThen, after, afterThen)
			assert.Greater(t, beforeThen, afterThen)
		})
	}
}
