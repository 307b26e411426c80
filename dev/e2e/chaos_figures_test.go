package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// figures is what came of it.
type figures struct {
	chaos
	shows  []string
	begun  time.Time
	killed atomic.Int64
	came   atomic.Int64 // customers

	mu       sync.Mutex
	ended    time.Time // when the last customer left
	outcomes map[string]int
	wrong    []string
	holds    []time.Duration
	lost     int            // answers of a process that died, or was busy
	status   map[int]int    // answers to a wish for seats, by HTTP status
	leavers  []string       // bookings that their customer left on purpose
	minutes  []minuteFigure // one a minute
}

func newFigures(c chaos, shows []string) *figures {
	return &figures{chaos: c, shows: shows, begun: time.Now(), outcomes: map[string]int{}, status: map[int]int{}}
}

func (f *figures) end(outcome string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := []error{errSoldOut, errWalkedAway, errTooLate, errFailed, errGaveUp}
	switch {
	case err == nil:
		f.outcomes[outcome]++
	case slices.ContainsFunc(known, func(end error) bool { return errors.Is(err, end) }):
		f.outcomes[err.Error()]++
	default:
		f.wrong = append(f.wrong, err.Error())
	}
}

// left notes a customer who goes away from a hold.
func (f *figures) left(bookingID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leavers = append(f.leavers, bookingID)
}

func (f *figures) answered(took time.Duration, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	status := StatusOf(err)
	switch {
	case err == nil:
		status = http.StatusCreated
		f.holds = append(f.holds, took)
	case status == 0, status == http.StatusServiceUnavailable:
		f.lost++
	}
	f.status[status]++
}

// over notes that the last customer has left.
func (f *figures) over() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = time.Now()
}

// minuteFigure counts what happened in a stretch of time.
type minuteFigure struct {
	held, confirmed, expired int
	// left is how many of those that expired had been left on purpose.
	left  int
	seats int // that are neither held nor sold at its end
}

func (m minuteFigure) String() string {
	return fmt.Sprintf("%4d held, %4d confirmed, %4d expired (%d left on purpose), %4d seats free",
		m.held, m.confirmed, m.expired, m.left, m.seats)
}

// between asks the database what happened from one moment to another.
func (f *figures) between(ctx context.Context, from, to time.Time) (m minuteFigure, err error) {
	f.mu.Lock()
	left := slices.Clone(f.leavers)
	f.mu.Unlock()
	err = world.DB.QueryRow(ctx, `SELECT
			count(*) FILTER (WHERE e.event = 'held'), count(*) FILTER (WHERE e.event = 'confirmed'),
			count(*) FILTER (WHERE e.event = 'expired'),
			count(*) FILTER (WHERE e.event = 'expired' AND b.id = ANY ($2::uuid[]))
		FROM booking_events e JOIN bookings b ON b.id = e.booking_id
		WHERE b.show_id = ANY ($1::uuid[]) AND e.at >= $3 AND e.at < $4`, f.shows, left, from, to,
	).Scan(&m.held, &m.confirmed, &m.expired, &m.left)
	if err != nil {
		return m, err
	}
	taken, err := world.DB.Query(ctx, `SELECT count(*)::int FROM seat_claims
		WHERE show_id = ANY ($1::uuid[]) AND (state = 'sold' OR held_until >= now())`, f.shows)
	if err != nil {
		return m, err
	}
	n, err := pgx.CollectExactlyOneRow(taken, pgx.RowTo[int])
	m.seats = f.seats - n
	return m, err
}

// everyMinute prints the figures of the last minute. A minute in which the database was
// down is read later.
func (f *figures) everyMinute(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := 1; ; n++ {
			pause(ctx, time.Until(f.begun.Add(time.Duration(n)*time.Minute)))
			if ctx.Err() != nil {
				return
			}
			var m minuteFigure
			poll(ctx, 30*time.Second, func() (ok bool) {
				var err error
				m, err = f.between(ctx, f.begun.Add(time.Duration(n-1)*time.Minute), f.begun.Add(time.Duration(n)*time.Minute))
				return err == nil
			})
			f.mu.Lock()
			f.minutes = append(f.minutes, m)
			t.Logf("minute %2d: %s; answers so far %v", n, m, f.status)
			f.mu.Unlock()
		}
	})
	return func() {
		cancel()
		wait.Wait()
	}
}

func (f *figures) report(s *stage) string {
	all, err := f.between(s.Context(), f.begun, time.Now())
	require.NoError(s, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	slices.Sort(f.holds)
	at := func(share float64) time.Duration {
		if len(f.holds) == 0 {
			return 0
		}
		return f.holds[int(share*float64(len(f.holds)-1))].Round(time.Millisecond)
	}
	took := f.ended.Sub(f.begun)
	var text strings.Builder
	fmt.Fprintf(&text, "%d customers in %s: %v\n", f.came.Load(), took.Round(time.Millisecond), f.outcomes)
	fmt.Fprintf(&text, "%s; %.0f confirmed per minute; expired and not left on purpose: %.1f %% of holds\n",
		all, float64(all.confirmed)/took.Minutes(), 100*all.phantoms())
	fmt.Fprintf(&text, "POST to a held answer p50 %s, p95 %s; %d answers lost or busy, by status %v; %d kills",
		at(0.5), at(0.95), f.lost, f.status, f.killed.Load())
	return text.String()
}

// phantoms is the share of holds that expired although their customer wanted them.
func (m minuteFigure) phantoms() float64 {
	if m.held == 0 {
		return 0
	}
	return float64(m.expired-m.left) / float64(m.held)
}

// want checks the visits; the judge checks the rest when the test ends.
func (f *figures) want(t *testing.T, s *stage) {
	t.Helper()
	const shown = 5
	assert.Empty(t, f.wrong[:min(shown, len(f.wrong))], "%d visits ended as none may", len(f.wrong))
	assert.Positive(t, f.outcomes[string(booking.StatusConfirmed)])
	sold := s.count(`SELECT count(*) FROM seat_claims WHERE show_id = ANY ($1) AND state = 'sold'
		AND booking_id <> '00000000-0000-0000-0000-000000000000'`, f.shows)
	distinct := s.count(`SELECT count(DISTINCT (b.show_id, seat)) FROM bookings b, unnest(b.seats) AS seat
		WHERE b.show_id = ANY ($1) AND b.status = 'confirmed'`, f.shows)
	assert.Equal(t, sold, distinct, "every seat is sold once")
	assert.LessOrEqual(t, sold, f.seats)
	confirmed := s.count(`SELECT count(*) FROM bookings b WHERE show_id = ANY ($1) AND (status = 'confirmed' OR status = 'cancelled'
		AND EXISTS (SELECT FROM alerts a WHERE a.booking_id = b.id AND a.kind = 'house_sale_missing'))`, f.shows)
	assert.GreaterOrEqual(t, confirmed, f.outcomes[string(booking.StatusConfirmed)], "no customer who saw a ticket lost it, but by the theater's counter")
}

// wantFewExpired allows one hold of ten to run out that no customer left on
// purpose.
func (f *figures) wantFewExpired(t *testing.T) {
	t.Helper()
	all, err := f.between(t.Context(), f.begun, time.Now())
	require.NoError(t, err)
	assert.LessOrEqual(t, all.phantoms(), 0.1, "holds that ran out although their customers wanted them: %s", all)
}

// wantSteadySales compares the last five minutes with the first five, of a run that
// is long enough to have both.
func (f *figures) wantSteadySales(t *testing.T) {
	t.Helper()
	const stretch = 5 * time.Minute
	until := f.ended
	if f.last > 0 && f.begun.Add(f.last).Before(until) {
		until = f.begun.Add(f.last)
	}
	if until.Sub(f.begun) < 2*stretch {
		return
	}
	first, err := f.between(t.Context(), f.begun, f.begun.Add(stretch))
	require.NoError(t, err)
	last, err := f.between(t.Context(), until.Add(-stretch), until)
	require.NoError(t, err)
	t.Logf("the first five minutes confirmed %d, the last five %d", first.confirmed, last.confirmed)
	assert.GreaterOrEqual(t, float64(last.confirmed), 0.7*float64(first.confirmed), "sales slow down")
}

// wantSoldOut wants every seat sold.
func (f *figures) wantSoldOut(t *testing.T) {
	t.Helper()
	all, err := f.between(t.Context(), f.begun, time.Now())
	require.NoError(t, err)
	assert.Zero(t, all.seats, "seats that no customer could buy, of %d", f.seats)
}
