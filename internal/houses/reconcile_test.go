package houses

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

const grace = time.Hour

// order is what a booking of C1 and C2 has ordered.
func (r *remote) order(bookingID string) booking.HouseOrder {
	price := booking.Money{Amount: 45000, Currency: "INR"}
	return booking.HouseOrder{BookingID: bookingID, Attempt: 1, Reference: "r-" + bookingID[:8], Terms: booking.HouseTerms{
		TheaterID: r.Theater, Adapter: "session", Show: "s1", Seats: []booking.HouseSeat{
			{Seat: "C1", Address: "2/1/1", Price: price}, {Seat: "C2", Address: "2/1/2", Price: price}}}}
}

// sale is how the house has it.
func sale(order booking.HouseOrder, status booking.HouseOrderStatus) booking.HouseState {
	return booking.HouseState{Key: order.Key(), Reference: order.Reference, Status: status, Show: "s1", Number: "W1",
		Total: booking.Money{Amount: 90000, Currency: "INR"}, Addresses: []string{"2/1/2", "2/1/1"},
		Codes: map[string]string{"2/1/1": "code 1", "2/1/2": "code 2"}}
}

// soldThere writes down that the house has sold an order.
func (r *remote) soldThere(order booking.HouseOrder) {
	r.T.Helper()
	sold := booking.HouseSale{Reference: order.Reference, Codes: map[string]string{}}
	for _, seat := range order.Terms.Seats {
		sold.Codes[seat.Seat] = "code of " + seat.Address
	}
	require.NoError(r.T, r.books.HouseSold(r.T.Context(), order, sold))
}

func (r *remote) reconcile(show string, sales ...booking.HouseState) []booking.HouseFinding {
	r.T.Helper()
	found, err := r.store.Reconcile(r.T.Context(), r.Theater, show, sales, grace)
	require.NoError(r.T, err)
	return found
}

// old makes everything old enough to count.
func (r *remote) old() {
	r.T.Helper()
	r.Exec(`UPDATE bookings SET updated_at = now() - interval '2 hours'`)
	r.Exec(`UPDATE house_findings SET found_at = now() - interval '2 hours'`)
}

func TestReconcileFindsOrphans(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.full(listed("s1", tomorrow()))
	show := r.show("s1")
	orphan := sale(r.order(uuid.NewString()), booking.HouseConfirmed)
	found := r.reconcile(show, orphan)
	require.Len(t, found, 1)
	assert.Nil(t, found[0].Cancel, "the booking may be in doubt")
	assert.Empty(t, r.alerts(booking.AlertHouseSaleOrphan))

	r.old()
	found = r.reconcile(show, orphan)
	require.Len(t, found, 1)
	require.NotNil(t, found[0].Cancel)
	assert.Equal(t, orphan.Key, found[0].Cancel.Key())
	assert.Equal(t, orphan.Reference, found[0].Cancel.Reference)
	assert.Len(t, r.alerts(booking.AlertHouseSaleOrphan), 1)
	is, err := r.store.Orphaned(t.Context(), show, *found[0].Cancel)
	require.NoError(t, err)
	assert.True(t, is)

	// A house that refuses is not asked each hour.
	require.NoError(t, r.store.OrphanDone(t.Context(), r.Theater, found[0].Sale, false))
	assert.Nil(t, r.reconcile(show, orphan)[0].Cancel)
	require.NoError(t, r.store.OrphanDone(t.Context(), r.Theater, found[0].Sale, true))
	orphan.Status = booking.HouseCancelled
	assert.Empty(t, r.reconcile(show, orphan))
	assert.Equal(t, int64(1), r.Number(`SELECT count(*) FROM house_findings WHERE done = 'cancelled'`), "it stays on record")

	// One that was seen once and is gone is forgotten: seen again, it is young again.
	other := sale(r.order(uuid.NewString()), booking.HouseConfirmed)
	r.reconcile(show, other)
	r.old()
	assert.Empty(t, r.reconcile(show))
	assert.Nil(t, r.reconcile(show, other)[0].Cancel)

	// A sale that does not name one of ours is told, and not cancelled.
	unnamed := booking.HouseState{Reference: "77", Status: booking.HouseConfirmed}
	r.reconcile(show, unnamed)
	r.old()
	found = r.reconcile(show, unnamed)
	assert.Nil(t, found[0].Cancel)
	assert.Equal(t, "reference 77", found[0].Sale)
}

func TestReconcileLeavesBookingsAlone(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.full(listed("s1", tomorrow()))
	show := r.show("s1")
	sold, held := r.Sold(show, "C1", "C2"), r.Held(show, "C3")
	order := r.order(sold.BookingID)
	r.soldThere(order)
	r.old()
	agreed, inDoubt := sale(order, booking.HouseConfirmed), sale(r.order(held.BookingID), booking.HouseConfirmed)
	assert.Empty(t, r.reconcile(show, agreed, inDoubt), "one that is held may be about to be confirmed")
	is, err := r.store.Orphaned(t.Context(), show, r.order(held.BookingID))
	require.NoError(t, err)
	assert.False(t, is)

	// Another attempt of the same booking is an orphan; so is one of a booking that has ended.
	second := order
	second.Attempt = 2
	r.Exec(`SELECT end_booking($1, 'expired', '')`, held.BookingID)
	r.old()
	found := r.reconcile(show, agreed, sale(second, booking.HouseConfirmed), inDoubt)
	require.Len(t, found, 2)
	r.old()
	for _, f := range r.reconcile(show, agreed, sale(second, booking.HouseConfirmed), inDoubt) {
		assert.Equal(t, booking.HouseOrphan, f.Kind)
		assert.NotNil(t, f.Cancel)
	}
}

func TestReconcileFindsWhatDiffers(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.full(listed("s1", tomorrow()))
	show := r.show("s1")
	sold := r.Sold(show, "C1", "C2")
	order := r.order(sold.BookingID)
	r.soldThere(order)
	assert.Empty(t, r.reconcile(show), "it was sold a moment ago: the list may be older")
	r.old()

	found := r.reconcile(show)
	require.Len(t, found, 1)
	assert.Equal(t, booking.HouseMissing, found[0].Kind)
	assert.Equal(t, sold.BookingID, found[0].BookingID)
	assert.Contains(t, r.alerts(booking.AlertHouseSaleMissing)[0], "does not know it")

	found = r.reconcile(show, sale(order, booking.HouseCancelled))
	require.Len(t, found, 1)
	assert.Equal(t, booking.HouseUndone, found[0].Kind)
	assert.Contains(t, r.alerts(booking.AlertHouseSaleMissing)[1], "cancelled")

	// Of a show that the theater has cancelled that is what has to be.
	gone := listed("s1", tomorrow())
	gone.Cancelled = true
	r.delta(gone)
	assert.Empty(t, r.reconcile(show, sale(order, booking.HouseCancelled)))
	gone.Cancelled = false
	r.delta(gone)
	require.Len(t, r.reconcile(show, sale(order, booking.HouseCancelled)), 1)

	other := sale(order, booking.HouseConfirmed)
	other.Addresses = []string{"2/1/1", "2/1/3"}
	found = r.reconcile(show, other)
	require.Len(t, found, 1)
	assert.Equal(t, booking.HouseDiffers, found[0].Kind)
	assert.Nil(t, found[0].Cancel)

	other = sale(order, booking.HouseConfirmed)
	other.Total.Amount = 80000
	require.Len(t, r.reconcile(show, other), 1)
	assert.Contains(t, r.alerts(booking.AlertHouseSaleDiffers)[1], "at the theater")
	assert.Empty(t, r.reconcile(show, sale(order, booking.HouseConfirmed)))
	assert.Equal(t, int64(0), r.Number(`SELECT count(*) FROM house_findings`))

	_, err := r.store.Reconcile(t.Context(), r.Theater, uuid.NewString(), nil, grace)
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
}

func TestShowsToReconcile(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	soon := time.Now().Add(20 * time.Hour).UTC().Truncate(time.Minute)
	r.full(listed("s1", soon), listed("s2", soon.Add(50*time.Hour)), listed("s3", soon.Add(100*time.Hour)))
	sold := r.Sold(r.show("s3"), "C1", "C2")
	order := r.order(sold.BookingID)
	r.soldThere(order)
	var names []string
	after := ""
	for range 3 {
		page, err := r.store.ShowsToReconcile(t.Context(), r.Theater, after, 1)
		require.NoError(t, err)
		for _, show := range page {
			names, after = append(names, show.Show), show.ShowID
		}
	}
	assert.ElementsMatch(t, []string{"s1", "s3"}, names, "a later day without orders of ours is left out")
}
