package payments_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func TestInbox(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	event := booking.PaymentEvent{Provider: "stripe", ID: "evt_1", Type: "payment_intent.succeeded", Reference: "pi_1"}
	receive := func(event booking.PaymentEvent) bool {
		handled, err := b.Receive(t.Context(), event)
		require.NoError(t, err)
		return handled
	}

	assert.False(t, receive(event))
	assert.False(t, receive(event), "a copy after a crash, before the effect, is worked again")
	require.NoError(t, b.Settle(t.Context(), "stripe", "evt_1", "signaled"))
	assert.True(t, receive(event))
	require.NoError(t, b.Settle(t.Context(), "stripe", "evt_1", "again"))

	var outcome string
	require.NoError(t, b.db.Pool.QueryRow(t.Context(),
		`SELECT outcome FROM webhook_inbox WHERE event_id = 'evt_1'`).Scan(&outcome))
	assert.Equal(t, "signaled", outcome, "the first outcome stays")

	other := event
	other.Provider = "paypal"
	assert.False(t, receive(other), "event ids are a provider's own")
	foreign := event
	foreign.ID, foreign.BookingID = "evt_2", "order 66"
	assert.False(t, receive(foreign), "metadata of another system is no error")
}

func TestInboxAtOnce(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	event := booking.PaymentEvent{Provider: "stripe", ID: "evt_many", Type: "charge.refunded", BookingID: b.booking()}
	var (
		wg      sync.WaitGroup
		handled atomic.Int64
		errs    = make(chan error, 200)
	)
	all := func() {
		for range 100 {
			wg.Go(func() {
				again, err := b.Receive(context.Background(), event)
				if again {
					handled.Add(1)
				}
				errs <- err
			})
		}
		wg.Wait()
	}
	all()
	assert.Zero(t, handled.Load(), "no process has settled it yet")
	require.NoError(t, b.Settle(t.Context(), "stripe", "evt_many", "done"))
	all()
	assert.EqualValues(t, 100, handled.Load())
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	var rows int
	require.NoError(t, b.db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM webhook_inbox`).Scan(&rows))
	assert.Equal(t, 1, rows)
}
