package e2e

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	// chaosHold frees the seats of customers who leave within the test.
	chaosHold = 40 * time.Second
	// journeyWithin is how long one customer keeps trying to get seats, and then to pay.
	journeyWithin = 3 * time.Minute
	// hallSeats bounds a show of these tests, because every customer reads a seat map.
	hallSeats, hallRows = 1000, 10
	// partyOf is how many seats a customer wants at most.
	partyOf = 3
)

// chaos is the settings of a crowd. `make chaos` passes them; docs are in
// docs/operating.md.
type chaos struct {
	customers int           // CHAOS_CUSTOMERS: how many come, at most
	atOnce    int           // CHAOS_AT_ONCE: how many are there at a time
	seats     int           // CHAOS_SEATS: how many are for sale
	last      time.Duration // CHAOS_FOR: after that no more customers come; 0 is no end
	kills     time.Duration // CHAOS_KILLS: how often a process ends with SIGKILL; 0 is never
	killFor   time.Duration // CHAOS_KILL_FOR: how long kills go on; 0 is as long as customers come
	// stay means that no customer cancels.
	stay bool
}

func chaosFromEnv(t *testing.T, customers, seatsPerTen int) chaos {
	c := chaos{
		customers: fromEnv(t, "CHAOS_CUSTOMERS", customers, strconv.Atoi),
		last:      fromEnv(t, "CHAOS_FOR", 0, time.ParseDuration),
		kills:     fromEnv(t, "CHAOS_KILLS", 0, time.ParseDuration),
		killFor:   fromEnv(t, "CHAOS_KILL_FOR", 0, time.ParseDuration),
	}
	c.atOnce = fromEnv(t, "CHAOS_AT_ONCE", min(c.customers, 500), strconv.Atoi)
	c.seats = fromEnv(t, "CHAOS_SEATS", max(c.customers*seatsPerTen/10, hallRows), strconv.Atoi)
	return c
}

// fromEnv reads a setting of the long run.
func fromEnv[T any](t *testing.T, name string, fallback T, parse func(string) (T, error)) T {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return fallback
	}
	value, err := parse(text)
	require.NoError(t, err, name)
	return value
}

// TestChaos sends a crowd to shows with seats for every customer, while webhooks come late,
// twice and out of order. A kill must not make a wanted hold expire, and must not slow down
// sales permanently.
func TestChaos(t *testing.T) {
	c := chaosFromEnv(t, 300, 10*partyOf)
	figures := c.run(t)
	figures.wantFewExpired(t)
	figures.wantSteadySales(t)
}

// TestChaosSellsOut has fewer seats than customers: all of them are sold in the end, also
// those that were held by customers who left.
func TestChaosSellsOut(t *testing.T) {
	c := chaosFromEnv(t, 300, 3)
	c.stay = true
	figures := c.run(t)
	figures.wantSoldOut(t)
}

// run starts the crowd and waits until every customer has left and nothing is held.
func (c chaos) run(t *testing.T) *figures {
	halls := (c.seats + hallSeats - 1) / hallSeats
	perRow := max(1, c.seats/halls/hallRows)
	c.seats = halls * perRow * hallRows
	s := newStageOf(t, ShowPlan{Rows: hallRows, PerRow: perRow, StartsIn: 48 * time.Hour})
	shows := []string{s.show}
	for range halls - 1 {
		shows = append(shows, newStageOf(t, ShowPlan{Rows: hallRows, PerRow: perRow, StartsIn: 48 * time.Hour}).show)
	}
	replica, err := world.NewReplica(t.Context(), "chaos", map[string]string{"HOLD_FOR": chaosHold.String()})
	require.NoError(t, err)
	t.Cleanup(replica.Kill)
	// An account may have only a few holds at a time, so each account is used that many
	// times.
	people := crowdOf(t, max(1, min(c.customers/booking.DefaultPolicy().MaxHolds+1, 500)))
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "duplicate", Copies: 3, Probability: 0.2})
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "delay", DurationMS: 200, JitterMS: 800, Probability: 0.3})
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "reorder", DurationMS: 1000, Probability: 0.1})

	figures := newFigures(c, shows)
	t.Logf("%d customers, %d at once, %d seats in %d shows; a kill every %s for %s; no new customer after %s (0s is no end)",
		c.customers, c.atOnce, c.seats, halls, c.kills, c.killFor, c.last)
	stopKilling := s.killEvery(c.kills, c.killFor, replica, figures)
	stopReporting := figures.everyMinute(t)
	together(c.atOnce, c.customers, func(i int) {
		if c.last > 0 && time.Since(figures.begun) > c.last {
			return
		}
		figures.came.Add(1)
		journey := &journey{stage: s, shows: shows, stay: c.stay,
			customer: people[i%len(people)].At(replica.Address), figures: figures}
		figures.end(journey.run())
	})
	figures.over()
	stopKilling()
	stopReporting()
	t.Log(figures.report(s))

	s.awaitNoHolds(shows)
	figures.want(t, s)
	return figures
}

// awaitNoHolds waits until the holds of customers who left have expired.
func (s *stage) awaitNoHolds(shows []string) {
	s.Helper()
	var open int
	require.True(s, poll(s.Context(), chaosHold+grace+afterRestart, func() bool {
		err := world.DB.QueryRow(s.Context(),
			`SELECT count(*) FROM bookings WHERE show_id = ANY ($1) AND status = 'held'`, shows).Scan(&open)
		return err == nil && open == 0
	}), "%d holds do not end", open)
}
