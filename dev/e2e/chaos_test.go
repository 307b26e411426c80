package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/dev/platform"
)

const (
	// chaosRows of seats, two for every five customers, and 200 at least.
	chaosRows, chaosSeats = 10, 200
	// chaosHold gives those who walk away their seats back within the test.
	chaosHold = 40 * time.Second
	// journeyWithin is how long one customer keeps trying.
	journeyWithin = 3 * time.Minute
)

// TestChaos lets a crowd loose on one show while webhooks come late, twice and in
// the wrong order. CHAOS_CUSTOMERS makes it larger (500), and CHAOS_KILLS, a
// duration, ends one process with SIGKILL every so often.
func TestChaos(t *testing.T) {
	customers := fromEnv(t, "CHAOS_CUSTOMERS", 500, strconv.Atoi)
	kills := fromEnv(t, "CHAOS_KILLS", 0, time.ParseDuration)
	seats := max(chaosSeats, customers*2/5)
	s := newStageOf(t, ShowPlan{Rows: chaosRows, PerRow: seats / chaosRows, StartsIn: 48 * time.Hour})
	replica, err := world.NewReplica(t.Context(), "chaos", map[string]string{"HOLD_FOR": chaosHold.String()})
	require.NoError(t, err)
	t.Cleanup(replica.Kill)
	// One account has several holds at most at a time; each is used that often.
	people := crowdOf(t, max(1, min(customers/booking.DefaultPolicy().MaxHolds+1, 500)))
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "duplicate", Copies: 3, Probability: 0.2})
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "delay", DurationMS: 200, JitterMS: 800, Probability: 0.3})
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "reorder", DurationMS: 1000, Probability: 0.1})

	figures := &figures{outcomes: map[string]int{}}
	stopKilling := s.killEvery(kills, replica, figures)
	begun := time.Now()
	together(min(customers, 500), customers, func(i int) {
		journey := &journey{stage: s, customer: people[i%len(people)].At(replica.Address), figures: figures}
		figures.end(journey.run())
	})
	took := time.Since(begun)
	stopKilling()
	t.Log(figures.report(customers, took))

	s.awaitNoHolds()
	figures.want(t, s, seats)
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

// awaitNoHolds waits until whoever walked away has lost the seats.
func (s *stage) awaitNoHolds() {
	s.Helper()
	var open int
	require.True(s, poll(s.Context(), chaosHold+grace+afterRestart, func() bool {
		err := world.DB.QueryRow(s.Context(), `SELECT count(*) FROM bookings WHERE show_id = $1 AND status = 'held'`, s.show).Scan(&open)
		return err == nil && open == 0
	}), "%d holds do not end", open)
}

// chaosParts are killed in turn; the one without a name is the replica that sells.
var chaosParts = []string{"worker", "", "api", "postgres", "worker", "sandbox", "temporal"}

// killEvery ends one process after the other until it is stopped.
func (s *stage) killEvery(interval time.Duration, replica *Replica, figures *figures) (stop func()) {
	if interval <= 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	wait.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			figures.kills.Add(1)
			if part := chaosParts[n%len(chaosParts)]; part != "" {
				s.killAndRestart(ctx, part)
				continue
			}
			replica.Kill()
			if err := replica.Start(ctx); err != nil && ctx.Err() == nil {
				s.Errorf("the replica does not come back: %v", err)
			}
		}
	})
	return func() {
		cancel()
		wait.Wait()
		for _, part := range []string{"temporal", "sandbox", "worker", "api"} {
			ready, done := context.WithTimeout(context.Background(), afterRestart)
			assert.NoError(s, world.Platform.WaitReady(ready, part))
			done()
		}
		ready, done := context.WithTimeout(context.Background(), afterRestart)
		defer done()
		if _, err := Seats(ready, replica.Address, s.show); err != nil {
			assert.NoError(s, replica.Start(ready))
		}
	}
}

// killAndRestart does not leave the restart to the platform, which waits longer
// and longer with a part that keeps dying: here that is no fault of the part's.
func (s *stage) killAndRestart(ctx context.Context, part string) {
	_ = world.Platform.KillChild(part) // one that is down already has to come back as well
	if part == string(platform.Postgres) {
		return
	}
	if err := world.Platform.RestartChild(ctx, part); err != nil && ctx.Err() == nil {
		s.Errorf("%s does not come back: %v", part, err)
	}
}

// journey is one customer's visit.
type journey struct {
	*stage
	customer *Customer
	figures  *figures
}

var (
	errSoldOut    = errors.New("sold out")
	errWalkedAway = errors.New("walked away")
	errFailed     = errors.New("payment failed")
)

// run is the visit from the first look at the seats to the ticket. It answers
// how it ended; an error that is none of ours is something that must not happen.
func (j *journey) run() (end string, err error) {
	ctx, cancel := context.WithTimeout(j.Context(), journeyWithin)
	defer cancel()
	b, err := j.hold(ctx)
	if err != nil {
		return "", err
	}
	if err := j.settle(ctx, b); err != nil {
		return "", err
	}
	if b, err = j.awaitEnd(ctx, b.ID); err != nil {
		return "", err
	}
	if b.Status == booking.StatusConfirmed && rand.IntN(10) == 0 {
		return j.cancel(ctx, b)
	}
	return string(b.Status), nil
}

// hold takes one to three seats beside each other, and others when those are
// gone, as somebody does who looks at the seat map.
func (j *journey) hold(ctx context.Context) (booking.Booking, error) {
	for range 20 {
		var seats SeatMap
		if err := Persist(ctx, func() (err error) { seats, err = Seats(ctx, j.customer.api, j.show); return err }); err != nil {
			return booking.Booking{}, err
		}
		chosen := someFree(seats)
		if chosen == nil {
			return booking.Booking{}, errSoldOut
		}
		var b booking.Booking
		key := NewKey()
		err := Persist(ctx, func() (err error) {
			begun := time.Now()
			b, _, err = j.customer.Book(ctx, key, For(j.show, chosen...))
			j.figures.answered(time.Since(begun), err)
			return err
		})
		switch {
		case err == nil && b.Status == booking.StatusHeld:
			return b, nil
		case err == nil:
			// It took so many tries to hear of the hold that it is over.
			return b, errWalkedAway
		case StatusOf(err) != http.StatusConflict && StatusOf(err) != http.StatusTooManyRequests:
			return b, err
		}
	}
	return booking.Booking{}, errSoldOut
}

func someFree(seats SeatMap) []string {
	taken := map[string]bool{}
	for _, seat := range slices.Concat(seats.Held, seats.Sold) {
		taken[seat] = true
	}
	want := 1 + rand.IntN(3)
	rows, from := seats.Layout.Rows, rand.IntN(len(seats.Layout.Rows))
	for i := range rows {
		row := rows[(from+i)%len(rows)].Seats
		start := rand.IntN(len(row))
		var run []string
		for k := range row {
			seat := row[(start+k)%len(row)].ID
			if taken[seat] {
				run = nil
				continue
			}
			if run = append(run, seat); len(run) == want {
				return run
			}
		}
		if len(run) > 0 {
			return run
		}
	}
	return nil
}

// settle pays. One in ten has a card that is refused; half of those have another.
func (j *journey) settle(ctx context.Context, b booking.Booking) error {
	pay := func(card string) error {
		return Persist(ctx, func() error {
			_, err := world.Sandbox.Pay(ctx, b.Payment, card)
			if StatusOf(err) == http.StatusBadRequest && strings.Contains(err.Error(), "canceled") {
				return errFailed // the hold ran out in the meantime
			}
			return err
		})
	}
	if rand.IntN(10) == 0 {
		if err := pay(Declined); StatusOf(err) != http.StatusPaymentRequired {
			return err
		}
		if rand.IntN(2) == 0 {
			return errWalkedAway
		}
	}
	return pay(Visa)
}

// awaitEnd waits as the page does that a customer lands on after the checkout.
func (j *journey) awaitEnd(ctx context.Context, id string) (b booking.Booking, err error) {
	if !poll(ctx, journeyWithin, func() bool {
		b, err = j.customer.Booking(ctx, id)
		return err == nil && b.Status != booking.StatusHeld
	}) {
		return b, fmt.Errorf("booking %s is paid and does not end: %w\n%s", id, err, j.story(j.customer, id))
	}
	return b, nil
}

func (j *journey) cancel(ctx context.Context, b booking.Booking) (string, error) {
	err := Persist(ctx, func() error {
		_, err := j.customer.Cancel(ctx, b.ID)
		return err
	})
	// A repeat after a lost answer finds it cancelled already.
	if err != nil && CodeOf(err) != booking.CodeNotCancellable {
		return "", fmt.Errorf("cancel booking %s: %w\n%s", b.ID, err, j.story(j.customer, b.ID))
	}
	b, err = j.customer.Booking(ctx, b.ID)
	return string(b.Status), err
}

// figures is what came of it.
type figures struct {
	mu       sync.Mutex
	outcomes map[string]int
	wrong    []string
	holds    []time.Duration
	lost     int // answers of a process that died, or was busy
	kills    atomic.Int64
}

func (f *figures) end(outcome string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err == nil:
		f.outcomes[outcome]++
	case errors.Is(err, errSoldOut), errors.Is(err, errWalkedAway), errors.Is(err, errFailed):
		f.outcomes[err.Error()]++
	default:
		f.wrong = append(f.wrong, err.Error())
	}
}

func (f *figures) answered(took time.Duration, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch StatusOf(err) {
	case 0:
		if err != nil {
			f.lost++
			return
		}
		f.holds = append(f.holds, took)
	case http.StatusServiceUnavailable:
		f.lost++
	}
}

func (f *figures) report(customers int, took time.Duration) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	slices.Sort(f.holds)
	at := func(share float64) time.Duration {
		if len(f.holds) == 0 {
			return 0
		}
		return f.holds[int(share*float64(len(f.holds)-1))].Round(time.Millisecond)
	}
	return fmt.Sprintf("%d customers in %s: %v; %.1f holds/s, POST to a held answer p50 %s, p95 %s; %d answers lost or busy, %d kills",
		customers, took.Round(time.Millisecond), f.outcomes, float64(len(f.holds))/took.Seconds(), at(0.5), at(0.95), f.lost, f.kills.Load())
}

// want judges the visits; the judge does the rest when the test ends.
func (f *figures) want(t *testing.T, s *stage, seats int) {
	t.Helper()
	const shown = 5
	assert.Empty(t, f.wrong[:min(shown, len(f.wrong))], "%d visits ended as none may", len(f.wrong))
	assert.Positive(t, f.outcomes[string(booking.StatusConfirmed)])
	sold := s.count(`SELECT count(*) FROM seat_claims WHERE show_id = $1 AND state = 'sold'`, s.show)
	distinct := s.count(`SELECT count(DISTINCT seat) FROM bookings b, unnest(b.seats) AS seat WHERE b.show_id = $1 AND b.status = 'confirmed'`, s.show)
	assert.Equal(t, sold, distinct, "every seat is sold once")
	assert.LessOrEqual(t, sold, seats)
	confirmed := s.count(`SELECT count(*) FROM bookings WHERE show_id = $1 AND status = 'confirmed'`, s.show)
	assert.GreaterOrEqual(t, confirmed, f.outcomes[string(booking.StatusConfirmed)], "nobody who saw a ticket lost it")
}
