package houses

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func TestTakenSeatsAreTheHousesClaims(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.full(listed("s1", tomorrow()))
	show := r.show("s1")
	held := r.Held(show, "C1")
	expired := r.Held(show, "C2")
	r.Expire(expired.BookingID)
	r.Exec(`UPDATE seat_claims SET held_until = now() - interval '1 second' WHERE booking_id = $1`, expired.BookingID)
	terms := r.terms(show)
	r.told()
	write := func(at time.Time, addresses ...string) {
		t.Helper()
		require.NoError(t, r.store.WriteTaken(t.Context(), show, booking.HouseTaken{Addresses: addresses, AsOf: at, Exact: true}))
	}
	claims := func() map[string]string {
		t.Helper()
		all := r.Claims(show)
		for seat, claim := range all {
			if strings.HasSuffix(claim, held.BookingID) {
				all[seat] = "ours"
			}
		}
		return all
	}
	now := time.Now()
	// C1 is ours, C2 was; the house has A1 too, and a seat that is in no layout.
	write(now, "2/1/1", "2/1/2", "1/0/1", "8/8/8")
	theirs, kept := "sold "+uuid.Nil.String(), "held "+uuid.Nil.String()
	assert.Equal(t, map[string]string{"C1": "ours", "C2": theirs, "A1": theirs}, claims())
	assert.Equal(t, []string{show}, r.told())
	assert.Equal(t, terms, r.terms(show), "how old the seats are is no term of sale")
	write(now.Add(time.Second), "2/1/1", "2/1/2", "1/0/1")
	assert.Empty(t, r.told(), "nothing changed")

	write(now.Add(-time.Minute), "1/0/2")
	assert.Len(t, claims(), 3, "an older answer counts for nothing")
	write(now.Add(2*time.Second), "1/0/2")
	assert.Equal(t, map[string]string{"C1": "ours", "A2": theirs}, claims())
	assert.Equal(t, []string{show}, r.told())

	// Seats that a release in doubt keeps back stay until their end.
	r.Exec(`INSERT INTO seat_claims (show_id, seat, booking_id, state, held_until) VALUES ($1, 'A3', $2, 'held', now() + interval '1 hour')`, show, uuid.Nil)
	// Seats that the house has given us are not its own, though it does not sell them.
	r.Exec(`INSERT INTO house_allotments (show_id, seat) VALUES ($1, 'A4')`, show)
	write(now.Add(3*time.Second), "1/0/4")
	assert.Equal(t, map[string]string{"C1": "ours", "A3": kept}, claims())
	assert.Equal(t, int64(1), r.Number(`SELECT count(*) FROM house_shows WHERE seats_exact AND seats_as_of > $1`, now.Add(2*time.Second)))

	err := r.store.WriteTaken(t.Context(), uuid.NewString(), booking.HouseTaken{})
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
}

func TestAllotmentsBelongToTheTerms(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.full(listed("s1", tomorrow()))
	show := r.show("s1")
	before := r.terms(show)
	r.Exec(`INSERT INTO house_allotments (show_id, seat) VALUES ($1, 'A1'), ($1, 'A2')`, show)
	assert.Equal(t, before+1, r.terms(show))
	r.Exec(`DELETE FROM house_allotments WHERE show_id = $1`, show)
	assert.Equal(t, before+2, r.terms(show))
}

// A hold names a seat by the house's address, which may change while the seating stays.
func TestAddressesBelongToTheTerms(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	row := listed("s1", tomorrow())
	r.full(row)
	show := r.show("s1")
	before := r.terms(show)
	row.Rows[0].Seats[0].Address = "9/9/9"
	assert.Equal(t, 1, r.delta(row).Changed)
	assert.Equal(t, before+1, r.terms(show))
	r.Exec(`UPDATE house_shows SET seats_as_of = now(), listed_at = now()`)
	assert.Equal(t, before+1, r.terms(show))
}
