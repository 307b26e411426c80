package showchanges

import (
	"encoding/json"
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

const busy = time.Minute

func (h *house) cancelRequest(show string) booking.ShowChangeRequest {
	return booking.ShowChangeRequest{
		ChangeID: uuid.NewString(), ShowID: show, Kind: booking.ChangeCancelled, Reason: "A flood.",
		By: booking.Staff{AccountID: uuid.NewString(), Role: "admin", RequestID: "r1"},
	}
}

// moveRequest moves a show by a while; its show starts in two days.
func (h *house) moveRequest(show string, by time.Duration) booking.ShowChangeRequest {
	req := h.cancelRequest(show)
	req.Kind, req.Default, req.Hash = booking.ChangeRescheduled, booking.ChoiceRefund, "hash"
	req.StartsAt = h.startOf(show).Add(by)
	return req
}

func (h *house) startOf(show string) time.Time {
	h.T.Helper()
	var at time.Time
	require.NoError(h.T, h.Pool.QueryRow(h.T.Context(), `SELECT starts_at FROM shows WHERE id = $1`, show).Scan(&at))
	return at.UTC()
}

func (h *house) changed(req booking.ShowChangeRequest) booking.ShowChange {
	h.T.Helper()
	change, err := h.store.ChangeShow(h.T.Context(), req)
	require.NoError(h.T, err)
	return change
}

func (h *house) count(change string) booking.ChangeCount {
	h.T.Helper()
	count, err := h.store.CountChange(h.T.Context(), change, busy)
	require.NoError(h.T, err)
	return count
}

func (h *house) next(change string, limit int) []booking.ChangeTask {
	h.T.Helper()
	tasks, err := h.store.NextOfChange(h.T.Context(), change, busy, limit)
	require.NoError(h.T, err)
	return tasks
}

// tell does what the fan-out does with the next bookings.
func (h *house) tell(change string) []booking.ChangeTask {
	h.T.Helper()
	tasks := h.next(change, 100)
	for _, task := range tasks {
		require.NoError(h.T, h.store.TaskDone(h.T.Context(), change, task))
	}
	return tasks
}

// moneySays is the provider's state of a booking's one payment.
func (h *house) moneySays(bookingID, status string, captured, refunded int64) {
	h.T.Helper()
	h.Exec(`SELECT record_payment(b.id, 1, 'stripe', 'pi_' || b.id, $2, b.total, b.total, $3, $4, 'INR', '', '', '',
			'{"payment_opened": "", "authorized": "", "captured": "", "voided": "", "closed": "", "refunded": ""}')
		FROM bookings b WHERE b.id = $1`, bookingID, status, captured, refunded)
}

// longAgo makes everything that was written down about a change older.
func (h *house) longAgo(change string) {
	h.T.Helper()
	h.Exec(`UPDATE show_change_bookings SET told_at = told_at - interval '1 hour', asked_at = asked_at - interval '1 hour',
		chosen_at = chosen_at - interval '1 hour' WHERE change_id = $1`, change)
}

func TestCancelShow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	held, sold := h.Held(show, "A1"), h.Sold(show, "A2")
	req := h.cancelRequest(show)
	change := h.changed(req)
	assert.Equal(t, booking.ChangeCancelled, change.Kind)
	assert.Nil(t, change.NewStartsAt)

	// Nothing is for sale any more, also not to customers who hold seats.
	_, err := h.bookings.Hold(t.Context(), showstest.Request(show, h.Customer(), "B1"))
	showstest.Code(t, booking.CodeShowNotOnSale, err)
	_, err = h.Confirm(t.Context(), held.BookingID)
	showstest.Code(t, booking.CodeShowNotOnSale, err)

	again, err := h.store.ChangeShow(t.Context(), req)
	require.NoError(t, err, "a repeat takes it up again")
	assert.Equal(t, change.ID, again.ID)
	_, err = h.store.ChangeShow(t.Context(), h.cancelRequest(show))
	assert.Contains(t, showstest.Code(t, booking.CodeConflict, err).Message, "cancelled already")

	var action, before, after string
	require.NoError(t, h.Pool.QueryRow(t.Context(), `SELECT action, before ->> 'status', after ->> 'status' FROM audit_log
		WHERE entity = 'show' AND entity_id = $1`, show).Scan(&action, &before, &after))
	assert.Equal(t, []string{"cancel", "scheduled", "cancelled"}, []string{action, before, after})

	assert.Equal(t, booking.ChangeCount{Untold: 2}, h.count(change.ID))
	tasks := h.tell(change.ID)
	assert.Len(t, tasks, 2)
	for _, task := range tasks {
		assert.Equal(t, booking.TaskTell, task.Kind)
		assert.True(t, task.Refund)
	}
	assert.Empty(t, h.tell(change.ID), "no booking is notified twice")
	assert.Equal(t, booking.ChangeCount{Told: 2, InFlight: 2}, h.count(change.ID))

	// The hold ends; nothing was reserved. The sale is refunded in two steps.
	require.NoError(t, h.bookings.End(t.Context(), booking.Ending{BookingID: held.BookingID, Status: booking.StatusCancelled}))
	total := sold.Quote.Total
	h.moneySays(sold.BookingID, "captured", total.Amount, 0)
	require.NoError(t, h.bookings.Cancel(t.Context(), booking.Cancellation{BookingID: sold.BookingID, Refund: total}))
	assert.Equal(t, 1, h.count(change.ID).Settled, "money is still to go back")
	finished, err := h.store.FinishChange(t.Context(), change.ID)
	require.NoError(t, err)
	assert.False(t, finished)
	h.moneySays(sold.BookingID, "captured", total.Amount, total.Amount-1)
	assert.Equal(t, 1, h.count(change.ID).Settled, "a part is not all")
	h.moneySays(sold.BookingID, "refunded", total.Amount, total.Amount)
	assert.Equal(t, 2, h.count(change.ID).Settled)
	finished, err = h.store.FinishChange(t.Context(), change.ID)
	require.NoError(t, err)
	assert.True(t, finished)
	_, err = h.store.ChangeShow(t.Context(), req)
	showstest.Code(t, booking.CodeConflict, err)
}

// A worker dies between the signal and storing it, and the booking ends meanwhile: the
// booking still counts.
func TestBookingsWhoseSignalWasNotStoredAreNotLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	ended, waits := h.Held(show, "A1"), h.Held(show, "A2")
	change := h.changed(h.cancelRequest(show))
	assert.Len(t, h.next(change.ID, 100), 2)
	assert.Equal(t, booking.ChangeCount{Untold: 2}, h.count(change.ID))
	require.NoError(t, h.bookings.End(t.Context(), booking.Ending{BookingID: ended.BookingID, Status: booking.StatusCancelled}))
	assert.Equal(t, booking.ChangeCount{Untold: 1, Told: 1, Settled: 1}, h.count(change.ID))
	tasks := h.next(change.ID, 100)
	require.Len(t, tasks, 1)
	assert.Equal(t, waits.BookingID, tasks[0].BookingID)
	finished, err := h.store.FinishChange(t.Context(), change.ID)
	require.NoError(t, err)
	assert.False(t, finished)

	require.NoError(t, h.store.FailSettlement(t.Context(), change.ID, waits.BookingID, "The card is closed."))
	assert.Equal(t, booking.ChangeCount{Told: 2, Settled: 1, Failed: 1}, h.count(change.ID))
	require.NoError(t, h.store.TaskDone(t.Context(), change.ID, tasks[0]), "and the one who was at it comes too late")
	assert.Empty(t, h.next(change.ID, 100))
}

// A hold and the cancellation race: afterward the booking is notified, or was never made.
func TestFault09_HoldsRaceTheCancellation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	var wait sync.WaitGroup
	for n := 1; n <= 8; n++ {
		req := showstest.Request(show, h.Customer(), fmt.Sprintf("A%d", n))
		wait.Go(func() { _, _ = h.bookings.Hold(t.Context(), req) })
	}
	var change booking.ShowChange
	wait.Go(func() { change, _ = h.store.ChangeShow(t.Context(), h.cancelRequest(show)) })
	wait.Wait()
	require.NotEmpty(t, change.ID)
	held := h.Number(`SELECT count(*) FROM bookings WHERE show_id = $1 AND status = 'held'`, show)
	assert.EqualValues(t, held, h.count(change.ID).Untold)
	_, err := h.bookings.Hold(t.Context(), showstest.Request(show, h.Customer(), "B1"))
	showstest.Code(t, booking.CodeShowNotOnSale, err)
}

func TestMoveShow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	before := h.Sold(show, "A1")
	req := h.moveRequest(show, 3*time.Hour)
	change := h.changed(req)
	assert.Equal(t, req.StartsAt, *change.NewStartsAt)
	assert.Equal(t, req.StartsAt.Add(3*time.Hour), *change.NewEndsAt, "it lasts as long as before")
	assert.WithinDuration(t, time.Now().Add(24*time.Hour), *change.DecideBy, time.Minute)
	assert.EqualValues(t, 1, h.Number(`SELECT count(*) FROM shows WHERE id = $1 AND sales_close_at = starts_at`, show), "the sale ends as long before the start")

	again, err := h.store.ChangeShow(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, change, again)
	other := req
	other.Hash = "another"
	_, err = h.store.ChangeShow(t.Context(), other)
	showstest.Code(t, booking.CodeKeyReused, err)

	h.Sold(show, "A2") // at the new time: not concerned
	tasks := h.tell(change.ID)
	require.Len(t, tasks, 1)
	assert.Equal(t, booking.ChangeTask{BookingID: before.BookingID, Kind: booking.TaskTell}, tasks[0])
	count := h.count(change.ID)
	assert.Equal(t, 1, count.Undecided)
	assert.Equal(t, 1, count.InFlight, "until its message is on the way")
	assert.Zero(t, count.Untold+count.Due+count.Unasked)
	assert.Positive(t, count.DecideIn)
	h.Exec(`INSERT INTO notifications (booking_id, channel, notice) VALUES ($1, 'email', 'rescheduled')`, before.BookingID)
	assert.Zero(t, h.count(change.ID).InFlight)
}

func TestDefaultOfAMove(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	silent, keeps := h.Sold(show, "A1"), h.Sold(show, "A2")
	change := h.changed(h.moveRequest(show, time.Hour))
	h.tell(change.ID)
	h.Exec(`UPDATE show_change_bookings SET choice = 'keep', chosen_by = 'customer', chosen_at = now() WHERE booking_id = $1`, keeps.BookingID)
	require.NoError(t, h.store.ApplyDefault(t.Context(), change.ID))
	assert.Equal(t, 1, h.count(change.ID).Undecided, "there is time left")

	h.Exec(`UPDATE show_changes SET decide_by = now() WHERE id = $1`, change.ID)
	assert.Zero(t, h.count(change.ID).DecideIn)
	require.NoError(t, h.store.ApplyDefault(t.Context(), change.ID))
	count := h.count(change.ID)
	assert.Zero(t, count.Undecided)
	assert.Equal(t, 1, count.Settled, "who keeps has what they want")
	assert.Equal(t, 1, count.Unasked)
	tasks := h.tell(change.ID)
	require.Equal(t, []booking.ChangeTask{{BookingID: silent.BookingID, Kind: booking.TaskRefund, Refund: true}}, tasks)
	count = h.count(change.ID)
	assert.Equal(t, 1, count.InFlight)
	assert.Zero(t, count.Unasked+count.Due)
	h.longAgo(change.ID)
	assert.Equal(t, 1, h.count(change.ID).Due)
	assert.Equal(t, booking.TaskLook, h.next(change.ID, 0)[0].Kind, "looking needs no room")

	total := silent.Quote.Total
	h.moneySays(silent.BookingID, "captured", total.Amount, 0)
	require.NoError(t, h.bookings.Cancel(t.Context(), booking.Cancellation{BookingID: silent.BookingID, Refund: total}))
	h.moneySays(silent.BookingID, "refunded", total.Amount, total.Amount)
	assert.Equal(t, 2, h.count(change.ID).Settled)
	finished, err := h.store.FinishChange(t.Context(), change.ID)
	require.NoError(t, err)
	assert.True(t, finished)
}

// A customer's own choice of a refund whose request was lost is carried out.
func TestLostChoicesAreCarriedOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	b := h.Sold(show, "A1")
	change := h.changed(h.moveRequest(show, time.Hour))
	h.tell(change.ID)
	h.Exec(`UPDATE show_change_bookings SET choice = 'refund', chosen_by = 'customer', chosen_at = now() WHERE booking_id = $1`, b.BookingID)
	assert.Zero(t, h.count(change.ID).Unasked, "the customer's own request may be at it")
	h.longAgo(change.ID)
	assert.Equal(t, 1, h.count(change.ID).Unasked)
}

func TestALaterChangeTakesThePlaceOfAnEarlierOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	h.Sold(show, "A1")
	h.Sold(show, "A2")
	first := h.changed(h.moveRequest(show, time.Hour))
	require.NoError(t, h.store.TaskDone(t.Context(), first.ID, h.next(first.ID, 1)[0]))
	second := h.changed(h.moveRequest(show, time.Hour))
	count := h.count(first.ID)
	assert.True(t, count.Superseded)
	assert.Equal(t, 1, count.Settled, "who was told of the first chooses in the second")
	assert.Zero(t, count.Untold)
	h.Exec(`UPDATE show_changes SET decide_by = now() WHERE id = $1`, first.ID)
	require.NoError(t, h.store.ApplyDefault(t.Context(), first.ID))
	assert.Zero(t, h.count(first.ID).Unasked)
	assert.Equal(t, 2, h.count(second.ID).Untold)

	cancelled := h.changed(h.cancelRequest(show))
	assert.True(t, h.count(second.ID).Superseded)
	assert.Equal(t, 2, h.count(cancelled.ID).Untold)
	items, next, err := h.store.ShowChanges(t.Context(), show, 2, "")
	require.NoError(t, err)
	require.Len(t, items, 2)
	assert.Equal(t, cancelled.ID, items[0].ID)
	items, next, err = h.store.ShowChanges(t.Context(), show, 2, next)
	require.NoError(t, err)
	require.Len(t, items, 1)
	assert.Equal(t, first.ID, items[0].ID)
	assert.Empty(t, next)
}

func TestChangesThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := h.Show()
	h.Sold(show, "A1", "D1", "D2")
	small, plain, dear := uuid.NewString(), uuid.NewString(), uuid.NewString()
	for screen, layout := range map[string]booking.Layout{
		small: {Rows: []booking.Row{{Label: "A", Category: "silver", Seats: []booking.Seat{{ID: "A1"}}}}},
		// Standard seats where there were sofas.
		plain: {Rows: []booking.Row{
			{Label: "A", Category: "silver", Seats: []booking.Seat{{ID: "A1", Type: booking.SeatStandard}}},
			{Label: "D", Category: "gold", Seats: []booking.Seat{{ID: "D1", Type: booking.SeatStandard}, {ID: "D2", Type: booking.SeatSofa}}},
		}},
		dear: {Rows: []booking.Row{{Label: "A", Category: "platinum", Seats: []booking.Seat{{ID: "A1"}}}}},
	} {
		document, err := json.Marshal(layout)
		require.NoError(t, err)
		h.Exec(`INSERT INTO screens (id, theater_id, name) VALUES ($1::uuid, $2, $1::text)`, screen, h.Theater)
		h.Exec(`INSERT INTO layouts (id, screen_id, version, layout, capacity) VALUES (gen_random_uuid(), $1, 1, $2, 1)`, screen, document)
	}
	over := h.Show()
	h.Exec(`UPDATE shows SET starts_at = now() - interval '1 minute', sales_close_at = now() WHERE id = $1`, over)

	for name, c := range map[string]struct {
		change func(*booking.ShowChangeRequest)
		code   booking.Code
		field  string
		seats  []string
	}{
		"no such show":        {func(r *booking.ShowChangeRequest) { r.ShowID = uuid.NewString() }, booking.CodeNotFound, "", nil},
		"over":                {func(r *booking.ShowChangeRequest) { r.ShowID = over }, booking.CodeConflict, "", nil},
		"nothing changes":     {func(r *booking.ShowChangeRequest) { r.StartsAt = h.startOf(show) }, booking.CodeConflict, "", nil},
		"in the past":         {func(r *booking.ShowChangeRequest) { r.StartsAt = time.Now().Add(-time.Hour) }, booking.CodeValidation, "starts_at", nil},
		"ends first":          {func(r *booking.ShowChangeRequest) { r.EndsAt = r.StartsAt }, booking.CodeValidation, "ends_at", nil},
		"closes before open":  {func(r *booking.ShowChangeRequest) { r.SalesCloseAt = time.Now().Add(-72 * time.Hour) }, booking.CodeValidation, "sales_close_at", nil},
		"decide in the past":  {func(r *booking.ShowChangeRequest) { r.DecideBy = time.Now().Add(-time.Hour) }, booking.CodeValidation, "decide_by", nil},
		"decide after start":  {func(r *booking.ShowChangeRequest) { r.DecideBy = r.StartsAt.Add(time.Minute) }, booking.CodeValidation, "decide_by", nil},
		"not an id":           {func(r *booking.ShowChangeRequest) { r.ScreenID = "x" }, booking.CodeValidation, "screen_id", nil},
		"no such screen":      {func(r *booking.ShowChangeRequest) { r.ScreenID = uuid.NewString() }, booking.CodeValidation, "screen_id", nil},
		"seats are missing":   {func(r *booking.ShowChangeRequest) { r.ScreenID = small }, booking.CodeConflict, "", []string{"D1", "D2"}},
		"of another type":     {func(r *booking.ShowChangeRequest) { r.ScreenID = plain }, booking.CodeConflict, "", []string{"D1"}},
		"a price is missing":  {func(r *booking.ShowChangeRequest) { r.ScreenID = dear }, booking.CodeConflict, "", nil},
		"cancelled when over": {func(r *booking.ShowChangeRequest) { *r = h.cancelRequest(over) }, booking.CodeConflict, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			req := h.moveRequest(show, time.Hour)
			c.change(&req)
			_, err := h.store.ChangeShow(t.Context(), req)
			e := showstest.Code(t, c.code, err)
			if c.field != "" {
				require.Len(t, e.Fields, 1)
				assert.Equal(t, c.field, e.Fields[0].Field)
			}
			assert.Equal(t, c.seats, e.Seats)
			assert.Zero(t, h.Number(`SELECT count(*) FROM show_changes`))
			assert.Zero(t, h.Number(`SELECT count(*) FROM audit_log`))
		})
	}
}

// A hold that ran out still has its seats until they are freed: it is sold when the
// provider has the money.
func TestHoldsThatRanOutNeedTheirSeatsAfterAMove(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.Held(h.Show(), "D7", "D8")
	h.Expire(b.BookingID)
	hall := showstest.Hall()
	hall.Rows = hall.Rows[:3]
	document, err := json.Marshal(hall)
	require.NoError(t, err)
	screen := uuid.NewString()
	h.Exec(`INSERT INTO screens (id, theater_id, name) VALUES ($1::uuid, $2, $1::text)`, screen, h.Theater)
	h.Exec(`INSERT INTO layouts (id, screen_id, version, layout, capacity) VALUES (gen_random_uuid(), $1, 1, $2, 24)`, screen, document)
	req := h.moveRequest(b.Show.ID, time.Hour)
	req.ScreenID = screen
	_, err = h.store.ChangeShow(t.Context(), req)
	assert.Equal(t, []string{"D7", "D8"}, showstest.Code(t, booking.CodeConflict, err).Seats)
	require.NoError(t, h.bookings.End(t.Context(), booking.Ending{BookingID: b.BookingID, Status: booking.StatusExpired}))
	h.changed(req)
}

func TestMoveIntoAnotherShow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show, other := h.Show(), h.Show()
	// Both on one screen: other a day later.
	h.Exec(`UPDATE shows SET screen_id = (SELECT screen_id FROM shows WHERE id = $1), starts_at = starts_at + interval '1 day',
		ends_at = ends_at + interval '1 day' WHERE id = $2`, show, other)
	_, err := h.store.ChangeShow(t.Context(), h.moveRequest(show, 23*time.Hour))
	e := showstest.Code(t, booking.CodeConflict, err)
	assert.Contains(t, e.Message, other)
	assert.Contains(t, e.Message, "The Lamp")
	// Cleaning belongs to the time: three hours of film end at the other's start.
	_, err = h.store.ChangeShow(t.Context(), h.moveRequest(show, 21*time.Hour))
	showstest.Code(t, booking.CodeConflict, err)
	h.changed(h.moveRequest(show, 20*time.Hour))
}
