package payments_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments"
)

type (
	money  = map[booking.Movement]int64
	states = []booking.PaymentState
)

func TestRecord(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	const declinedCard, brokenCard = "Your card was declined.", "Your card has expired."
	tests := []struct {
		name   string
		said   func(said) states
		want   row
		ledger money
		events []string
	}{
		{"paid", func(s said) states { return states{s.open(), s.authorized(), s.captured(0)} },
			row{Status: booking.PaymentCaptured, Captured: 1000},
			money{"authorize": 1000, "capture": 1000},
			[]string{"payment_opened", "authorized", "captured"}},
		{"declined, then paid (scenario 14)", func(s said) states {
			return states{s.open(), s.failed(declinedCard), s.open(), s.failed(declinedCard), s.failed(brokenCard), s.authorized(), s.captured(0)}
		},
			row{Status: booking.PaymentCaptured, Captured: 1000},
			money{"authorize": 1000, "capture": 1000},
			[]string{"payment_opened", "declined", "declined", "declined", "authorized", "captured"}},
		{"declined permanently", func(s said) states { return states{s.open(), s.failed(declinedCard), s.failed(declinedCard)} },
			row{Status: booking.PaymentFailed, Failure: declinedCard}, money{},
			[]string{"payment_opened", "declined"}},
		{"captured before authorized (scenario 25)", func(s said) states { return states{s.captured(0), s.authorized(), s.open()} },
			row{Status: booking.PaymentCaptured, Captured: 1000},
			money{"authorize": 1000, "capture": 1000},
			[]string{"payment_opened", "authorized", "captured"}},
		{"failed after captured (scenario 26)", func(s said) states {
			return states{s.open(), s.authorized(), s.captured(0), s.failed(declinedCard)}
		},
			row{Status: booking.PaymentCaptured, Captured: 1000},
			money{"authorize": 1000, "capture": 1000},
			[]string{"payment_opened", "authorized", "captured"}},
		{"closed before anyone paid", func(s said) states { return states{s.open(), s.voided(), s.open()} },
			row{Status: booking.PaymentVoided}, money{},
			[]string{"payment_opened", "voided"}},
		{"closed, paid even so, and let go", func(s said) states { return states{s.open(), s.voided(), s.afterVoid(), s.voided(), s.afterVoid()} },
			row{Status: booking.PaymentVoided}, money{"authorize": 1000, "void": 1000},
			[]string{"payment_opened", "voided", "authorized"}},
		{"closed, paid even so, and sold", func(s said) states { return states{s.open(), s.voided(), s.afterVoid(), s.captured(0)} },
			row{Status: booking.PaymentCaptured, Captured: 1000}, money{"authorize": 1000, "capture": 1000},
			[]string{"payment_opened", "voided", "authorized", "captured"}},
		{"authorized and let go", func(s said) states { return states{s.open(), s.authorized(), s.voided()} },
			row{Status: booking.PaymentVoided}, money{"authorize": 1000, "void": 1000},
			[]string{"payment_opened", "authorized", "voided"}},
		{"voided, and captured even so", func(s said) states { return states{s.open(), s.voided(), s.captured(0), s.voided(), s.captured(1000)} },
			row{Status: booking.PaymentRefunded, Captured: 1000, Refunded: 1000}, money{"authorize": 1000, "capture": 1000, "refund": 1000},
			[]string{"payment_opened", "voided", "authorized", "captured", "refunded"}},
		{"voided, authorized delivered late", func(s said) states { return states{s.open(), s.voided(), s.authorized()} },
			row{Status: booking.PaymentVoided}, money{"authorize": 1000, "void": 1000},
			[]string{"payment_opened", "voided", "authorized"}},
		{"given back in two parts", func(s said) states {
			return states{s.open(), s.captured(0), s.captured(300), s.captured(300), s.captured(1000), s.captured(300)}
		},
			row{Status: booking.PaymentRefunded, Captured: 1000, Refunded: 1000},
			money{"authorize": 1000, "capture": 1000, "refund": 1000},
			[]string{"payment_opened", "authorized", "captured", "refunded", "refunded"}},
		{"a refund that came to us again, and was made again", func(s said) states {
			return states{s.captured(0), s.captured(1000), s.reversed(0, 1000), s.captured(1000), s.reversed(400, 1000)}
		},
			row{Status: booking.PaymentCaptured, Captured: 1000, Refunded: 400},
			money{"authorize": 1000, "capture": 1000, "refund": 1400, "refund_failed": 1000},
			[]string{"payment_opened", "authorized", "captured", "refunded", "refund_failed", "refunded"}},
		{"an inquiry moves no money", func(s said) states {
			return states{s.captured(0), s.disputed(booking.DisputeInquiry), s.disputed(booking.DisputeClosed)}
		},
			row{Status: booking.PaymentCaptured, Captured: 1000}, money{"authorize": 1000, "capture": 1000},
			[]string{"payment_opened", "authorized", "captured"}},
		{"a dispute that was lost, told of twice", func(s said) states {
			return states{s.captured(0), s.disputed(booking.DisputeOpen), s.disputed(booking.DisputeLost), s.disputed(booking.DisputeOpen)}
		},
			row{Status: booking.PaymentCaptured, Captured: 1000},
			money{"authorize": 1000, "capture": 1000, "chargeback": 1000},
			[]string{"payment_opened", "authorized", "captured", "disputed", "dispute_lost"}},
		{"a dispute that was won without a deduction moves no money", func(s said) states {
			return states{s.captured(0), s.disputed(booking.DisputeInquiry), s.wonUntaken(), s.disputed(booking.DisputeOpen)}
		},
			row{Status: booking.PaymentCaptured, Captured: 1000}, money{"authorize": 1000, "capture": 1000},
			[]string{"payment_opened", "authorized", "captured"}},
		{"won without a deduction, told late", func(s said) states { return states{s.wonUntaken(), s.wonUntaken()} },
			row{Status: booking.PaymentCaptured, Captured: 1000}, money{"authorize": 1000, "capture": 1000},
			[]string{"payment_opened", "authorized", "captured"}},
		{"what was deducted at the onset comes back, also when the provider forgets that", func(s said) states {
			onset := s.disputed(booking.DisputeOpen)
			onset.Disputes[0].Amount = 900
			return states{s.captured(0), onset, s.wonUntaken()}
		},
			row{Status: booking.PaymentCaptured, Captured: 1000},
			money{"authorize": 1000, "capture": 1000, "chargeback": 900, "chargeback_reversed": 900},
			[]string{"payment_opened", "authorized", "captured", "disputed", "dispute_won"}},
		{"a dispute that was won", func(s said) states {
			return states{s.captured(0), s.disputed(booking.DisputeWon), s.disputed(booking.DisputeOpen)}
		},
			row{Status: booking.PaymentCaptured, Captured: 1000},
			money{"authorize": 1000, "capture": 1000, "chargeback": 1000, "chargeback_reversed": 1000},
			[]string{"payment_opened", "authorized", "captured", "disputed", "dispute_won"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id := b.booking()
			s := said{id, "pi_" + id}
			for _, state := range tt.said(s) {
				require.NoError(t, b.Record(t.Context(), state))
			}
			tt.want.BookingID = id
			assert.Equal(t, tt.want, b.row(s.reference))
			assert.Equal(t, tt.ledger, b.sums(id))
			events, _ := b.timeline(id)
			assert.Equal(t, tt.events, events)
		})
	}
}

func TestTimelineTexts(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	paid, closed := b.booking(), b.booking()
	s := said{paid, "pi_texts"}
	for _, state := range []booking.PaymentState{
		s.open(), s.failed("Your card was declined."), s.authorized(), s.captured(0), s.captured(250),
	} {
		require.NoError(t, b.Record(t.Context(), state))
	}
	_, texts := b.timeline(paid)
	assert.Equal(t, []string{
		"Waiting for the payment of INR 10.00.",
		"The payment was declined. Your card was declined.",
		"INR 10.00 was reserved on the payment method.",
		"INR 10.00 was paid.",
		"INR 2.50 of INR 10.00 was given back.",
	}, texts)

	s = said{closed, "pi_closed"}
	require.NoError(t, b.Record(t.Context(), s.open()))
	require.NoError(t, b.Record(t.Context(), s.voided()))
	_, texts = b.timeline(closed)
	assert.Equal(t, "The payment was closed. Nothing was taken.", texts[1])
}

// Watchers compare versions: a change must raise the version, a repeat must not.
func TestOnlyChangesAreAnnounced(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	id := b.booking()
	s := said{id, "pi_announce"}
	changes := []booking.PaymentState{
		s.open(), s.failed("No."), s.open(), s.authorized(), s.captured(0), s.captured(1000),
	}
	for _, state := range changes {
		before := b.version(id)
		require.NoError(t, b.Record(t.Context(), state))
		after := b.version(id)
		assert.Greater(t, after, before, state.Status)
		assert.Equal(t, []string{"booking:" + id}, b.published(), state.Status)
		for range 5 {
			require.NoError(t, b.Record(t.Context(), state))
		}
		assert.Equal(t, after, b.version(id), state.Status)
		assert.Empty(t, b.published(), state.Status)
	}
}

func TestInDoubt(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	record := func(t *testing.T, state booking.PaymentState) {
		require.NoError(t, b.Record(t.Context(), state))
	}
	mark := func(t *testing.T, s said) {
		require.NoError(t, b.MarkInDoubt(t.Context(), s.bookingID, "stripe", s.reference))
	}

	t.Run("and cleared by the answer", func(t *testing.T) {
		s := said{b.booking(), "pi_doubt"}
		record(t, s.open())
		mark(t, s)
		mark(t, s)
		assert.Equal(t, booking.PaymentInDoubt, b.row(s.reference).Status)
		record(t, s.authorized())
		assert.Equal(t, booking.PaymentAuthorized, b.row(s.reference).Status)
		mark(t, s)
		assert.Equal(t, booking.PaymentInDoubt, b.row(s.reference).Status)
		record(t, s.open()) // a late word from before the authorization
		assert.Equal(t, booking.PaymentInDoubt, b.row(s.reference).Status)
		record(t, s.captured(0))
		assert.Equal(t, booking.PaymentCaptured, b.row(s.reference).Status)
		events, _ := b.timeline(s.bookingID)
		assert.Equal(t, []string{"payment_opened", "payment_in_doubt", "authorized", "captured"}, events)
	})
	t.Run("never once money has moved or the payment has ended", func(t *testing.T) {
		taken, ended := said{b.booking(), "pi_taken"}, said{b.booking(), "pi_ended"}
		record(t, taken.captured(0))
		mark(t, taken)
		assert.Equal(t, booking.PaymentCaptured, b.row(taken.reference).Status)
		record(t, ended.voided())
		mark(t, ended)
		assert.Equal(t, booking.PaymentVoided, b.row(ended.reference).Status)
	})
	t.Run("before there is a reference", func(t *testing.T) {
		mark(t, said{b.booking(), ""})
		mark(t, said{b.booking(), "pi_never_recorded"})
	})
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	former, heir := b.booking(), b.booking()
	s := said{former, "pi_adopted"}
	require.NoError(t, b.Record(t.Context(), s.open()))
	require.NoError(t, b.Record(t.Context(), s.authorized()))
	b.published()

	for range 3 {
		require.NoError(t, b.Adopt(t.Context(), "stripe", s.reference, heir))
	}
	assert.ElementsMatch(t, []string{"booking:" + former, "booking:" + heir}, b.published())
	// The provider's metadata keeps naming the former booking.
	require.NoError(t, b.Record(t.Context(), s.captured(0)))

	assert.Equal(t, row{BookingID: heir, Status: booking.PaymentCaptured, Captured: 1000}, b.row(s.reference))
	assert.Empty(t, b.sums(former))
	assert.Equal(t, map[booking.Movement]int64{"authorize": 1000, "capture": 1000}, b.sums(heir))
	events, _ := b.timeline(heir)
	assert.Equal(t, []string{"authorized", "captured"}, events)
	owner, err := b.BookingOf(t.Context(), "stripe", s.reference)
	require.NoError(t, err)
	assert.Equal(t, heir, owner)
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	known := said{b.booking(), "pi_known"}
	require.NoError(t, b.Record(t.Context(), known.open()))
	nobody := uuid.NewString()
	_, unknownPayment := b.BookingOf(t.Context(), "stripe", "pi_nothing")
	for name, err := range map[string]error{
		"record for no booking":        b.Record(t.Context(), said{nobody, "pi_x"}.open()),
		"record for no id":             b.Record(t.Context(), said{"42; DROP TABLE payments", "pi_x"}.open()),
		"adopt by no booking":          b.Adopt(t.Context(), "stripe", known.reference, nobody),
		"adopt no payment":             b.Adopt(t.Context(), "stripe", "pi_nothing", known.bookingID),
		"adopt at the wrong provider":  b.Adopt(t.Context(), "paypal", known.reference, known.bookingID),
		"booking of no payment":        unknownPayment,
		"settle what was not received": b.Settle(t.Context(), "stripe", "evt_nothing", "done"),
	} {
		assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err), name)
	}
	assert.Equal(t, known.bookingID, b.row(known.reference).BookingID)
}

func TestTotals(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	record := func(state booking.PaymentState) { require.NoError(t, b.Record(t.Context(), state)) }
	record(said{b.booking(), "pi_1"}.captured(0))
	record(said{b.booking(), "pi_2"}.captured(250))
	let := said{b.booking(), "pi_3"}
	record(let.authorized())
	record(let.voided())
	euros := said{b.booking(), "pi_4"}.captured(0)
	euros.Currency = "EUR"
	record(euros)

	totals, err := b.Totals(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []payments.Total{
		{Provider: "stripe", Currency: "EUR", Authorized: 1000, Captured: 1000},
		{Provider: "stripe", Currency: "INR", Authorized: 3000, Voided: 1000, Captured: 2000, Refunded: 250},
	}, totals)
	assert.Equal(t, int64(1750), totals[1].Kept())
}

// Several payments of one booking, each delivered several times at once, beside a rival for
// the booking's row.
func TestRecordAtOnce(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	id := b.booking()
	var (
		wg   sync.WaitGroup
		errs = make(chan error, 1000)
	)
	for payment := range 3 {
		s := said{id, fmt.Sprintf("pi_%d", payment)}
		for _, state := range []booking.PaymentState{s.open(), s.failed("No."), s.authorized(), s.captured(0), s.captured(400), s.captured(1000)} {
			for range 5 {
				wg.Go(func() { errs <- b.Record(context.Background(), state) })
			}
		}
	}
	for range 20 {
		wg.Go(func() {
			_, err := b.db.Pool.Exec(context.Background(), `SELECT add_booking_event($1, 'held', 'x', $2)`, uuid.MustParse(id), uuid.NewString())
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	assert.Equal(t, map[booking.Movement]int64{"authorize": 3000, "capture": 3000, "refund": 3000}, b.sums(id))
	for payment := range 3 {
		assert.Equal(t, booking.PaymentRefunded, b.row(fmt.Sprintf("pi_%d", payment)).Status)
	}
}
