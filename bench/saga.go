package main

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

// The method. Three contenders take turns, round by round, on the same server
// and the same worker, so that changes in the machine's load affect all of them:
//
//	tuned    the booking saga as it runs in production: every step local first
//	default  the same saga, the same steps, every step a normal activity
//	ceiling  an empty workflow with as many workflow tasks and history events as
//	         the tuned saga: what the engine alone costs
//
// The ports answer at once and do nothing, so the figures are those of the saga
// and the engine, not of a vendor. One booking is: update-with-start, a payment
// signal, the result. The show starts at once, so no booking waits for a reminder.
type contender struct {
	name     string
	workflow string
	policy   booking.Policy
	took     []time.Duration // per round
	events   int
}

const ceilingWorkflow = "Ceiling"

type race struct {
	client     client.Client
	workers    []worker.Worker
	buyers     int
	contenders []*contender
}

func newRace(c client.Client, buyers int) (*race, error) {
	tuned, plain := booking.DefaultPolicy(), booking.DefaultPolicy()
	plain.FastPath = 0
	tuned.SpreadOver, plain.SpreadOver = 0, 0 // or each would wait for its place after the start
	r := &race{client: c, buyers: buyers, contenders: []*contender{
		{name: "tuned", workflow: workflows.BookingWorkflow, policy: tuned},
		{name: "default", workflow: workflows.BookingWorkflow, policy: plain},
		{name: "ceiling", workflow: ceilingWorkflow, policy: tuned},
	}}
	for _, queue := range workers.Queues() {
		w := worker.New(c, queue, worker.Options{MaxConcurrentWorkflowTaskPollers: 8, MaxConcurrentActivityTaskPollers: 8})
		workers.Register(w, queue, instantActivities())
		if queue == workflows.QueueBookings {
			w.RegisterWorkflowWithOptions(ceiling, workflow.RegisterOptions{Name: ceilingWorkflow})
		}
		if err := w.Start(); err != nil {
			r.stop()
			return nil, err
		}
		r.workers = append(r.workers, w)
	}
	return r, nil
}

func (r *race) stop() {
	for _, w := range r.workers {
		w.Stop()
	}
}

func (r *race) run(ctx context.Context, rounds, bookings int) error {
	for _, c := range r.contenders { // warm caches and connections
		if _, err := r.heat(ctx, c, r.buyers); err != nil {
			return err
		}
	}
	for round := range rounds {
		for _, c := range r.contenders {
			took, err := r.heat(ctx, c, bookings)
			if err != nil {
				return err
			}
			c.took = append(c.took, took)
			fmt.Printf("round %d  %-8s %6.1f bookings/s\n", round+1, c.name, float64(bookings)/took.Seconds())
		}
	}
	r.report(bookings)
	return nil
}

// report compares round by round and prints the median ratio, so that one bad
// round does not decide.
func (r *race) report(bookings int) {
	tuned, plain, top := r.contenders[0], r.contenders[1], r.contenders[2]
	fmt.Println()
	for _, c := range r.contenders {
		fmt.Printf("%-8s %6.1f bookings/s, %d events\n", c.name, float64(bookings)/median(c.took).Seconds(), c.events)
	}
	fmt.Printf("\ntuned saga against default activities   %.2f×  (budget ≥ 3)\n", ratio(plain.took, tuned.took))
	fmt.Printf("tuned saga against the engine's ceiling %.2f×  (budget ≥ 0.8)\n", ratio(top.took, tuned.took))
}

func ratio(slower, faster []time.Duration) float64 {
	var all []float64
	for i := range slower {
		all = append(all, slower[i].Seconds()/faster[i].Seconds())
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// heat makes some bookings with one contender and tells how long all took.
func (r *race) heat(ctx context.Context, c *contender, bookings int) (time.Duration, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.buyers)
	start := time.Now()
	var last atomic.Value
	for range bookings {
		group.Go(func() error {
			id, err := r.book(ctx, c)
			last.Store(id)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, fmt.Errorf("%s: %w", c.name, err)
	}
	took := time.Since(start)
	if c.events == 0 {
		described, err := r.client.DescribeWorkflowExecution(context.WithoutCancel(ctx), last.Load().(string), "")
		if err != nil {
			return 0, err
		}
		c.events = int(described.GetWorkflowExecutionInfo().GetHistoryLength())
	}
	return took, nil
}

func (r *race) book(ctx context.Context, c *contender) (string, error) {
	id := uuid.NewString()
	if err := startBooking(ctx, r.client, id, c.workflow, c.policy); err != nil {
		return id, err
	}
	if err := r.client.SignalWorkflow(ctx, id, "", workflows.SignalPayment, payment(id, booking.PaymentAuthorized)); err != nil {
		return id, err
	}
	return id, r.client.GetWorkflow(ctx, id, "").Get(ctx, nil)
}

// startBooking starts a booking of a show of its own and waits until its seats are held.
func startBooking(ctx context.Context, c client.Client, id, kind string, policy booking.Policy) error {
	return startWorkflow(ctx, c, kind, workflows.BookingInput{
		BookingID: id, CustomerID: id, ShowID: id, Seats: []string{"C7", "C8"}, Provider: provider, Policy: policy,
	})
}

// startWorkflow starts a booking and waits until its seats are held.
func startWorkflow(ctx context.Context, c client.Client, kind string, in workflows.BookingInput) error {
	id := in.BookingID
	start := c.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.QueueBookings, WorkflowIDConflictPolicy: conflictFails,
		TypedSearchAttributes: temporal.NewSearchAttributes(workflows.AttrBookingStatus.ValueSet("held"),
			workflows.AttrPaymentStatus.ValueSet("open"), workflows.AttrShowID.ValueSet(id),
			workflows.AttrTheaterID.ValueSet(id), workflows.AttrCustomerID.ValueSet(id)),
	}, kind, in)
	handle, err := c.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: workflows.UpdateHold, UpdateID: workflows.UpdateHold, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

// ceiling has the tuned saga's workflow tasks and events, and nothing else: side
// effects stand for the markers of local activities.
func ceiling(ctx workflow.Context, _ workflows.BookingInput) (workflows.BookingState, error) {
	held := false
	err := workflow.SetUpdateHandler(ctx, workflows.UpdateHold, func(ctx workflow.Context) (workflows.HoldAnswer, error) {
		return workflows.HoldAnswer{}, workflow.Await(ctx, func() bool { return held })
	})
	if err != nil {
		return workflows.BookingState{}, err
	}
	markers(ctx, 2) // hold, open the payment
	timerCtx, stop := workflow.WithCancel(ctx)
	workflow.NewTimer(timerCtx, time.Minute)
	held = true
	workflow.GetSignalChannel(ctx, workflows.SignalPayment).Receive(ctx, nil)
	stop()
	markers(ctx, 4) // confirm, capture, mail, text message
	err = workflow.UpsertTypedSearchAttributes(ctx, workflows.AttrBookingStatus.ValueSet("confirmed"),
		workflows.AttrPaymentStatus.ValueSet("captured"))
	return workflows.BookingState{}, err
}

func markers(ctx workflow.Context, n int) {
	for range n {
		workflow.SideEffect(ctx, func(workflow.Context) any { return booking.Held{} })
	}
}
