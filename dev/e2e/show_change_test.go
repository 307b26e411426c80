package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// ShowChange is a change of a show as staff see it.
type ShowChange struct {
	booking.ShowChange
	Progress struct {
		Total     int    `json:"total"`
		Told      int    `json:"told"`
		Settled   int    `json:"settled"`
		Failed    int    `json:"failed"`
		Undecided int    `json:"undecided"`
		Running   bool   `json:"running"`
		Paused    bool   `json:"paused"`
		Doing     string `json:"doing"`
	} `json:"progress"`
}

// changeWithin is how long a change may take for each of its bookings on a busy machine, in
// addition to its base time.
const changeWithin = 250 * time.Millisecond

// staff is an administrator of the demo data.
func (s *stage) staff() *Customer {
	s.Helper()
	admin, err := world.Staff(s.Context(), "admin")
	require.NoError(s, err)
	return admin
}

func (s *stage) changeShow(admin *Customer, what string, body map[string]any) ShowChange {
	s.Helper()
	var change ShowChange
	key := NewKey()
	require.NoError(s, Persist(s.Context(), func() error {
		_, err := admin.call(s.Context(), http.MethodPost, "/v1/admin/shows/"+s.show+"/"+what, body, &change, "Idempotency-Key", key)
		return err
	}))
	return change
}

func (s *stage) readChange(admin *Customer, id string) (change ShowChange, err error) {
	_, err = admin.Get(s.Context(), "/v1/admin/show-changes/"+id, &change)
	return change, err
}

// awaitChange polls until the change is as wanted.
func (s *stage) awaitChange(admin *Customer, id, what string, within time.Duration, wanted func(ShowChange) bool) ShowChange {
	s.Helper()
	var last ShowChange
	var err error
	require.True(s, poll(s.Context(), within, func() bool {
		last, err = s.readChange(admin, id)
		return err == nil && wanted(last)
	}), "waited %s for %s: %+v, error %v", within, what, last, err)
	return last
}

func finished(c ShowChange) bool { return c.FinishedAt != nil }

// sellOut has a crowd buy so many bookings of one seat each, as customers do:
// through the API, with money at the provider. It gives the bookings' ids.
func (s *stage) sellOut(bookings int) []string {
	s.Helper()
	people := crowdOf(s.T, max(1, min(bookings/booking.DefaultPolicy().MaxHolds+1, 500)))
	ids, errs := make([]string, bookings), make([]error, bookings)
	together(24, bookings, func(i int) {
		ids[i], errs[i] = s.purchase(people[i%len(people)], SeatName(i/seatsInRow, i%seatsInRow))
	})
	for _, err := range errs {
		require.NoError(s, err)
	}
	sold := func() int {
		return s.count(`SELECT count(*) FROM bookings b JOIN ledger l ON l.booking_id = b.id AND l.movement = 'capture'
			WHERE b.show_id = $1 AND b.status = 'confirmed'`, s.show)
	}
	require.True(s, poll(s.Context(), afterRestart+time.Duration(bookings)*changeWithin, func() bool { return sold() >= bookings }),
		"%d of %d bookings are sold", sold(), bookings)
	return ids
}

// purchase holds a seat, and pays for it. A customer whose other payments are still pending
// tries again.
func (s *stage) purchase(c *Customer, seat string) (string, error) {
	var b booking.Booking
	var err error
	poll(s.Context(), afterRestart, func() bool {
		key := NewKey()
		err = Persist(s.Context(), func() (err error) {
			b, _, err = c.Book(s.Context(), key, For(s.show, seat))
			return err
		})
		return StatusOf(err) != http.StatusTooManyRequests
	})
	if err != nil {
		return "", fmt.Errorf("book %s: %w", seat, err)
	}
	return b.ID, Persist(s.Context(), func() error {
		_, err := world.Sandbox.Pay(s.Context(), b.Payment, Visa)
		return err
	})
}

const seatsInRow = 100

// forget takes a booking's workflow away, as its retention or a person would.
func (s *stage) forget(id string) {
	s.Helper()
	_, err := world.Temporal.WorkflowService().DeleteWorkflowExecution(s.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: world.env["TEMPORAL_NAMESPACE"], WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflows.BookingWorkflowID(id)},
	})
	require.NoError(s, err)
	require.True(s, poll(s.Context(), soon, func() bool {
		_, err := world.Temporal.DescribeWorkflowExecution(s.Context(), workflows.BookingWorkflowID(id), "")
		return err != nil
	}))
}

// TestShowIsCancelled cancels a show that many have bought, while the worker is
// killed twice and the workflow that tells them is terminated once.
// CANCEL_BOOKINGS makes it larger (200).
func TestShowIsCancelled(t *testing.T) {
	bookings := fromEnv(t, "CANCEL_BOOKINGS", 200, strconv.Atoi)
	s := newStageOf(t, ShowPlan{Rows: bookings/seatsInRow + 1, PerRow: seatsInRow, StartsIn: 48 * time.Hour})
	admin := s.staff()
	begun := time.Now()
	ids := s.sellOut(bookings)
	t.Logf("%d bookings sold in %s", bookings, time.Since(begun).Round(time.Second))
	holder := s.customer()
	held := s.book(holder, SeatName(bookings/seatsInRow, seatsInRow-1))
	s.forget(ids[0])

	begun = time.Now()
	change := s.changeShow(admin, "cancel", map[string]any{"reason": "The roof leaks."})
	assert.Equal(t, bookings+1, change.Progress.Total)
	_, _, err := holder.Book(t.Context(), NewKey(), For(s.show, SeatName(0, 0)))
	assert.Equal(t, booking.CodeShowNotOnSale, CodeOf(err), "nothing is sold any more: %v", err)

	within := 3*afterRestart + time.Duration(bookings)*changeWithin
	settled := func(share float64) func(ShowChange) bool {
		return func(c ShowChange) bool { return float64(c.Progress.Settled) >= share*float64(bookings) }
	}
	s.awaitChange(admin, change.ID, "the first tenth", within, settled(0.1))
	s.killAndRestart(t.Context(), "worker")
	s.awaitChange(admin, change.ID, "a third", within, settled(0.35))
	require.NoError(t, world.Temporal.TerminateWorkflow(t.Context(),
		workflows.ShowChangeWorkflowID(change.Kind, s.show, change.ID), "", "To see it taken up again."))
	_, err = admin.call(t.Context(), http.MethodPost, "/v1/admin/show-changes/"+change.ID+"/resume", nil, nil)
	require.NoError(t, err)
	s.awaitChange(admin, change.ID, "two thirds", within, settled(0.65))
	s.killAndRestart(t.Context(), "worker")
	done := s.awaitChange(admin, change.ID, "the end", within, finished)
	t.Logf("%d bookings settled in %s: %+v", done.Progress.Settled, time.Since(begun).Round(time.Second), done.Progress)

	assert.Equal(t, bookings+1, done.Progress.Settled)
	assert.Zero(t, done.Progress.Failed)
	assert.Equal(t, bookings, s.count(`SELECT count(*) FROM bookings b WHERE show_id = $1 AND status = 'cancelled' AND refund_due = total
		AND (SELECT array_agg(l.amount) FROM ledger l WHERE l.booking_id = b.id AND l.movement = 'refund') = ARRAY[b.total]`, s.show),
		"each is refunded once, and in full")
	assert.Equal(t, booking.StatusCancelled, s.awaitStatus(holder, held.ID, booking.StatusCancelled, soon).Status)
	require.True(t, poll(t.Context(), within, func() bool { return s.toldOf(booking.NoticeShowCancelled, "email") == bookings+1 }),
		"%d are told by mail", s.toldOf(booking.NoticeShowCancelled, "email"))
	s.wantSandboxSettled()
	s.wantShortRuns(change)

	again := s.changeShow(admin, "cancel", map[string]any{"reason": "Again."})
	assert.Equal(t, change.ID, again.ID, "a show is cancelled once; who asks again gets what came of it")
	assert.Equal(t, bookings+1, again.Progress.Settled)
	assert.NotEqual(t, "Again.", again.Reason)
}

// toldOf counts the bookings of the show that a notice was sent to, which the
// judge compares with what the vendor has.
func (s *stage) toldOf(notice booking.Notice, channel string) int {
	s.Helper()
	return s.count(`SELECT count(DISTINCT n.booking_id) FROM notifications n JOIN bookings b ON b.id = n.booking_id
		WHERE b.show_id = $1 AND n.notice = $2 AND n.channel = $3 AND n.status = 'sent'`, s.show, notice, channel)
}

// wantSandboxSettled wants the provider's own books to have nothing left of the
// show's money, and as much of it as the ledger says.
func (s *stage) wantSandboxSettled() {
	s.Helper()
	books, err := world.Sandbox.Books(s.Context())
	require.NoError(s, err)
	rows, err := world.DB.Query(s.Context(), `SELECT p.reference, p.captured, p.refunded FROM payments p JOIN bookings b ON b.id = p.booking_id
		WHERE b.show_id = $1 AND p.captured > 0`, s.show)
	require.NoError(s, err)
	ours := map[string][2]int64{}
	for rows.Next() {
		var reference string
		var sums [2]int64
		require.NoError(s, rows.Scan(&reference, &sums[0], &sums[1]))
		ours[reference] = sums
	}
	require.NoError(s, rows.Err())
	var captured, refunded int64
	for _, p := range books.Stripe.Payments {
		if sums, mine := ours[p.ID]; mine {
			assert.Equal(s, sums, [2]int64{p.Captured, p.Refunded}, "payment %s", p.ID)
			captured, refunded = captured+p.Captured, refunded+p.Refunded
		}
	}
	assert.Positive(s, captured)
	assert.Equal(s, captured, refunded)
}

// wantShortRuns wants no run of the change's workflow to have a long history.
func (s *stage) wantShortRuns(change ShowChange) {
	s.Helper()
	id := workflows.ShowChangeWorkflowID(change.Kind, s.show, change.ID)
	events, err := world.History(s.Context(), id)
	require.NoError(s, err)
	assert.LessOrEqual(s, len(events), 2_000)
	s.Logf("%d events in the last run of %s", len(events), id)
}

// A show is moved, and of four customers one keeps, one moves, one wants the money
// and one says nothing.
func TestShowIsMoved(t *testing.T) {
	s := newStage(t)
	admin := s.staff()
	people := crowdOf(t, 4)
	var bought []booking.Booking
	for i, c := range people {
		bought = append(bought, s.buy(c, SeatName(0, i)))
	}
	keeps, moves, wantsMoney, silent := bought[0], bought[1], bought[2], bought[3]
	other, err := world.NewShow(t.Context(), ShowPlan{Rows: 2, PerRow: 10, StartsIn: 72 * time.Hour})
	require.NoError(t, err)
	t.Cleanup(func() { world.Check(t, other) })

	starts := keeps.Show.StartsAt.Add(3 * time.Hour).Truncate(time.Minute)
	change := s.changeShow(admin, "reschedule", map[string]any{
		"starts_at": starts, "reason": "The film arrives late.", "default": "refund"})
	assert.Equal(t, starts, change.NewStartsAt.UTC())
	s.awaitChange(admin, change.ID, "all told", soon, func(c ShowChange) bool { return c.Progress.Told == 4 && c.Progress.Undecided == 4 })

	choose := func(c *Customer, b booking.Booking, choice map[string]any) {
		t.Helper()
		_, err := c.call(t.Context(), http.MethodPost, "/v1/bookings/"+b.ID+"/change", choice, nil)
		require.NoError(t, err, "%s", s.story(c, b.ID))
	}
	choose(people[0], keeps, map[string]any{"choice": "keep"})
	choose(people[1], moves, map[string]any{"choice": "move", "show_id": other, "seats": []string{SeatName(1, 1)}})
	choose(people[2], wantsMoney, map[string]any{"choice": "refund"})
	s.awaitChange(admin, change.ID, "three choices carried out", afterRestart, func(c ShowChange) bool {
		return c.Progress.Settled == 3 && c.Progress.Undecided == 1
	})
	// Its seat is free again, and sold at the new time to a customer who gets no choice.
	s.buy(people[2], SeatName(0, 2))

	_, err = world.DB.Exec(t.Context(), `UPDATE show_changes SET decide_by = now() WHERE id = $1`, change.ID)
	require.NoError(t, err)
	_, err = admin.call(t.Context(), http.MethodPost, "/v1/admin/show-changes/"+change.ID+"/resume", nil, nil)
	require.NoError(t, err, "which also wakes the workflow up")
	done := s.awaitChange(admin, change.ID, "the end", afterRestart, finished)
	assert.Equal(t, 4, done.Progress.Settled)

	kept := s.awaitStatus(people[0], keeps.ID, booking.StatusConfirmed, soon)
	assert.Equal(t, starts, kept.Show.StartsAt.UTC())
	moved := s.awaitStatus(people[1], moves.ID, booking.StatusConfirmed, soon)
	assert.Equal(t, other, moved.Show.ID)
	assert.Equal(t, []string{SeatName(1, 1)}, moved.Seats)
	for i, b := range []booking.Booking{wantsMoney, silent} {
		after := s.awaitStatus(people[2+i], b.ID, booking.StatusCancelled, soon)
		require.NotNil(t, after.Refund)
		assert.Equal(t, b.Quote.Total, after.Refund.Amount, "fees included")
		intent := s.onlyIntent(b.ID)
		assert.Equal(t, intent.Captured, intent.Refunded)
	}
	for _, b := range bought {
		assert.Equal(t, 1, s.count(`SELECT count(*) FROM notifications WHERE booking_id = $1 AND notice = 'rescheduled' AND channel = 'email'`, b.ID))
	}
}

// Staff pause a change, and no more bookings are notified until they resume it.
func TestShowChangeIsPaused(t *testing.T) {
	s := newStage(t)
	admin := s.staff()
	c := s.customer()
	b := s.buy(c, SeatName(0, 0))
	// The vendor keeps the change busy for long enough to be paused.
	refunds := s.breakVendor(Fault{Vendor: "stripe", Fault: "error", Operation: "refunds.create", Status: 503})
	change := s.changeShow(admin, "cancel", map[string]any{"reason": "The roof leaks."})
	s.awaitStatus(c, b.ID, booking.StatusCancelled, soon)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	_, err := admin.call(ctx, http.MethodPost, "/v1/admin/show-changes/"+change.ID+"/pause", nil, nil)
	require.NoError(t, err)
	s.awaitChange(admin, change.ID, "the pause", soon, func(c ShowChange) bool { return c.Progress.Paused })
	s.repair(refunds)
	s.awaitIntent(b.Payment.Reference, "the refund", afterRestart, func(p Payment) bool { return p.Refunded == p.Captured })
	paused, err := s.readChange(admin, change.ID)
	require.NoError(t, err)
	assert.Nil(t, paused.FinishedAt, "a change that is paused is not finished either")
	_, err = admin.call(ctx, http.MethodPost, "/v1/admin/show-changes/"+change.ID+"/resume", nil, nil)
	require.NoError(t, err)
	s.awaitChange(admin, change.ID, "the end", soon, finished)
}
