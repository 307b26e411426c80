package e2e

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	lastSecondHold = 6 * time.Second
	// lastSecondAtOnce customers pay at a time, each with a rival.
	lastSecondAtOnce = 20
)

// A customer pays in the last second of the hold. The webhook comes three seconds late, the
// provider takes a second and a half to answer, and a rival asks for the same seat ten
// times a second: the payer gets the ticket, every time. LAST_SECOND_BUYERS says how many
// (20).
func TestFault07_PaidInTheLastSecond(t *testing.T) {
	buyers := fromEnv(t, "LAST_SECOND_BUYERS", lastSecondAtOnce, strconv.Atoi)
	s := newStageOf(t, ShowPlan{Rows: 10, PerRow: (buyers + 9) / 10, StartsIn: 48 * time.Hour})
	replica, err := world.NewReplica(t.Context(), "last-second", map[string]string{"HOLD_FOR": lastSecondHold.String()})
	require.NoError(t, err)
	t.Cleanup(replica.Kill)
	payers, rivals := crowdOf(t, lastSecondAtOnce), crowdOf(t, lastSecondAtOnce)
	s.breakVendor(Fault{Vendor: "webhooks", Fault: "delay", DurationMS: 3000})
	s.breakVendor(Fault{Vendor: "stripe", Fault: "latency", Operation: "payment_intents.retrieve", DurationMS: 1500})

	var tickets, asked atomic.Int64
	free := make(chan int, lastSecondAtOnce)
	for i := range lastSecondAtOnce {
		free <- i
	}
	together(lastSecondAtOnce, buyers, func(i int) {
		who := <-free
		defer func() { free <- who }()
		seat := SeatName(i%10, i/10)
		payer, rival := payers[who].At(replica.Address), rivals[who].At(replica.Address)
		b, _, err := payer.Book(t.Context(), NewKey(), For(s.show, seat))
		if !assert.NoError(t, err) {
			return
		}
		wants, stop := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { asked.Add(s.keepAsking(wants, rival, seat)) })
		before := time.Duration(100+rand.IntN(800)) * time.Millisecond
		select {
		case <-time.After(time.Until(b.HoldExpiresAt) - before):
		case <-t.Context().Done():
		}
		_, err = world.Sandbox.Pay(t.Context(), b.Payment, Visa)
		if assert.NoError(t, err, "seat %s", seat) {
			end := s.await(payer, b.ID, "an end", soon, func(b booking.Booking) bool { return b.Status != booking.StatusHeld })
			if assert.Equal(t, booking.StatusConfirmed, end.Status, "seat %s, paid %s before the end of the hold", seat, before) {
				tickets.Add(1)
			}
		}
		stop()
		wait.Wait()
	})
	t.Logf("%d of %d payers have a ticket; their rivals asked %d times", tickets.Load(), buyers, asked.Load())
	assert.EqualValues(t, buyers, tickets.Load())
}

// keepAsking asks for a seat ten times a second. It must never get it.
func (s *stage) keepAsking(ctx context.Context, rival *Customer, seat string) (asked int64) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return asked
		case <-tick.C:
		}
		asked++
		if b, _, err := rival.Book(ctx, NewKey(), For(s.show, seat)); err == nil {
			s.Errorf("the rival holds %s as booking %s", seat, b.ID)
			return asked
		}
	}
}
