package payments_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// till is a theater whose movements of money are told one after the other.
type till struct {
	*books
	theater uuid.UUID
}

func newTill(t *testing.T) *till {
	b := newBooks(t)
	c := &till{books: b}
	require.NoError(t, b.db.Pool.QueryRow(t.Context(), `SELECT id FROM theaters`).Scan(&c.theater))
	return c
}

// sale is a sold booking of 1000: 100 are fees and 90 taxes.
func (c *till) sale(reference string) said {
	c.t.Helper()
	id := c.booking()
	_, err := c.db.Pool.Exec(c.t.Context(), `UPDATE bookings SET quote = '{"fees":{"amount":100,"currency":"INR"},"taxes":{"amount":90,"currency":"INR"}}'
		WHERE id = $1`, uuid.MustParse(id))
	require.NoError(c.t, err)
	c.sell(id, reference)
	return said{id, reference}
}

// at records a state at a time on the theater's clock.
func (c *till) at(local string, state booking.PaymentState) {
	c.t.Helper()
	last := c.count(`SELECT coalesce(max(id), 0) FROM ledger`)
	require.NoError(c.t, c.Record(c.t.Context(), state))
	_, err := c.db.Pool.Exec(c.t.Context(), `UPDATE ledger SET at = $2::timestamp AT TIME ZONE 'Asia/Kolkata' WHERE id > $1`, last, local)
	require.NoError(c.t, err)
}

func (c *till) settled(from, to string) booking.SettlementReport {
	c.t.Helper()
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		require.NoError(c.t, err)
		return at
	}
	report, err := c.Settlement(c.t.Context(), c.theater, day(from), day(to))
	require.NoError(c.t, err)
	for _, row := range append(report.Days, report.Totals...) {
		assert.Equal(c.t, row.Captured.Amount-row.Refunded.Amount-row.ChargedBack.Amount,
			row.BookingFees.Amount+row.Unsold.Amount+row.Owed.Amount, "%s: all money is somewhere", row.Day)
	}
	return report
}

// line is a row in short.
func line(r booking.SettlementRow) string {
	fees := "unknown"
	if r.ProviderFees != nil {
		fees = fmt.Sprint(r.ProviderFees.Amount)
	}
	return fmt.Sprintf("%s %s: sold %d, captured %d, refunded %d, charged back %d, fees %d, taxes %d, provider %s, unsold %d, owed %d",
		r.Day, r.Currency, r.Bookings, r.Captured.Amount, r.Refunded.Amount, r.ChargedBack.Amount, r.BookingFees.Amount,
		r.Taxes.Amount, fees, r.Unsold.Amount, r.Owed.Amount)
}

func lines(rows []booking.SettlementRow) (all []string) {
	for _, r := range rows {
		all = append(all, line(r))
	}
	return all
}

func TestSettlement(t *testing.T) {
	t.Parallel()
	c := newTill(t)
	kept, part, whole := c.sale("pi_kept"), c.sale("pi_part"), c.sale("pi_whole")
	bank, back := c.sale("pi_bank"), c.sale("pi_back")
	// The clock of Kolkata is 5:30 ahead of UTC: these are two days there, and one in UTC.
	c.at("2026-11-26 23:59:59", kept.captured(0))
	c.at("2026-11-27 00:00:00", part.captured(0))
	c.at("2026-11-27 10:00:00", whole.captured(0))
	c.at("2026-11-27 11:00:00", bank.captured(0))
	c.at("2026-11-27 12:00:00", back.captured(0))
	c.at("2026-11-27 23:59:59", part.captured(450)) // half of what is not a fee
	c.at("2026-11-28 09:00:00", whole.captured(1000))
	c.at("2026-11-28 10:00:00", bank.disputed(booking.DisputeOpen))
	c.at("2026-11-28 11:00:00", back.disputed(booking.DisputeOpen))
	c.at("2026-11-29 10:00:00", back.disputed(booking.DisputeWon))
	// Paid twice: the second payment bought nothing, and went back on the next day.
	twice := said{kept.bookingID, "pi_twice"}
	c.at("2026-11-28 12:00:00", twice.captured(0))
	c.at("2026-11-29 12:00:00", twice.captured(1000))
	// A refund that came to us again.
	c.at("2026-11-29 13:00:00", whole.reversed(0, 1000))
	_, err := c.db.Pool.Exec(t.Context(), `INSERT INTO payment_fees (provider, reference, fee, currency) VALUES ('stripe', 'pi_kept', 23, 'INR')`)
	require.NoError(t, err)

	report := c.settled("2026-11-26", "2026-11-29")
	assert.Equal(t, "Asia/Kolkata", report.TimeZone)
	assert.Equal(t, []string{
		"2026-11-26 INR: sold 1, captured 1000, refunded 0, charged back 0, fees 100, taxes 90, provider 23, unsold 0, owed 900",
		"2026-11-27 INR: sold 4, captured 4000, refunded 450, charged back 0, fees 400, taxes 315, provider unknown, unsold 0, owed 3150",
		"2026-11-28 INR: sold 0, captured 1000, refunded 1000, charged back 2000, fees -300, taxes -270, provider unknown, unsold 1000, owed -2700",
		"2026-11-29 INR: sold 0, captured 0, refunded 0, charged back -1000, fees 200, taxes 180, provider 0, unsold -1000, owed 1800",
	}, lines(report.Days))
	assert.Equal(t, []string{
		" INR: sold 5, captured 6000, refunded 1450, charged back 1000, fees 400, taxes 315, provider unknown, unsold 0, owed 3150",
	}, lines(report.Totals))

	// To the last unit what the ledger says.
	totals, err := c.Totals(t.Context())
	require.NoError(t, err)
	require.Len(t, totals, 1)
	assert.Equal(t, totals[0].Captured, report.Totals[0].Captured.Amount)
	came := c.count(`SELECT sum(amount) FROM ledger WHERE movement = 'refund_failed'`)
	assert.Equal(t, totals[0].Refunded-int64(came), report.Totals[0].Refunded.Amount)

	// What is before the span counts for what is kept, and not in the sums.
	late := c.settled("2026-11-28", "2026-11-28")
	assert.Equal(t, lines(report.Days[2:3]), lines(late.Days))
	assert.Empty(t, c.settled("2026-12-01", "2026-12-31").Days)
	assert.NotNil(t, c.settled("2026-12-01", "2026-12-31").Totals)

	_, err = c.Settlement(t.Context(), uuid.New(), time.Now(), time.Now())
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
}

// Whatever happens to payments in whichever order: the sum of all days is the ledger's, and
// the shares of the last state are those of all movements together.
func TestSettlementAddsUp(t *testing.T) {
	t.Parallel()
	c := newTill(t)
	for n := range 40 {
		s := c.sale(fmt.Sprint("pi_", n))
		day := time.Date(2026, 11, 1+n%25, n%24, 0, 0, 0, time.UTC)
		c.at(day.Format(time.DateTime), s.captured(0))
		for step := range int64(n % 5) {
			day = day.Add(17 * time.Hour)
			c.at(day.Format(time.DateTime), s.captured(min(1000, (step+1)*int64(n*7+13))))
		}
	}
	report := c.settled("2026-11-01", "2026-12-31")
	var sum booking.SettlementRow
	for _, r := range report.Days {
		sum.Bookings += r.Bookings
		sum.Captured.Amount += r.Captured.Amount
		sum.Refunded.Amount += r.Refunded.Amount
		sum.BookingFees.Amount += r.BookingFees.Amount
		sum.Taxes.Amount += r.Taxes.Amount
		sum.Owed.Amount += r.Owed.Amount
	}
	require.Len(t, report.Totals, 1)
	total := report.Totals[0]
	assert.EqualValues(t, 40, sum.Bookings)
	assert.Equal(t, []int64{total.Bookings, total.Captured.Amount, total.Refunded.Amount, total.BookingFees.Amount, total.Taxes.Amount, total.Owed.Amount},
		[]int64{sum.Bookings, sum.Captured.Amount, sum.Refunded.Amount, sum.BookingFees.Amount, sum.Taxes.Amount, sum.Owed.Amount})
	assert.EqualValues(t, c.count(`SELECT sum(amount) FROM ledger WHERE movement = 'capture'`), total.Captured.Amount)
	assert.EqualValues(t, c.count(`SELECT sum(amount) FROM ledger WHERE movement = 'refund'`), total.Refunded.Amount)
	assert.EqualValues(t, c.count(`SELECT sum(least(100, captured - refunded)) FROM payments`), total.BookingFees.Amount)
	assert.EqualValues(t, c.count(`SELECT sum(90 * greatest(captured - refunded - 100, 0) / 900) FROM payments`), total.Taxes.Amount)
}
