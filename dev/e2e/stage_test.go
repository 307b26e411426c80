package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// soon is how long a step may take without retry and restart, on a busy machine.
const soon = 20 * time.Second

// afterRestart is how long the work of a killed process may take: the server waits out the
// task's ten seconds before another worker gets it.
const afterRestart = 60 * time.Second

// stage is one test's own show. When the test is over, the judge looks at it.
type stage struct {
	*testing.T
	show string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	return newStageOf(t, ShowPlan{Rows: 3, PerRow: 10, StartsIn: 48 * time.Hour})
}

func newStageOf(t *testing.T, plan ShowPlan) *stage {
	t.Helper()
	show, err := world.NewShow(t.Context(), plan)
	require.NoError(t, err)
	t.Cleanup(func() { world.Check(t, show) })
	return &stage{T: t, show: show}
}

func (s *stage) customer() *Customer {
	s.Helper()
	c, err := world.Register(s.Context())
	require.NoError(s, err)
	return c
}

// hastyCustomer buys where holds are short.
func (s *stage) hastyCustomer() *Customer {
	s.Helper()
	replica, err := hasty()
	require.NoError(s, err)
	return s.customer().At(replica.Address)
}

// book holds seats and wants them held.
func (s *stage) book(c *Customer, seats ...string) booking.Booking {
	s.Helper()
	b, _, err := c.Book(s.Context(), NewKey(), For(s.show, seats...))
	require.NoError(s, err)
	require.Equal(s, booking.StatusHeld, b.Status)
	require.NotNil(s, b.Payment)
	return b
}

// pay pays with a good card.
func (s *stage) pay(b booking.Booking) {
	s.Helper()
	intent, err := world.Sandbox.Pay(s.Context(), b.Payment, Visa)
	require.NoError(s, err, "booking %s", b.ID)
	require.Equal(s, "requires_capture", intent.Status)
}

// decline tries a card that is refused.
func (s *stage) decline(b booking.Booking) {
	s.Helper()
	_, err := world.Sandbox.Pay(s.Context(), b.Payment, Declined)
	require.Equal(s, 402, StatusOf(err), "booking %s: %v", b.ID, err)
}

// buy books, pays and waits until all of it is done, messages included.
func (s *stage) buy(c *Customer, seats ...string) booking.Booking {
	s.Helper()
	b := s.book(c, seats...)
	s.pay(b)
	return s.awaitDone(c, b.ID, soon)
}

// await polls until the booking is as wanted.
func (s *stage) await(c *Customer, id, what string, within time.Duration, wanted func(booking.Booking) bool) booking.Booking {
	s.Helper()
	var (
		last booking.Booking
		err  error
	)
	if !poll(s.Context(), within, func() bool {
		last, err = c.Booking(s.Context(), id)
		return err == nil && wanted(last)
	}) {
		require.FailNow(s, "waited "+within.String()+" for "+what, "%v\n%s", err, s.story(c, id))
	}
	return last
}

func (s *stage) awaitStatus(c *Customer, id string, status booking.Status, within time.Duration) booking.Booking {
	s.Helper()
	return s.await(c, id, "status "+string(status), within, func(b booking.Booking) bool { return b.Status == status })
}

// awaitDone waits for a booking that is sold, paid and told of by mail and SMS.
func (s *stage) awaitDone(c *Customer, id string, within time.Duration) booking.Booking {
	s.Helper()
	return s.await(c, id, "a sale that is captured and told of", within, func(b booking.Booking) bool {
		return b.Status == booking.StatusConfirmed && b.Payment.Status == booking.PaymentCaptured &&
			countEvents(b, booking.EventNotified) == 2
	})
}

// breakVendor turns a fault on until the test is over.
func (s *stage) breakVendor(f Fault) Fault {
	s.Helper()
	on, err := world.Sandbox.Break(s.Context(), f)
	require.NoError(s, err)
	s.Cleanup(func() { _ = world.Sandbox.Repair(context.Background(), on) })
	return on
}

func (s *stage) repair(f Fault) {
	s.Helper()
	require.NoError(s, world.Sandbox.Repair(s.Context(), f))
}

// awaitHit waits until a fault has struck so often.
func (s *stage) awaitHit(f Fault, times int) {
	s.Helper()
	require.True(s, poll(s.Context(), soon, func() bool {
		hits, err := world.Sandbox.Hits(s.Context(), f)
		return err == nil && hits >= times
	}), "the fault %s of %s never struck", f.Fault, f.Operation)
}

// kill ends a process of the platform; it is started again.
func (s *stage) kill(part string) {
	s.Helper()
	require.NoError(s, world.Platform.KillChild(part))
}

// count asks the database.
func (s *stage) count(sql string, args ...any) int {
	s.Helper()
	var n int
	require.NoError(s, world.DB.QueryRow(s.Context(), sql, args...).Scan(&n))
	return n
}

// intents are the payments at the provider that name a booking.
func (s *stage) intents(bookingID string) []Payment {
	s.Helper()
	found, err := world.Sandbox.IntentsOf(s.Context(), bookingID)
	require.NoError(s, err)
	return found
}

// onlyIntent wants the booking to have one payment at the provider.
func (s *stage) onlyIntent(bookingID string) Payment {
	s.Helper()
	found := s.intents(bookingID)
	require.Len(s, found, 1, "payments of booking %s", bookingID)
	return found[0]
}

// awaitIntent waits until the provider's books are as wanted.
func (s *stage) awaitIntent(id, what string, within time.Duration, wanted func(Payment) bool) {
	s.Helper()
	var last Payment
	require.True(s, poll(s.Context(), within, func() bool {
		books, err := world.Sandbox.Books(s.Context())
		if err != nil {
			return false
		}
		i := slices.IndexFunc(books.Stripe.Payments, func(p Payment) bool { return p.ID == id })
		if i < 0 {
			return false
		}
		last = books.Stripe.Payments[i]
		return wanted(last)
	}), "waited for %s, the provider has %+v", what, last)
}

// told counts the messages about a booking with one notice.
func (s *stage) told(bookingID string, notice booking.Notice) int {
	s.Helper()
	return s.count(`SELECT count(*) FROM notifications WHERE booking_id = $1 AND notice = $2 AND status = 'sent'`, bookingID, notice)
}

// story is what a person needs to analyze a booking that went wrong.
func (s *stage) story(c *Customer, id string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.Context()), 10*time.Second)
	defer cancel()
	var text strings.Builder
	b, err := c.At(world.API).Booking(ctx, id)
	fmt.Fprintf(&text, "booking %s: %s, payment %+v, error %v\n", id, b.Status, b.Payment, err)
	for _, entry := range b.Timeline {
		fmt.Fprintf(&text, "  %s %s %s\n", entry.At.Format("15:04:05.000"), entry.Event, entry.Detail)
	}
	var state workflows.BookingState
	if answer, err := world.Temporal.QueryWorkflow(ctx, workflows.BookingWorkflowID(id), "", workflows.QueryStatus); err != nil {
		fmt.Fprintf(&text, "  its workflow does not answer: %v\n", err)
	} else if err := answer.Get(&state); err == nil {
		fmt.Fprintf(&text, "  its workflow: %+v\n", state)
	}
	if b.Payment != nil && b.Payment.Reference != "" {
		intent, err := world.Sandbox.Intent(ctx, b.Payment.Reference)
		fmt.Fprintf(&text, "  at the provider: %s, received %d of %d, error %v\n", intent.Status, intent.AmountReceived, intent.Amount, err)
		deliveries, err := world.Sandbox.Deliveries(ctx, b.Payment.Reference)
		for _, d := range deliveries {
			fmt.Fprintf(&text, "  webhook %s %s %v\n", d.Type, d.State, d.Attempts)
		}
		if err != nil {
			fmt.Fprintf(&text, "  its webhooks are not to be had: %v\n", err)
		}
	}
	return text.String()
}

func countEvents(b booking.Booking, event booking.Event) int {
	n := 0
	for _, entry := range b.Timeline {
		if entry.Event == event {
			n++
		}
	}
	return n
}

func events(b booking.Booking) []booking.Event {
	all := make([]booking.Event, len(b.Timeline))
	for i, entry := range b.Timeline {
		all[i] = entry.Event
	}
	return all
}

// poll asks until the answer is yes or the time is up.
func poll(ctx context.Context, within time.Duration, ask func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ask() {
			return true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
}
