package booking_test

import (
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

var gold = booking.Terms{
	Currency: "INR", Prices: map[string]int64{"gold": 450_00}, FeePerSeat: 20_00, TaxBasisPoints: 18_00,
	Layout: booking.Layout{Rows: []booking.Row{{Label: "C", Category: "gold", Seats: []booking.Seat{
		{ID: "C7", X: 7, Type: booking.SeatStandard}, {ID: "C8", X: 8, Type: booking.SeatStandard},
	}}}},
}

// The server computes what a booking costs, from the show's terms.
func ExampleNewQuote() {
	quote, err := booking.NewQuote(gold, []string{"C8", "C7"})
	fmt.Println(err)
	for _, seat := range quote.Seats {
		fmt.Println(seat.Seat, seat.Category, seat.Price.Amount)
	}
	fmt.Println("fees", quote.Fees.Amount, "taxes", quote.Taxes.Amount, "total", quote.Total.Amount, quote.Total.Currency)
	// Output:
	// <nil>
	// C7 gold 45000
	// C8 gold 45000
	// fees 4000 taxes 16200 total 110200 INR
}

// An error names every field that is wrong.
func ExampleNewQuote_wrongSeat() {
	_, err := booking.NewQuote(gold, []string{"C7", "Z1"})
	fmt.Println(booking.CodeOf(err))
	// Output: validation_failed
}

// The policy says how much comes back, and until when.
func ExampleCancellationPolicy_Quote() {
	policy := booking.CancellationPolicy{{Until: 24 * time.Hour, Percent: 100}, {Until: 2 * time.Hour, Percent: 75}}
	starts := time.Date(2026, 11, 28, 21, 0, 0, 0, time.UTC)
	paid, _ := booking.NewQuote(gold, []string{"C7"})
	for _, before := range []time.Duration{48 * time.Hour, 3 * time.Hour, time.Hour} {
		back := policy.Quote(paid, starts, starts.Add(-before))
		fmt.Println(before, back.Percent, back.Refund.Amount, back.Kept.Amount)
	}
	// Output:
	// 48h0m0s 100 53100 2000
	// 3h0m0s 75 39825 15275
	// 1h0m0s 0 0 55100
}
