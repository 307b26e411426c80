package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestChaosOverATheatersOwnSystem has customers of three payment providers at a theater that
// sells from its own system: all of them answer late, wrongly, or not at all, and the theater's
// counter sells, cancels and changes prices, too. In the end all books are ours.
func TestChaosOverATheatersOwnSystem(t *testing.T) {
	style := os.Getenv("CHAOS_HOUSE")
	switch style {
	case "":
		t.Skip("CHAOS_HOUSE=session or office runs the chaos over a theater's own system, which takes minutes")
	case "1":
		style = "session"
	}
	c := chaosFromEnv(t, 60, 10*partyOf)
	c.providers, c.faults = []string{"stripe", "razorpay", "paypal"}, 0.05
	c.theater, c.within = style, remoteWithin
	c.run(t)
}

// theaterFaults are all ways in which a theater's system goes wrong, with details where the
// usual ones are of no use here.
var theaterFaults = []Fault{
	{Fault: "latency", DurationMS: 1000, JitterMS: 4000},
	{Fault: "error", Status: 500},
	{Fault: "error", Status: 500, Done: true},
	{Fault: "reply_lost"}, {Fault: "never_answered"}, {Fault: "unreachable"}, {Fault: "half_answer"},
	{Fault: "failed"}, {Fault: "booked_but_failed"}, {Fault: "wrong_codes"},
	{Fault: "pending"}, {Fault: "pending_fails"},
	{Fault: "ends_early", DurationMS: 3000}, {Fault: "end_missing"}, {Fault: "clock_off"}, {Fault: "cached"},
	{Fault: "price_changed"}, {Fault: "duplicate_refused"}, {Fault: "counter_takes"}, {Fault: "counter_cancels"},
	{Fault: "feed_duplicate"}, {Fault: "feed_late"}, {Fault: "feed_omits"}, {Fault: "feed_reorder"},
}

// programEvery is how often the theater's program is read in the chaos, and fullEvery every
// how many times it cannot be continued.
const programEvery, fullEvery = 3 * time.Second, 10

// chaos makes the theater's system go wrong, and reads its program more often than usual,
// because its prices change. What it answers ends that.
func (s *remoteStage) chaos(probability float64) (repair func()) {
	if s == nil {
		return func() {}
	}
	s.Helper()
	var on []Fault
	for _, fault := range theaterFaults {
		fault.Probability = probability
		on = append(on, s.breakTheater(fault))
	}
	ctx, cancel := context.WithCancel(s.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := 1; ctx.Err() == nil; n++ {
			if n%fullEvery == 0 {
				_ = s.post(ctx, "forget-changes", nil)
			}
			_ = s.ReadProgram(ctx) // what is down is asked again
			pause(ctx, programEvery)
		}
	})
	return func() {
		s.Helper()
		cancel()
		wait.Wait()
		var struck strings.Builder
		for _, fault := range on {
			hits, err := world.Sandbox.Hits(s.Context(), fault)
			require.NoError(s, err)
			fmt.Fprintf(&struck, " %s %d", fault.Fault, hits)
			s.repair(fault)
		}
		s.Logf("the theater's faults struck:%s", struck.String())
	}
}

// awaitSettled compares the books as the theater's schedule does, and waits until what was let
// go while the theater did not answer is undone.
func (s *remoteStage) awaitSettled() {
	if s == nil {
		return
	}
	s.Helper()
	begun := time.Now()
	// Steps that failed often are tried again after a minute.
	for time.Since(begun) < 3*afterRestart {
		require.NoError(s, s.Reconcile(s.Context()))
		if found, err := world.Settle(s.Context(), s.Shows...); err == nil && len(found) == 0 {
			break
		}
	}
	orders, err := world.Sandbox.TheaterBooks(s.Context(), s.Site)
	require.NoError(s, err)
	count := map[string]int{}
	for _, order := range orders {
		switch {
		case order.Counter:
			count["sold at the counter"]++
		case order.Status == "cancelled":
			count["cancelled by the "+order.By]++
		default:
			count[order.Status]++
		}
	}
	s.Logf("settled in %s; the theater's books: %v", time.Since(begun).Round(time.Millisecond), count)
	assert.Positive(s, count["sold"])
}
