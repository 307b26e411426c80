package booking

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func hall() Layout {
	row := func(label, category string, kind SeatType, n int) Row {
		r := Row{Label: label, Category: category}
		for i := range n {
			r.Seats = append(r.Seats, Seat{ID: fmt.Sprint(label, i+1), X: float64(i), Type: kind})
		}
		return r
	}
	return Layout{Rows: []Row{row("A", "silver", SeatStandard, 12), row("B", "gold", SeatRecliner, 4), row("C", "sofa", SeatSofa, 4)}}
}

func terms() Terms {
	return Terms{
		ShowID: "show", Currency: "INR", Layout: hall(), FeePerSeat: 3_000, TaxBasisPoints: 1_800,
		Prices: map[string]int64{"silver": 20_000, "gold": 45_003, "sofa": 60_000},
	}
}

func TestQuoteAddsUp(t *testing.T) {
	t.Parallel()
	quote, err := NewQuote(terms(), []string{"B2", "A1"})
	require.NoError(t, err)
	assert.Equal(t, Quote{
		Seats: []SeatPrice{
			{"A1", "silver", Money{20_000, "INR"}},
			{"B2", "gold", Money{45_003, "INR"}},
		},
		Fees:  Money{6_000, "INR"},
		Taxes: Money{11_701, "INR"}, // 18 % of 650.03 is 117.0054
		Total: Money{82_704, "INR"},
	}, quote)
}

func TestQuoteNamesEveryProblem(t *testing.T) {
	t.Parallel()
	eleven := make([]string, 11)
	for i := range eleven {
		eleven[i] = fmt.Sprint("A", i+1)
	}
	tests := map[string]struct {
		seats []string
		want  []FieldError
	}{
		"none":         {nil, []FieldError{{"seats", "Choose at least one seat."}}},
		"too many":     {eleven, []FieldError{{"seats", "A booking has at most 10 seats; this one has 11."}}},
		"not there":    {[]string{"A1", "Z9", "Z8"}, []FieldError{{"seats[1]", `This show has no seat "Z9". Choose from its seat map.`}, {"seats[2]", `This show has no seat "Z8". Choose from its seat map.`}}},
		"twice":        {[]string{"A1", "A1"}, []FieldError{{"seats[1]", `Seat "A1" is named twice.`}}},
		"half a sofa":  {[]string{"C2"}, []FieldError{{"seats", "A sofa is sold whole: take C1 and C2 together."}}},
		"two halves":   {[]string{"C2", "C3"}, []FieldError{{"seats", "A sofa is sold whole: take C1 and C2 together."}, {"seats", "A sofa is sold whole: take C3 and C4 together."}}},
		"a long name":  {[]string{"AAAAAAAAAAAAAAAAAAAAAAAAA"}, []FieldError{{"seats[0]", `This show has no seat "AAAAAAAAAAAAAAAAAAAA…". Choose from its seat map.`}}},
		"not a letter": {[]string{"\xff"}, []FieldError{{"seats[0]", `This show has no seat "?". Choose from its seat map.`}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewQuote(terms(), test.seats)
			var invalid *Error
			require.ErrorAs(t, err, &invalid)
			assert.Equal(t, CodeValidation, invalid.Code)
			assert.Equal(t, test.want, invalid.Fields)
		})
	}
	_, err := NewQuote(terms(), []string{"C1", "C2"})
	require.NoError(t, err, "a whole sofa")

	unpriced := terms()
	delete(unpriced.Prices, "gold")
	_, err = NewQuote(unpriced, []string{"B1"})
	assert.Equal(t, CodeInternal, CodeOf(err), "a show without a price is our fault, not the customer's")
}

func TestRefundTiers(t *testing.T) {
	t.Parallel()
	paid := Quote{Fees: Money{1_000, "INR"}, Total: Money{11_001, "INR"}}
	starts := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	policy := DefaultPolicy().Refunds
	tests := []struct {
		before  time.Duration
		refund  int64
		percent int64
	}{
		{48 * time.Hour, 10_001, 100},
		{24 * time.Hour, 10_001, 100},
		{24*time.Hour - time.Nanosecond, 7_500, 75},
		{2 * time.Hour, 7_500, 75},
		{2*time.Hour - time.Nanosecond, 5_000, 50},
		{20 * time.Minute, 5_000, 50},
		{20*time.Minute - time.Nanosecond, 0, 0},
		{-time.Hour, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.before.String(), func(t *testing.T) {
			t.Parallel()
			quote := policy.Quote(paid, starts, starts.Add(-test.before))
			assert.Equal(t, Money{test.refund, "INR"}, quote.Refund)
			assert.Equal(t, test.percent, quote.Percent)
		})
	}
	assert.Equal(t, paid.Total, FullRefund(paid).Refund, "the theater's own cancellation gives the fees back too")
}

// A later cancellation never gets a larger refund. The refund and what we keep add up to
// what was paid.
func TestRefundsNeverGrow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(0, 1_000_000).Draw(t, "total")
		paid := Quote{Total: Money{total, "INR"}, Fees: Money{rapid.Int64Range(0, total).Draw(t, "fees"), "INR"}}
		starts := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
		early := rapid.Int64Range(0, 5_000_000_000_000).Draw(t, "early")
		late := rapid.Int64Range(0, early).Draw(t, "late")
		policy := DefaultPolicy().Refunds
		first := policy.Quote(paid, starts, starts.Add(-time.Duration(early)))
		second := policy.Quote(paid, starts, starts.Add(-time.Duration(late)))
		require.GreaterOrEqual(t, first.Refund.Amount, second.Refund.Amount)
		require.Equal(t, paid.Total, first.Refund.Add(first.Kept))
	})
}

func TestMoneyInWords(t *testing.T) {
	t.Parallel()
	for want, money := range map[string]Money{
		"INR 450.00": {45_000, "INR"}, "INR 0.05": {5, "INR"}, "USD -12.30": {-1_230, "USD"},
		"JPY 1200": {1_200, "JPY"}, "KWD 1.234": {1_234, "KWD"}, "KWD 0.004": {4, "KWD"},
	} {
		assert.Equal(t, want, money.String())
	}
	assert.Panics(t, func() { Money{1, "INR"}.Add(Money{1, "USD"}) })
}

func TestShowsCarryTheirWallClock(t *testing.T) {
	t.Parallel()
	// New York goes back to standard time at 06:00 UTC that night.
	show := ShowSummary{StartsAt: time.Date(2026, 11, 1, 5, 30, 0, 0, time.UTC), TimeZone: "America/New_York"}
	local := func(s ShowSummary) string {
		text, err := json.Marshal(s)
		require.NoError(t, err)
		var read struct {
			LocalTime string `json:"local_time"`
		}
		require.NoError(t, json.Unmarshal(text, &read))
		return read.LocalTime
	}
	assert.Equal(t, "2026-11-01T01:30:00", local(show))
	show.StartsAt = show.StartsAt.Add(time.Hour)
	assert.Equal(t, "2026-11-01T01:30:00", local(show), "the hour that happens twice")
	show.TimeZone = "Nowhere/Atall"
	assert.Equal(t, "2026-11-01T06:30:00", local(show), "UTC when the zone is unknown")
}

func TestTerminalStatuses(t *testing.T) {
	t.Parallel()
	for status, terminal := range map[Status]bool{
		StatusHeld: false, StatusConfirmed: false, StatusCancelled: true, StatusExpired: true,
		StatusPaymentFailed: true, StatusRejected: true,
	} {
		assert.Equal(t, terminal, status.Terminal(), status)
	}
}

func TestPaysIsExact(t *testing.T) {
	t.Parallel()
	total := Money{100, "INR"}
	assert.True(t, PaymentState{Amount: 100, Authorized: 100, Currency: "INR"}.Pays(total))
	assert.True(t, PaymentState{Amount: 100, Captured: 100, Currency: "INR"}.Pays(total))
	for name, state := range map[string]PaymentState{
		"another currency": {Amount: 100, Authorized: 100, Currency: "USD"},
		"another amount":   {Amount: 99, Authorized: 99, Currency: "INR"},
		"half of it":       {Amount: 100, Authorized: 50, Currency: "INR"},
		"refunded in part": {Amount: 100, Captured: 100, Refunded: 1, Currency: "INR"},
	} {
		assert.False(t, state.Pays(total), name)
	}
}

func TestErrorsWrap(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := fmt.Errorf("context: %w", E(CodeConflict, "No %s.", "way").Wrap(cause))
	assert.Equal(t, CodeConflict, CodeOf(err))
	require.ErrorIs(t, err, cause)
	assert.Equal(t, CodeInternal, CodeOf(cause))
	assert.Equal(t, []string{"C7"}, SeatsUnavailable([]string{"C7"}).Seats)
}
