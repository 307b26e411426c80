package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Violation is one invariant that does not hold, with what shows it.
type Violation struct {
	Invariant int
	Evidence  string
}

func (v Violation) String() string {
	return fmt.Sprintf("invariant %d (%s): %s", v.Invariant, invariants[v.Invariant-1].says, v.Evidence)
}

// invariants must hold after every fault, in the order of their numbers. Each check names
// every case against it.
var invariants = []struct {
	says  string
	check func(context.Context, *evidence) ([]string, error)
}{
	{"a seat of a show has at most one confirmed booking", soldOnce},
	{"a hold has all its seats or none", wholeHolds},
	{"captured − refunded is what confirmed bookings paid", moneyMatches},
	{"every capture belongs to one booking or was given back", noMoneyAstray},
	{"no hold outlives its expiry by more than the grace", noOldHolds},
	{"an acknowledged booking stays readable", stillReadable},
	{"terminal states never move back", terminalStays},
	{"each notification reaches its vendor once", toldOnce},
	{"free + held + sold = capacity", seatsAddUp},
	{"every saga ends, or waits for its show", sagasEnd},
	{"a confirmed booking is one sale in its theater's books, with the same seats and total", soldThere},
	{"a sale in a theater's books belongs to a booking, confirmed or in doubt", soldHere},
	{"no seat is kept for an order that its theater does not have", keptForNothing},
}

// querier is a pool or a transaction: the checks' own test doctors rows in one
// that is rolled back.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// evidence is everything the judge looks at. Shows limits the view to some
// shows, because other tests are in the middle of something; nil is everything.
type evidence struct {
	shows     []string
	db        querier
	books     Books
	sagas     []saga
	theaters  theaterOrders
	sightings []Sighting
	read      func(context.Context, Sighting) error
	seats     func(ctx context.Context, show string) (SeatMap, error)
}

// rows runs a query whose first parameter is the scope; every row is evidence.
// The query gives one text per case.
func (e *evidence) rows(ctx context.Context, sql string, args ...any) ([]string, error) {
	found, err := e.db.Query(ctx, sql, append([]any{e.shows}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowTo[string])
}

func (e *evidence) judge(ctx context.Context) ([]Violation, error) {
	var found []Violation
	for i, invariant := range invariants {
		cases, err := invariant.check(ctx, e)
		if err != nil {
			return nil, fmt.Errorf("invariant %d: %w", i+1, err)
		}
		for _, one := range cases {
			found = append(found, Violation{i + 1, one})
		}
	}
	return found, nil
}

// Violations looks once.
func (w *World) Violations(ctx context.Context, shows ...string) ([]Violation, error) {
	e := &evidence{shows: shows, db: w.DB, sightings: w.witness.of(shows), read: w.stillThere, seats: w.seatMap}
	var err error
	if e.books, err = w.Sandbox.Books(ctx); err != nil {
		return nil, err
	}
	if e.sagas, err = w.sagasOf(ctx, shows); err != nil {
		return nil, err
	}
	if e.theaters, err = w.theaterOrders(ctx, shows); err != nil {
		return nil, err
	}
	return e.judge(ctx)
}

// settleWithin is how long money, messages and workflows may take to settle after a test's
// last action.
const settleWithin = 60 * time.Second

// Settle repeats the checks until nothing is wrong, and returns the violations that are
// left at the timeout.
func (w *World) Settle(ctx context.Context, shows ...string) ([]Violation, error) {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		violations, err := w.Violations(ctx, shows...)
		if err == nil && len(violations) == 0 {
			return nil, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			// The last check may have been cut short; this one has its own timeout.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
			defer cancel()
			return w.Violations(ctx, shows...)
		}
	}
}

// Check is the judge: it waits until everything has settled, and fails the test
// with every invariant that does not hold then. Without shows it looks at all.
func (w *World) Check(t testing.TB, shows ...string) {
	t.Helper()
	violations, err := w.Settle(context.Background(), shows...)
	if err != nil {
		t.Errorf("the invariants cannot be checked: %v", err)
	}
	for _, violation := range violations {
		t.Errorf("%s", violation)
	}
}

func (w *World) stillThere(ctx context.Context, s Sighting) error {
	_, err := s.Customer.At(w.API).Booking(ctx, s.ID)
	return err
}

func (w *World) seatMap(ctx context.Context, show string) (SeatMap, error) {
	return Seats(ctx, w.API, show)
}

// stillReadable asks as the customer would.
func stillReadable(ctx context.Context, e *evidence) ([]string, error) {
	var (
		mu    sync.Mutex
		cases []string
		wait  sync.WaitGroup
		slots = make(chan struct{}, 8)
	)
	for _, s := range e.sightings {
		wait.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wait.Done() }()
			if err := e.read(ctx, s); err != nil {
				mu.Lock()
				defer mu.Unlock()
				cases = append(cases, fmt.Sprintf("booking %s: %v", s.ID, err))
			}
		}()
	}
	wait.Wait()
	return cases, nil
}

// terminalStays compares what the database tells of the past, of bookings and of
// payments, and what customers were shown.
func terminalStays(ctx context.Context, e *evidence) ([]string, error) {
	cases, err := e.rows(ctx, `
		SELECT format('booking %s: %s (entry %s) after %s (entry %s)', b.id, later.event, later.seq, ended.event, ended.seq)
		FROM bookings b JOIN booking_events ended ON ended.booking_id = b.id
			AND ended.event IN ('expired', 'payment_failed', 'cancelled')
		JOIN booking_events later ON later.booking_id = b.id AND later.seq > ended.seq
			AND later.event IN ('held', 'hold_extended', 'confirmed', 'expired', 'payment_failed', 'cancelled')
		WHERE $1::uuid[] IS NULL OR b.show_id = ANY ($1)
		UNION ALL
		SELECT format('booking %s is %s, its timeline says %s', b.id, b.status, ended.event)
		FROM bookings b JOIN booking_events ended ON ended.booking_id = b.id
			AND ended.event IN ('expired', 'payment_failed', 'cancelled') AND ended.event <> b.status
		WHERE $1::uuid[] IS NULL OR b.show_id = ANY ($1)
		UNION ALL
		SELECT format('payment %s: %s after %s', l.reference, l.movement, ended.movement)
		FROM ledger l JOIN ledger ended USING (provider, reference) JOIN bookings b ON b.id = l.booking_id
		WHERE ended.movement = 'void' AND l.id > ended.id AND ($1::uuid[] IS NULL OR b.show_id = ANY ($1))`)
	for _, s := range e.sightings {
		if s.Revived != "" {
			cases = append(cases, fmt.Sprintf("booking %s %s", s.ID, s.Revived))
		}
	}
	return cases, err
}
