package booking

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMovedQuote(t *testing.T) {
	t.Parallel()
	quote := func(change func(*Terms), seats ...string) Quote {
		with := terms()
		if change != nil {
			change(&with)
		}
		q, err := NewQuote(with, seats)
		require.NoError(t, err)
		return q
	}
	dearer := func(to *Terms) { to.Prices = map[string]int64{"silver": 30_000, "gold": 90_000} }
	cheaper := func(to *Terms) { to.Prices = map[string]int64{"silver": 10_000, "gold": 20_000} }
	agreed := quote(nil, "A1", "B1")

	moved, err := MovedQuote(agreed, quote(cheaper, "A5", "B2"))
	require.NoError(t, err)
	assert.Equal(t, quote(cheaper, "A5", "B2"), moved)

	moved, err = MovedQuote(agreed, quote(dearer, "A5", "B2"))
	require.NoError(t, err)
	assert.Equal(t, quote(nil, "A5", "B2"), moved, "the same categories keep their price")

	moved, err = MovedQuote(quote(nil, "B1", "B2"), quote(dearer, "A1", "A2"))
	require.NoError(t, err)
	assert.Equal(t, quote(dearer, "A1", "A2"), moved, "other categories, and still cheaper")

	for name, next := range map[string]Quote{
		"dearer and other categories": quote(dearer, "B1", "B2"),
		"fewer seats":                 quote(cheaper, "A1"),
		"another currency":            quote(func(to *Terms) { to.Currency = "EUR" }, "A1", "B1"),
	} {
		_, err := MovedQuote(agreed, next)
		assert.Equal(t, CodeValidation, CodeOf(err), name)
	}
}

// At every price of the other show, no customer pays more than was agreed, and a quote adds
// up.
func TestMovedQuotesNeverCostMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		price := func(name string) int64 { return rapid.Int64Range(0, 100_000).Draw(t, name) }
		from, to := terms(), terms()
		from.Prices = map[string]int64{"silver": price("silver"), "gold": price("gold")}
		to.Prices = map[string]int64{"silver": price("new silver"), "gold": price("new gold")}
		to.FeePerSeat = price("fee")
		seats := func(name string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A1", "A2", "A3", "B1", "B2", "B3"}), 2, 2, rapid.ID[string]).Draw(t, name)
		}
		agreed, err := NewQuote(from, seats("seats"))
		require.NoError(t, err)
		next, err := NewQuote(to, seats("new seats"))
		require.NoError(t, err)
		moved, err := MovedQuote(agreed, next)
		if err != nil {
			require.Greater(t, next.Total.Amount, agreed.Total.Amount)
			return
		}
		require.LessOrEqual(t, moved.Total.Amount, agreed.Total.Amount)
		sum := moved.Fees.Amount + moved.Taxes.Amount
		for i, seat := range moved.Seats {
			require.Equal(t, next.Seats[i].Seat, seat.Seat)
			require.Equal(t, next.Seats[i].Category, seat.Category)
			sum += seat.Price.Amount
		}
		require.Equal(t, moved.Total.Amount, sum)
	})
}
