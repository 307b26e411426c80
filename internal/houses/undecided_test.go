package houses

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
)

// paid is a booking whose money was authorized some time ago, and whose house was asked to sell.
func (r *remote) paid(show, seat, provider string, ago time.Duration) booking.HouseOrder {
	r.T.Helper()
	held := r.Held(show, seat)
	order := booking.HouseOrder{BookingID: held.BookingID, Attempt: 1, Terms: *held.House}
	r.authorized(held.BookingID, provider, "pi-"+seat, "authorized", ago)
	require.NoError(r.T, r.Seller.(*bookings.Store).HouseAsked(r.T.Context(), order))
	return order
}

func (r *remote) authorized(bookingID, provider, reference, status string, ago time.Duration) {
	r.T.Helper()
	r.Exec(`INSERT INTO payments (booking_id, attempt, provider, reference, status, amount, currency) VALUES ($1, 1, $2, $3, $4, 100, 'INR')`,
		bookingID, provider, reference, status)
	r.Exec(`INSERT INTO ledger (booking_id, provider, reference, movement, amount, total, currency, at)
		VALUES ($1, $2, $3, 'authorize', 100, 100, 'INR', now() - $4::interval)`, bookingID, provider, reference, ago)
}

// undecided does a round, and gives the open alerts by their bookings.
func (r *remote) undecided() map[string]string {
	r.T.Helper()
	n, err := r.store.AlertUndecided(r.T.Context())
	require.NoError(r.T, err)
	rows, err := r.Pool.Query(r.T.Context(), `SELECT booking_id::text, detail FROM alerts WHERE kind = 'house_sale_undecided' AND resolved_at IS NULL`)
	require.NoError(r.T, err)
	open := map[string]string{}
	for rows.Next() {
		var id, detail string
		require.NoError(r.T, rows.Scan(&id, &detail))
		open[id] = detail
	}
	require.NoError(r.T, rows.Err())
	assert.Len(r.T, open, n)
	return open
}

func TestStaffHearOfASaleThatIsNotDecidedInHalfOfTheTime(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.store.MoneyKept = map[string]time.Duration{"stripe": 168 * time.Hour, "razorpay": 12 * time.Hour}
	r.full(listed("s1", tomorrow()))
	show := r.show("s1")
	r.paid(show, "A1", "stripe", 83*time.Hour)
	late := r.paid(show, "A2", "stripe", 85*time.Hour)
	soon := r.paid(show, "A3", "razorpay", 6*time.Hour)
	r.paid(show, "C1", "closed", 11*time.Hour)
	// A second payment whose money went back does not count.
	r.authorized(soon.BookingID, "stripe", "pi-first", "voided", 200*time.Hour)
	// Nor does a booking that the house has not been asked about: its own hold ends it.
	unasked := r.Held(show, "C2")
	r.authorized(unasked.BookingID, "stripe", "pi-C2", "authorized", 100*time.Hour)

	until := r.text(`SELECT to_char((at + interval '168 hours') AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM ledger WHERE reference = 'pi-A2'`)
	open := r.undecided()
	assert.Len(t, open, 2)
	assert.Equal(t, "Orpheum has not decided about the sale. The money is safe at stripe until "+until+" UTC.", open[late.BookingID])
	assert.Contains(t, open[soon.BookingID], "at razorpay until ")
	assert.Equal(t, open, r.undecided(), "a repeat is the same alert")
	assert.EqualValues(t, 2, r.Number(`SELECT sum(openings) FROM alerts`))

	// The money is gone, and the house has still not decided: that is still for staff.
	r.Exec(`UPDATE payments SET status = 'voided' WHERE reference = 'pi-A2'`)
	assert.Contains(t, r.undecided(), late.BookingID)

	store := r.Seller.(*bookings.Store)
	sale := booking.HouseSale{Reference: "R-1", Number: "W1", Codes: map[string]string{"A2": "1"}}
	require.NoError(t, store.HouseSold(t.Context(), late, sale))
	require.NoError(t, store.HouseLeft(t.Context(), soon))
	assert.Empty(t, r.undecided())
	assert.EqualValues(t, 2, r.Number(`SELECT count(*) FROM alerts WHERE resolved_at IS NOT NULL AND resolved_by IS NULL AND note <> ''`))
}
