package payments_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/booking"
)

// ending is all that has to be equal when the same states came in another order: where the
// payment stands, every movement of money, and what the customer was told of it. Declines
// are left out, because a card tried again is news only between two declines.
type ending struct {
	row      row
	sums     map[booking.Movement]int64
	events   []string
	captures int
}

func (b *books) ending(t require.TestingT, s said) ending {
	e := ending{row: b.row(s.reference), sums: b.sums(s.bookingID)}
	e.row.BookingID = ""
	events, _ := b.timeline(s.bookingID)
	for _, event := range events {
		if event != "declined" && event != "payment_in_doubt" && !slices.Contains(e.events, event) {
			e.events = append(e.events, event)
		}
	}
	slices.Sort(e.events)
	entries, err := b.Ledger(context.Background(), s.bookingID)
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.Movement == booking.MoveCapture {
			e.captures++
		}
	}
	return e
}

// Every order of delivery of a payment's states, with repeats, and with the provider silent
// in between, ends in the same state as the true order.
func TestAnyOrderSameEnd(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	stories := []func(said) []booking.PaymentState{
		func(s said) []booking.PaymentState { return []booking.PaymentState{s.open(), s.authorized()} },
		func(s said) []booking.PaymentState {
			return []booking.PaymentState{s.open(), s.authorized(), s.captured(0)}
		},
		func(s said) []booking.PaymentState {
			return []booking.PaymentState{s.open(), s.failed("No."), s.open(), s.authorized(), s.captured(0), s.captured(300), s.captured(750)}
		},
		func(s said) []booking.PaymentState {
			return []booking.PaymentState{s.open(), s.failed("No."), s.authorized(), s.captured(0), s.captured(300), s.captured(1000)}
		},
		func(s said) []booking.PaymentState {
			return []booking.PaymentState{s.open(), s.failed("No."), s.voided()}
		},
		func(s said) []booking.PaymentState {
			return []booking.PaymentState{s.open(), s.failed("No."), s.authorized(), s.voided()}
		},
		func(s said) []booking.PaymentState {
			return []booking.PaymentState{s.captured(0), s.captured(300), s.reversed(0, 300), s.reversed(1000, 300), s.reversed(300, 1000)}
		},
		func(s said) []booking.PaymentState {
			return []booking.PaymentState{s.captured(0), s.disputed(booking.DisputeInquiry), s.disputed(booking.DisputeOpen), s.disputed(booking.DisputeWon)}
		},
		func(s said) []booking.PaymentState {
			return []booking.PaymentState{s.captured(0), s.disputed(booking.DisputeOpen), s.disputed(booking.DisputeLost)}
		},
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		story := stories[rapid.IntRange(0, len(stories)-1).Draw(rt, "story")]
		n++
		truth, heard := said{b.booking(), fmt.Sprintf("pi_truth_%d", n)}, said{b.booking(), fmt.Sprintf("pi_heard_%d", n)}
		for _, state := range story(truth) {
			require.NoError(rt, b.Record(context.Background(), state))
		}

		words := story(heard)
		last := words[len(words)-1]
		for range rapid.IntRange(0, 5).Draw(rt, "repeats") {
			words = append(words, words[rapid.IntRange(0, len(words)-1).Draw(rt, "which")])
		}
		silent := false
		for _, state := range rapid.Permutation(words).Draw(rt, "order") {
			require.NoError(rt, b.Record(context.Background(), state))
			if rapid.IntRange(0, 9).Draw(rt, "silence") == 0 {
				silent = true
				require.NoError(rt, b.MarkInDoubt(context.Background(), heard.bookingID, "stripe", heard.reference))
			}
		}
		if silent { // doubt ends when the provider answers
			require.NoError(rt, b.Record(context.Background(), last))
		}
		require.Equal(rt, b.ending(rt, truth), b.ending(rt, heard))
	})
}
