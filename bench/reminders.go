package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/vendors"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

// The method. The workers are those of production, with their limits; the ports
// answer at once, but for messages, which take a vendor's time. A show is sold out:
// its bookings wait for their reminder. Then holds come at a steady rate, before the
// reminders and while they go out, in one run, so that the ratio means the same on every
// machine. Each hold is answered when the workflow has held and opened the payment, as a
// customer waits for it.
//
//	-spread 10m   as in production
//	-spread 0     all in the same second, as without spreading
func remindersBenchmark(ctx context.Context, args []string) error {
	b := remindersBench{policy: booking.DefaultPolicy()}
	flags := flag.NewFlagSet("reminders", flag.ExitOnError)
	flags.IntVar(&b.bookings, "bookings", 2_000, "bookings of the show")
	flags.IntVar(&b.perSecond, "holds", 10, "holds a second")
	flags.DurationVar(&b.quiet, "quiet", time.Minute, "how long to look at holds before the reminders")
	flags.DurationVar(&b.policy.SpreadOver, "spread", b.policy.SpreadOver, "over how long the reminders are spread")
	flags.DurationVar(&b.setup, "setup", 3*time.Minute, "how long selling the show may take")
	flags.DurationVar(&b.vendor, "vendor", 100*time.Millisecond, "how long a vendor takes for a message")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return b.run(ctx)
}

type remindersBench struct {
	bookings, perSecond  int
	quiet, setup, vendor time.Duration
	policy               booking.Policy

	client client.Client
	// starts is when the show starts: late enough that its reminders come after the sales
	// and the quiet period.
	starts time.Time
	fast   atomic.Int64 // reminders that went out on the fast path
	queued atomic.Int64 // and by way of their queue
	last   atomic.Int64 // when the last one did, in nanoseconds
}

func (b *remindersBench) run(ctx context.Context) error {
	c, err := benchClient(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	b.client = c
	b.starts = time.Now().Add(b.setup + b.quiet + b.policy.SpreadOver + b.policy.RemindBefore)
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- workers.Run(serving, workers.Options{
			Client: c, Activities: b.activities(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
			MessagesPerSecond: 80,
		})
	}()
	defer func() { stop(); <-ended }()

	if err := b.sell(ctx); err != nil {
		return err
	}
	due := b.starts.Add(-b.policy.RemindBefore)
	first := due.Add(-b.policy.SpreadOver)
	fmt.Printf("%d bookings sold; quiet until %s\n", b.bookings, first.Format(time.TimeOnly))
	warm := time.Until(first) - b.quiet
	if warm < 0 {
		return errors.New("selling took longer than -setup; give it more")
	}
	if _, err := b.hold(ctx, func() bool { return time.Until(first) > b.quiet }); err != nil {
		return err
	}
	quiet, err := b.hold(ctx, func() bool { return time.Until(first) > 0 })
	if err != nil {
		return err
	}
	giveUp := due.Add(10 * time.Minute)
	busy, err := b.hold(ctx, func() bool { return b.sent() < int64(2*b.bookings) && time.Now().Before(giveUp) })
	if err != nil {
		return err
	}
	b.report(first, quiet, busy)
	return nil
}

func (b *remindersBench) sent() int64 { return b.fast.Load() + b.queued.Load() }

func (b *remindersBench) report(first time.Time, quiet, busy []time.Duration) {
	took := time.Unix(0, b.last.Load()).Sub(first)
	fmt.Printf("%d of %d reminders in %s: %d on the fast path, %d by way of their queue\n",
		b.sent(), 2*b.bookings, took.Round(time.Second), b.fast.Load(), b.queued.Load())
	for name, all := range map[string][]time.Duration{"quiet": quiet, "while reminders go out": busy} {
		fmt.Printf("%-23s %5d holds, p50 %s, p99 %s\n", name, len(all), percentile(all, 50), percentile(all, 99))
	}
	fmt.Printf("\np99 of holds while reminders go out, against quiet %.2f×  (budget ≤ 1.5)\n",
		percentile(busy, 99).Seconds()/percentile(quiet, 99).Seconds())
}

func percentile(all []time.Duration, of int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)*of/100, len(sorted)-1)].Round(100 * time.Microsecond)
}

// sell makes the bookings that are to be reminded.
func (b *remindersBench) sell(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(16)
	for range b.bookings {
		all.Go(func() error {
			id := uuid.NewString()
			if err := startBooking(ctx, b.client, id, workflows.BookingWorkflow, b.policy); err != nil {
				return err
			}
			return b.client.SignalWorkflow(ctx, id, "", workflows.SignalPayment, payment(id, booking.PaymentAuthorized))
		})
	}
	return all.Wait()
}

// hold starts holds at a steady rate, however long each takes, and tells how long
// each took. They expire after a while, in the quiet period and in the rush.
func (b *remindersBench) hold(ctx context.Context, goOn func() bool) ([]time.Duration, error) {
	var (
		mu   sync.Mutex
		took []time.Duration
	)
	policy := b.policy
	policy.HoldFor = 5 * time.Second
	all, ctx := errgroup.WithContext(ctx)
	tick := time.NewTicker(time.Second / time.Duration(b.perSecond))
	defer tick.Stop()
	for goOn() {
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), all.Wait())
		case <-tick.C:
		}
		all.Go(func() error {
			began := time.Now()
			err := startBooking(ctx, b.client, uuid.NewString(), workflows.BookingWorkflow, policy)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began))
			return err
		})
	}
	return took, all.Wait()
}

// activities are those of production over ports that answer at once, but for the
// vendors of messages.
func (b *remindersBench) activities() workers.Activities {
	a := instantActivities()
	a.Seats.Inventory = theShow{starts: b.starts}
	a.Payments.Providers = map[string]activities.PaymentProvider{provider: unpaid{}}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	guard := func(name string) activities.Vendor {
		return vendors.NewGuard(name, vendors.Options{PerSecond: 80, Burst: 80, Logger: quiet})
	}
	a.Notifications = &activities.Notifications{
		Messages:  slowMessages{b},
		Vendors:   map[booking.Channel]activities.Vendor{booking.ChannelEmail: guard("mail"), booking.ChannelSMS: guard("sms")},
		Reminders: workers.ReminderLane(),
	}
	return a
}

// theShow is an inventory whose one show begins at a time.
type theShow struct {
	instant
	starts time.Time
}

func (s theShow) Hold(ctx context.Context, req booking.HoldRequest) (booking.Held, error) {
	held, err := s.instant.Hold(ctx, req)
	held.Show.StartsAt, held.Show.EndsAt = s.starts, s.starts.Add(2*time.Hour)
	return held, err
}

// unpaid is a provider that says "not paid" when it is asked.
type unpaid struct{ instantProvider }

func (unpaid) Get(_ context.Context, reference string) (booking.PaymentState, error) {
	return payment(reference, booking.PaymentOpen), nil
}

// slowMessages takes a vendor's time for each message, and counts reminders.
type slowMessages struct{ bench *remindersBench }

func (m slowMessages) Send(ctx context.Context, note booking.Notification) error {
	select {
	case <-ctx.Done():
		return booking.E(booking.CodeProviderUnavailable, "No answer.")
	case <-time.After(m.bench.vendor):
	}
	if note.Notice != booking.NoticeReminder {
		return nil
	}
	m.bench.last.Store(time.Now().UnixNano())
	if activity.GetInfo(ctx).IsLocalActivity {
		m.bench.fast.Add(1)
	} else {
		m.bench.queued.Add(1)
	}
	return nil
}
