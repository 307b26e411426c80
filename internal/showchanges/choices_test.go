package showchanges

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows/showstest"
)

// moveShow moves a show by a day, and tells its bookings.
func (h *house) moveShow(show string, decideIn time.Duration) (changeID string) {
	h.T.Helper()
	changeID = uuid.NewString()
	h.Exec(`UPDATE shows SET starts_at = starts_at + interval '1 day', ends_at = ends_at + interval '1 day' WHERE id = $1`, show)
	h.Exec(`INSERT INTO show_changes (id, show_id, kind, reason, old_starts_at, new_starts_at, decide_by, default_choice, requested_by, created_at)
		SELECT $1, id, 'rescheduled', 'A late print.', starts_at - interval '1 day', starts_at, clock_timestamp() + $3::interval,
			'refund', $4, clock_timestamp()
		FROM shows WHERE id = $2`, changeID, show, decideIn, uuid.New())
	h.Exec(`INSERT INTO show_change_bookings (change_id, booking_id) SELECT $1, id FROM bookings WHERE show_id = $2`, changeID, show)
	return changeID
}

func wish(bookingID, changeID string, choice booking.ChangeChoice) booking.Choice {
	return booking.Choice{BookingID: bookingID, ChangeID: changeID, Choice: choice}
}

func moveTo(bookingID, changeID, show string, seats ...string) booking.Choice {
	return booking.Choice{BookingID: bookingID, ChangeID: changeID, Choice: booking.ChoiceMove, ShowID: show, Seats: seats}
}

func TestFault43_ANewTimeIsOnTheTimeline(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.Exec(`UPDATE theaters SET time_zone = 'Europe/London'`)
	b := h.Sold(h.Show(), "A1")
	// The clocks go back on 25 October 2026 at 01:00 UTC (scenario 44).
	h.Exec(`UPDATE shows SET starts_at = '2026-10-24 19:30Z', ends_at = '2026-10-24 21:30Z' WHERE id = $1`, b.Show.ID)
	changeID := h.moveShow(b.Show.ID, time.Hour)
	after, err := h.bookings.Booking(t.Context(), b.BookingID)
	require.NoError(t, err)
	last := after.Timeline[len(after.Timeline)-1]
	assert.Equal(t, booking.EventRescheduled, last.Event)
	assert.Equal(t, "From Sat 24 Oct 20:30 to Sun 25 Oct 19:30.", last.Detail)

	change, err := h.store.BookingChange(t.Context(), b.BookingID)
	require.NoError(t, err)
	assert.Equal(t, changeID, change.ID)
	assert.Equal(t, "2026-10-24T20:30:00", change.OldLocalTime)
	assert.Equal(t, "2026-10-25T19:30:00", change.NewLocalTime)
	assert.True(t, change.Open)

	_, err = h.store.BookingChange(t.Context(), h.Sold(h.Show(), "A1").BookingID)
	showstest.Code(t, booking.CodeNotFound, err)
}

func TestKeepAndRefundAreWrittenDownOnce(t *testing.T) {
	t.Parallel()
	for _, choice := range []booking.ChangeChoice{booking.ChoiceKeep, booking.ChoiceRefund} {
		t.Run(string(choice), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			b := h.Sold(h.Show(), "A1", "A2")
			changeID := h.moveShow(b.Show.ID, time.Hour)
			for range 2 {
				chosen, err := h.store.Choose(t.Context(), wish(b.BookingID, changeID, choice))
				require.NoError(t, err)
				assert.Equal(t, b.Quote, chosen.Quote)
				assert.Zero(t, chosen.GivenBack.Amount)
			}
			other := map[booking.ChangeChoice]booking.ChangeChoice{
				booking.ChoiceKeep: booking.ChoiceRefund, booking.ChoiceRefund: booking.ChoiceKeep}[choice]
			_, err := h.store.Choose(t.Context(), wish(b.BookingID, changeID, other))
			assert.Contains(t, showstest.Code(t, booking.CodeChoiceClosed, err).Message, string(choice))
			assert.Equal(t, int64(1), h.Number(`SELECT count(*) FROM booking_events WHERE booking_id = $1 AND event = 'chosen'`, b.BookingID))
			change, err := h.store.BookingChange(t.Context(), b.BookingID)
			require.NoError(t, err)
			assert.Equal(t, choice, change.Choice)
			assert.Equal(t, "customer", change.ChosenBy)
			assert.False(t, change.Open)
			h.checkInvariants(b.Show.ID)
		})
	}
}

// A choice is carried out even if its answer is lost: the retry finds everything done and
// does nothing.
func TestFault43_MoveIsDoneOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	from, to := h.Show(), h.Show()
	b := h.Sold(from, "C1", "C2")
	before, err := h.bookings.Booking(t.Context(), b.BookingID)
	require.NoError(t, err)
	changeID := h.moveShow(from, time.Hour)
	h.Topics()

	var first booking.Chosen
	for i := range 3 {
		chosen, err := h.store.Choose(t.Context(), moveTo(b.BookingID, changeID, to, "B2", "B1"))
		require.NoError(t, err)
		if i == 0 {
			first = chosen
		}
		assert.Equal(t, first, chosen)
	}
	assert.Subset(t, h.Topics(), []string{"show:" + from, "show:" + to, "booking:" + b.BookingID})
	after, err := h.bookings.Booking(t.Context(), b.BookingID)
	require.NoError(t, err)
	assert.Equal(t, to, after.Show.ID)
	assert.Equal(t, []string{"B1", "B2"}, after.Seats)
	// Two silver seats at 300.00 instead of two gold ones at 450.00, with 18 % tax.
	assert.Equal(t, int64(2*(45_000-30_000)*118/100), before.Quote.Total.Amount-after.Quote.Total.Amount)
	require.NotNil(t, after.Refund)
	assert.Equal(t, before.Quote.Total.Amount-after.Quote.Total.Amount, after.Refund.Amount.Amount)
	assert.Equal(t, after.Refund.Amount, first.GivenBack)
	assert.Equal(t, before.Quote.Total.Amount, h.Number(`SELECT total FROM bookings WHERE id = $1`, b.BookingID), "what was paid")
	assert.NotEqual(t, before.Ticket.Serial, after.Ticket.Serial)
	assert.Empty(t, h.Claims(from))
	assert.Len(t, h.Claims(to), 2)
	assert.Equal(t, int64(1), h.Number(`SELECT count(*) FROM booking_events WHERE booking_id = $1 AND event = 'moved'`, b.BookingID))
	for _, show := range []string{from, to} {
		h.checkInvariants(show)
	}
	_, err = h.store.Choose(t.Context(), moveTo(b.BookingID, changeID, h.Show(), "B1", "B2"))
	showstest.Code(t, booking.CodeChoiceClosed, err)

	// A later cancellation owes the rest, in addition to what was refunded.
	require.NoError(t, h.bookings.Cancel(t.Context(), booking.Cancellation{
		BookingID: b.BookingID, Refund: before.Quote.Total, Detail: "Ill."}))
	h.checkInvariants(to)
}

// A dearer show costs nothing more in the same categories, and is refused in others.
func TestMovePrices(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	from, dearer, abroad := h.Show(), h.Show(), h.Show()
	h.Exec(`UPDATE shows SET prices = '{"silver": 50000, "gold": 90000}' WHERE id = $1`, dearer)
	h.Exec(`UPDATE shows SET currency = 'EUR' WHERE id = $1`, abroad)
	other, film := h.Show(), uuid.NewString()
	h.Exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes) VALUES ($1, 'another', 'Another', 2026, 90)`, film)
	h.Exec(`UPDATE shows SET movie_id = $2 WHERE id = $1`, other, film)
	b := h.Sold(from, "A1", "C1")
	changeID := h.moveShow(from, time.Hour)

	for name, to := range map[string]struct {
		booking.Choice
		field string
	}{
		"other categories": {moveTo(b.BookingID, changeID, dearer, "C1", "C2"), "seats"},
		"more seats":       {moveTo(b.BookingID, changeID, dearer, "A1", "A2", "C1"), "seats"},
		"half a sofa":      {moveTo(b.BookingID, changeID, dearer, "A1", "D1"), "seats"},
		"another currency": {moveTo(b.BookingID, changeID, abroad, "A1", "C1"), "show_id"},
		"another movie":    {moveTo(b.BookingID, changeID, other, "A1", "C1"), "show_id"},
		"the same show":    {moveTo(b.BookingID, changeID, from, "A2", "C2"), "show_id"},
		"no show":          {moveTo(b.BookingID, changeID, uuid.NewString(), "A2", "C2"), "show_id"},
	} {
		_, err := h.store.Choose(t.Context(), to.Choice)
		assert.Equal(t, to.field, showstest.Code(t, booking.CodeValidation, err).Fields[0].Field, name)
	}
	chosen, err := h.store.Choose(t.Context(), moveTo(b.BookingID, changeID, dearer, "C5", "B5"))
	require.NoError(t, err)
	assert.Equal(t, b.Quote.Total, chosen.Quote.Total)
	assert.Equal(t, []booking.SeatPrice{
		{Seat: "B5", Category: "silver", Price: booking.Money{Amount: 30_000, Currency: "INR"}},
		{Seat: "C5", Category: "gold", Price: booking.Money{Amount: 45_000, Currency: "INR"}},
	}, chosen.Quote.Seats)
	assert.Zero(t, chosen.GivenBack.Amount)
}

func TestChoicesThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tests := map[string]struct {
		prepare func(b booking.Held, changeID string)
		decide  time.Duration
		want    booking.Code
	}{
		"late":            {decide: -time.Millisecond, want: booking.CodeChoiceClosed},
		"cancelled":       {prepare: func(b booking.Held, _ string) { h.cancel(b.BookingID) }, want: booking.CodeChoiceClosed},
		"by default":      {prepare: func(_ booking.Held, id string) { h.applyDefault(id, "refund") }, want: booking.CodeChoiceClosed},
		"moved once more": {prepare: func(b booking.Held, _ string) { h.moveShow(b.Show.ID, time.Hour) }, want: booking.CodeChoiceClosed},
		"not told": {prepare: func(b booking.Held, _ string) {
			h.Exec(`DELETE FROM show_change_bookings WHERE booking_id = $1`, b.BookingID)
		}, want: booking.CodeNotFound},
		"scanned": {prepare: func(b booking.Held, _ string) {
			h.Exec(`UPDATE tickets SET scanned_at = now() WHERE booking_id = $1`, b.BookingID)
		}, want: booking.CodeNotCancellable},
		"show over": {prepare: func(booking.Held, string) {
			h.Exec(`UPDATE shows SET sales_close_at = sales_open_at + interval '1 minute'`)
		}, want: booking.CodeShowNotOnSale},
	}
	for _, name := range []string{"late", "cancelled", "by default", "moved once more", "not told", "scanned", "show over"} {
		test := tests[name]
		from, to := h.Show(), h.Show()
		b := h.Sold(from, "A1")
		if test.decide == 0 {
			test.decide = time.Hour
		}
		changeID := h.moveShow(from, test.decide)
		if test.prepare != nil {
			test.prepare(b, changeID)
		}
		_, err := h.store.Choose(t.Context(), moveTo(b.BookingID, changeID, to, "A1"))
		assert.Equal(t, test.want, booking.CodeOf(err), "%s: %v", name, err)
		assert.Empty(t, h.Claims(to), name)
		h.checkInvariants(from)
	}
}

func (h *house) cancel(bookingID string) {
	h.T.Helper()
	require.NoError(h.T, h.bookings.Cancel(h.T.Context(), booking.Cancellation{BookingID: bookingID, Refund: booking.Money{Currency: "INR"}}))
}

func (h *house) applyDefault(changeID, choice string) {
	h.Exec(`UPDATE show_change_bookings SET choice = $2, chosen_by = 'default', chosen_at = clock_timestamp()
		WHERE change_id = $1 AND choice = ''`, changeID, choice)
}

// Many customers of a moved show, and many others, want the same seats of another:
// no customer gets half of the seats, and no seat is sold twice.
func TestFault43_MovesRaceOthersForSeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	from, to := h.Show(), h.Show()
	var bookings []string
	for _, seats := range [][]string{{"A1", "A2"}, {"A3", "A4"}, {"A5", "A6"}, {"A7", "A8"}} {
		bookings = append(bookings, h.Sold(from, seats...).BookingID)
	}
	changeID := h.moveShow(from, time.Hour)
	wanted := [][]string{{"B1", "B2"}, {"B2", "B3"}, {"B3", "B4"}, {"B4", "B1"}}
	type result struct {
		err   error
		seats []string
	}
	results := make([]result, 0, 8)
	var mu sync.Mutex
	var all sync.WaitGroup
	try := func(seats []string, take func() error) {
		all.Go(func() {
			err := take()
			mu.Lock()
			defer mu.Unlock()
			results = append(results, result{err, seats})
		})
	}
	for i, seats := range wanted {
		try(seats, func() error {
			_, err := h.store.Choose(context.WithoutCancel(t.Context()), moveTo(bookings[i], changeID, to, seats...))
			return err
		})
		customer := h.Customer()
		try(seats, func() error {
			_, err := h.bookings.Hold(context.WithoutCancel(t.Context()), showstest.Request(to, customer, seats...))
			return err
		})
	}
	all.Wait()
	got := 0
	for _, r := range results {
		if r.err == nil {
			got++
			continue
		}
		assert.NotEmpty(t, showstest.Code(t, booking.CodeSeatsUnavailable, r.err).Seats)
	}
	assert.Positive(t, got)
	assert.LessOrEqual(t, got, 2)
	assert.Len(t, h.Claims(to), 2*got)
	h.checkInvariants(from)
	h.checkInvariants(to)
}

// Two shows are moved at once, and the customers of each want the others' seats
// while those leave them.
func TestMovesAcrossEachOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	shows := []string{h.Show(), h.Show()}
	type seat struct{ booking, name string }
	var have [2][]seat
	for n := 1; n <= 6; n++ {
		for i, show := range shows {
			name := fmt.Sprintf("A%d", n)
			have[i] = append(have[i], seat{h.Sold(show, name).BookingID, name})
		}
	}
	changes := []string{h.moveShow(shows[0], time.Hour), h.moveShow(shows[1], time.Hour)}
	var all sync.WaitGroup
	for i := range shows {
		for n, s := range have[i] {
			all.Go(func() {
				// A seat that is certainly free, or one that another customer may be
				// leaving.
				target := fmt.Sprintf("B%d", n+1)
				if n%2 == 0 {
					target = s.name
				}
				_, err := h.store.Choose(context.WithoutCancel(t.Context()), moveTo(s.booking, changes[i], shows[1-i], target))
				if err != nil {
					assert.Contains(t, []booking.Code{booking.CodeSeatsUnavailable, booking.CodeUnavailable}, booking.CodeOf(err), "%v", err)
				}
			})
		}
	}
	all.Wait()
	for _, show := range shows {
		h.checkInvariants(show)
	}
	assert.Equal(t, int64(12), h.Number(`SELECT count(*) FROM seat_claims`))
}

// The deadline passes, the default is applied, and the customer chooses, at once:
// one choice stands.
func TestFault43_ChoiceRacesTheDeadline(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	from, to := h.Show(), h.Show()
	for n := range 8 {
		b := h.Sold(from, fmt.Sprintf("A%d", n+1))
		changeID := h.moveShow(from, time.Hour)
		var err error
		var both sync.WaitGroup
		both.Go(func() {
			_, err = h.store.Choose(context.WithoutCancel(t.Context()), moveTo(b.BookingID, changeID, to, fmt.Sprintf("A%d", n+1)))
		})
		both.Go(func() { h.applyDefault(changeID, "refund") })
		both.Wait()
		after, readErr := h.bookings.Booking(t.Context(), b.BookingID)
		require.NoError(t, readErr)
		change, readErr := h.store.BookingChange(t.Context(), b.BookingID)
		require.NoError(t, readErr)
		if err == nil {
			assert.Equal(t, to, after.Show.ID)
			assert.Equal(t, "customer", change.ChosenBy)
		} else {
			showstest.Code(t, booking.CodeChoiceClosed, err)
			assert.Equal(t, from, after.Show.ID)
			assert.Equal(t, "default", change.ChosenBy)
		}
	}
	h.checkInvariants(from)
	h.checkInvariants(to)
}

func TestAlternativesAreNearAndHaveRoom(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	from := h.Show()
	later, full, over, elsewhere, farAway, remote := h.Show(), h.Show(), h.Show(), h.Show(), h.Show(), h.Show()
	h.Exec(`INSERT INTO houses (theater_id, adapter, address) VALUES ($1, 'session', 'http://127.0.0.1')`, h.Theater)
	h.Exec(`INSERT INTO house_shows (show_id, theater_id, external_id, seats, categories) VALUES ($1, $2, 'x', '{}', '{}')`, remote, h.Theater)
	h.Exec(`UPDATE shows SET starts_at = starts_at + interval '3 hours', ends_at = ends_at + interval '3 hours' WHERE id = $1`, later)
	h.Exec(`UPDATE shows SET sales_close_at = sales_open_at + interval '1 minute' WHERE id = $1`, over)
	h.Exec(`INSERT INTO seat_claims (show_id, seat, booking_id, state)
		SELECT $1, seat, gen_random_uuid(), 'sold' FROM generate_series(1, 31) AS n, LATERAL (VALUES ('S' || n)) AS s (seat)`, full)
	for show, city := range map[string]string{elsewhere: h.City, farAway: uuid.NewString()} {
		theater := uuid.NewString()
		h.Exec(`INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon)
			VALUES ($1::uuid, $1::text, 'Far', 'IN', 'Asia/Kolkata', 'INR', 10, 70) ON CONFLICT DO NOTHING`, city)
		h.Exec(`INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
			VALUES ($1::uuid, $1::text, $2, 'Lotus', '', 18.5, 73.9, 'Asia/Kolkata', 'INR')`, theater, city)
		h.Exec(`UPDATE shows SET theater_id = $2 WHERE id = $1`, show, theater)
	}
	b := h.Sold(from, "A1", "A2")
	h.moveShow(from, time.Hour)
	change, err := h.store.BookingChange(t.Context(), b.BookingID)
	require.NoError(t, err)
	var offered []string
	for _, show := range change.Alternatives {
		offered = append(offered, show.ID)
	}
	assert.Equal(t, []string{later, elsewhere}, offered, "the same theater first, though later; none that its own system sells")

	_, err = h.store.Choose(t.Context(), booking.Choice{
		BookingID: b.BookingID, ChangeID: change.ID, Choice: booking.ChoiceMove, ShowID: remote, Seats: []string{"A1", "A2"},
	})
	showstest.Code(t, booking.CodeShowNotOnSale, err)
}
