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
	// journeyWithin is how long one customer keeps trying to get seats, and then to pay; at a
	// theater whose system is as bad, a sale may take as long as remoteWithin to be decided.
	journeyWithin, remoteWithin = 3 * time.Minute, 10 * time.Minute
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
	// providers are those that customers pay with, each as often; empty is Stripe.
	providers []string
	// faults is how often a call to a payment vendor, or to the theater's own system, goes wrong,
	// for each way of going wrong.
	faults float64
	// theater is the style of the system that sells all shows; empty is ours.
	theater string
	within  time.Duration // how long one customer keeps trying to get seats, and then to pay
}

func chaosFromEnv(t *testing.T, customers, seatsPerTen int) chaos {
	c := chaos{
		customers: fromEnv(t, "CHAOS_CUSTOMERS", customers, strconv.Atoi),
		last:      fromEnv(t, "CHAOS_FOR", 0, time.ParseDuration),
		kills:     fromEnv(t, "CHAOS_KILLS", 0, time.ParseDuration),
		killFor:   fromEnv(t, "CHAOS_KILL_FOR", 0, time.ParseDuration),
		within:    journeyWithin,
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
	c := chaosFromEnv(t, 200, 10*partyOf)
	figures := c.run(t)
	figures.wantFewExpired(t)
	figures.wantSteadySales(t)
}

// TestChaosSellsOut has fewer seats than customers: all of them are sold in the end, also
// those that were held by customers who left.
func TestChaosSellsOut(t *testing.T) {
	c := chaosFromEnv(t, 200, 3)
	c.stay = true
	figures := c.run(t)
	figures.wantSoldOut(t)
}

// TestChaosOverThreeProviders has customers of three payment providers, each of which answers
// late, wrongly, or not at all. Every provider's books are ours in the end.
func TestChaosOverThreeProviders(t *testing.T) {
	if os.Getenv("CHAOS_PROVIDERS") == "" {
		t.Skip("CHAOS_PROVIDERS=1 runs the chaos over three payment providers, which takes minutes")
	}
	c := chaosFromEnv(t, 60, 10*partyOf)
	c.providers, c.faults = []string{"stripe", "razorpay", "paypal"}, 0.05
	c.run(t)
}

// run starts the crowd and waits until every customer has left and nothing is held.
func (c chaos) run(t *testing.T) *figures {
	halls := (c.seats + hallSeats - 1) / hallSeats
	perRow := max(1, c.seats/halls/hallRows)
	c.seats = halls * perRow * hallRows
	plan := ShowPlan{Rows: hallRows, PerRow: perRow, StartsIn: 48 * time.Hour}
	if len(c.providers) > 0 {
		plan.Currency = "GBP" // PayPal cannot receive rupees
	} else {
		c.providers = []string{"stripe"}
	}
	s, shows, theater := c.stages(t, halls, plan)
	replica, err := world.NewReplica(t.Context(), "chaos", map[string]string{"HOLD_FOR": chaosHold.String()})
	require.NoError(t, err)
	t.Cleanup(replica.Kill)
	// An account may have only a few holds at a time, so each account is used that many
	// times.
	people := crowdOf(t, max(1, min(c.customers/booking.DefaultPolicy().MaxHolds+1, 500)))
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "duplicate", Copies: 3, Probability: 0.2})
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "delay", DurationMS: 200, JitterMS: 800, Probability: 0.3})
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "reorder", DurationMS: 1000, Probability: 0.1})

	repairProviders := s.breakProviders(c)
	repairTheater := theater.chaos(c.faults)

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
		journey := &journey{stage: s, shows: shows, stay: c.stay, provider: c.providers[i%len(c.providers)],
			customer: people[i%len(people)].At(replica.Address), figures: figures}
		figures.end(journey.run())
	})
	figures.over()
	stopKilling()
	stopReporting()
	t.Log(figures.report(s))

	repairTheater()
	repairProviders()
	s.awaitNoHolds(shows)
	theater.awaitSettled()
	figures.want(t, s)
	return figures
}

// stages makes the shows. theater is nil when they are ours to sell.
func (c chaos) stages(t *testing.T, halls int, plan ShowPlan) (s *stage, shows []string, theater *remoteStage) {
	if c.theater != "" {
		theater = newRemoteStageOf(t, TheaterPlan{Style: c.theater, Rows: plan.Rows, PerRow: plan.PerRow, Shows: halls})
		return theater.stage, theater.Shows, theater
	}
	s = newStageOf(t, plan)
	shows = []string{s.show}
	for range halls - 1 {
		shows = append(shows, newStageOf(t, plan).show)
	}
	return s, shows, nil
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

// breakProviders makes calls to the payment vendors go wrong, until the function that it returns
// is called: a step that failed often waits a minute for its next try, and that must not fail, too.
func (s *stage) breakProviders(c chaos) (repair func()) {
	if c.faults == 0 {
		return func() {}
	}
	var on []Fault
	for _, vendor := range c.providers {
		on = append(on, s.breakVendor(Fault{Vendor: vendor, Fault: "error", Status: 500, Probability: c.faults}))
		on = append(on, s.breakVendor(Fault{Vendor: vendor, Fault: "error", Status: 500, Done: true, Probability: c.faults}))
		on = append(on, s.breakVendor(Fault{Vendor: vendor, Fault: "error", Status: 429, Probability: c.faults}))
		on = append(on, s.breakVendor(Fault{Vendor: vendor, Fault: "reply_lost", Probability: c.faults}))
		on = append(on, s.breakVendor(Fault{Vendor: vendor, Fault: "latency", DurationMS: 1000, JitterMS: 4000, Probability: c.faults}))
	}
	return func() {
		for _, fault := range on {
			s.repair(fault)
		}
	}
}
