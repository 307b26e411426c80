package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

// The method. One theater of the sandbox sells from its own system. Half of its shows are
// made ours: the same rooms, prices and films, sold by our database alone. Then single holds
// take turns, one at a show of ours and one at a show of the theater, on a machine that does
// nothing else. Each is answered when the workflow has held and opened the payment, as a
// customer waits for it. The inventory, the books and the workers are those of production, and
// so is the client of the theater; the payment provider and the messages answer at once. The
// sandbox is in this process and writes to its disk, so the figure is what the steps add: a
// real theater's own time, and the way to it, come on top.
//
// One booking of each kind is then bought, and the events of its history are counted when it
// waits for its reminder.
func theatersBenchmark(ctx context.Context, args []string) error {
	var b theatersBench
	flags := flag.NewFlagSet("theaters", flag.ExitOnError)
	flags.IntVar(&b.holds, "holds", 400, "holds of each kind")
	flags.DurationVar(&b.pause, "pause", 20*time.Millisecond, "how long the machine rests between two holds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return b.run(ctx)
}

// Budgets of a hold at a theater with a system of its own, beyond one of ours.
const (
	mostAdded       = 40 * time.Millisecond
	mostAddedEvents = 2
)

// wanted are two seats of a show.
type wanted struct {
	show  string
	seats []string
}

// heldAt is one kind of show, and what was measured there.
type heldAt struct {
	name   string
	seats  []wanted
	took   []time.Duration
	bought string // a booking
	events int64
}

type theatersBench struct {
	holds int
	pause time.Duration

	client   client.Client
	db       *database.DB
	customer string
	provider *echoProvider
	bookings *bookings.Store
	started  []string
}

func (b *theatersBench) run(ctx context.Context) error {
	house := &readHouse{}
	defer house.close()
	var err error
	if b.db, err = house.openDatabase(ctx); err != nil {
		return err
	}
	if b.client, err = benchClient(ctx); err != nil {
		return err
	}
	defer b.client.Close()
	effects, err := b.open(ctx, house)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- workers.Run(serving, workers.Options{
			Client: b.client, Activities: effects, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
	}()
	defer func() { stop(); <-ended }()
	defer b.terminate(context.WithoutCancel(ctx))

	ours, theirs, err := b.shows(ctx)
	if err != nil {
		return err
	}
	if err := b.race(ctx, ours, theirs); err != nil {
		return err
	}
	for _, at := range []*heldAt{ours, theirs} {
		if err := b.buy(ctx, at); err != nil {
			return err
		}
	}
	report(ours, theirs)
	return nil
}

// race holds at both in turn. Which is first changes each time.
func (b *theatersBench) race(ctx context.Context, ours, theirs *heldAt) error {
	const warm = 20
	both := []*heldAt{ours, theirs}
	for i := range b.holds + warm {
		both[0], both[1] = both[1], both[0]
		for _, at := range both {
			time.Sleep(b.pause)
			began := time.Now()
			id, err := b.hold(ctx, at.seats[i])
			if err != nil {
				return fmt.Errorf("hold %v at a show of %s: %w", at.seats[i].seats, at.name, err)
			}
			if i >= warm {
				at.took = append(at.took, time.Since(began))
			}
			at.bought = id
		}
	}
	return nil
}

func (b *theatersBench) hold(ctx context.Context, at wanted) (string, error) {
	id := uuid.NewString()
	b.started = append(b.started, id)
	policy := booking.DefaultPolicy()
	policy.MaxHolds = 1 << 20 // all are one customer's
	return id, startWorkflow(ctx, b.client, workflows.BookingWorkflow, workflows.BookingInput{
		BookingID: id, CustomerID: b.customer, ShowID: at.show, Seats: at.seats, Provider: provider, Policy: policy,
	})
}

// buy pays for the last hold, and counts the events of its history when nothing is left to do.
func (b *theatersBench) buy(ctx context.Context, at *heldAt) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := b.client.SignalWorkflow(ctx, at.bought, "", workflows.SignalPayment, b.provider.state(at.bought, booking.PaymentAuthorized)); err != nil {
		return err
	}
	for same := 0; same < 4; {
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the booking at a show of %s did not end", at.name), ctx.Err())
		case <-time.After(250 * time.Millisecond):
		}
		bought, err := b.bookings.Booking(ctx, at.bought)
		if err != nil {
			return err
		}
		described, err := b.client.DescribeWorkflowExecution(ctx, at.bought, "")
		if err != nil {
			return err
		}
		events := described.GetWorkflowExecutionInfo().GetHistoryLength()
		if bought.Status == booking.StatusConfirmed && len(described.GetPendingActivities()) == 0 && events == at.events {
			same++
		} else {
			same = 0
		}
		at.events = events
	}
	return nil
}

func report(ours, theirs *heldAt) {
	for _, at := range []*heldAt{ours, theirs} {
		fmt.Printf("hold at a show of %-15s %4d holds, p50 %8s, p99 %8s; %d events when it is bought\n",
			at.name, len(at.took), percentile(at.took, 50), percentile(at.took, 99), at.events)
	}
	fmt.Printf("\na theater's own system adds %s at p50, %s at p99  (budget ≤ %s)\n",
		percentile(theirs.took, 50)-percentile(ours.took, 50), percentile(theirs.took, 99)-percentile(ours.took, 99), mostAdded)
	fmt.Printf("and %d events to the history                        (budget ≤ %d)\n", theirs.events-ours.events, mostAddedEvents)
}

// terminate ends what waits to be paid: the database is going away.
func (b *theatersBench) terminate(ctx context.Context) {
	for _, id := range b.started {
		_ = b.client.TerminateWorkflow(ctx, id, "", "the benchmark is over")
	}
}

// echoProvider opens payments of what it is asked for, and does at once what it is told.
type echoProvider struct {
	instantProvider

	mu     sync.Mutex
	opened map[string]booking.Money // by booking, which is the reference too
}

func (p *echoProvider) Open(_ context.Context, req booking.PaymentRequest) (booking.PaymentState, error) {
	p.mu.Lock()
	p.opened[req.BookingID] = req.Amount
	p.mu.Unlock()
	return p.state(req.BookingID, booking.PaymentOpen), nil
}

func (p *echoProvider) Get(_ context.Context, reference string) (booking.PaymentState, error) {
	return p.state(reference, booking.PaymentAuthorized), nil
}

func (p *echoProvider) Capture(_ context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	return p.state(step.Reference, booking.PaymentCaptured), nil
}

func (p *echoProvider) state(id string, status booking.PaymentStatus) booking.PaymentState {
	p.mu.Lock()
	defer p.mu.Unlock()
	state := payment(id, status)
	state.Amount, state.Currency = p.opened[id].Amount, p.opened[id].Currency
	state.Authorized, state.Captured = min(state.Authorized, state.Amount), min(state.Captured, state.Amount)
	if state.Authorized > 0 {
		state.Authorized = state.Amount
	}
	if state.Captured > 0 {
		state.Captured = state.Amount
	}
	return state
}

// effects are the activities over the stores of production.
func (b *theatersBench) effects(known *shows.Store, registry activities.HouseRegistry) workers.Activities {
	books := payments.New(b.db.Pool, nil)
	b.bookings = bookings.New(known)
	b.provider = &echoProvider{opened: map[string]booking.Money{}}
	return workers.Activities{
		Seats: &activities.Seats{Inventory: b.bookings, Choices: instant{}, Books: books},
		Payments: &activities.Payments{
			Providers: map[string]activities.PaymentProvider{provider: b.provider}, Books: books,
		},
		Notifications: &activities.Notifications{Messages: instant{}},
		Houses:        &activities.Houses{Registry: registry, Orders: b.bookings},
	}
}
