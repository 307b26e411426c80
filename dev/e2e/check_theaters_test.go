package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The judge must find wrong books of theaters, too, and claims that no order stands for.
func TestTheJudgeFindsWhatIsWrongAtTheaters(t *testing.T) {
	t.Parallel()
	s := newRemoteStage(t, "session")
	c := s.customer()
	sold := s.buy(c, "A1", "A2")
	held := s.book(c, "B1", "B2")
	gone := s.buy(c, "C1")
	_, err := c.Cancel(t.Context(), gone.ID)
	require.NoError(t, err)
	s.await(c, gone.ID, "the refund", soon, refundDone)
	world.Check(t, s.show)
	require.False(t, t.Failed(), "the judge convicts the innocent")
	all := doctored{s.stage, sold, held, gone}

	for _, test := range []struct {
		invariant int
		what      string
		doctor    func(d doctored, tx pgx.Tx, e *evidence)
	}{
		{11, "a sale that the theater does not have", func(d doctored, _ pgx.Tx, e *evidence) {
			e.theaters[d.show] = slices.DeleteFunc(e.theaters[d.show], func(o TheaterOrder) bool { return bookingOf(o) == d.sold.ID })
		}},
		{11, "a sale that the counter cancelled", func(d doctored, _ pgx.Tx, e *evidence) {
			order := d.order(e, d.sold.ID)
			order.Status, order.By = "cancelled", "counter"
		}},
		{11, "a sale of other seats", func(d doctored, _ pgx.Tx, e *evidence) { d.order(e, d.sold.ID).Tickets[1].Seat = "A3" }},
		{11, "a sale at another price", func(d doctored, _ pgx.Tx, e *evidence) { d.order(e, d.sold.ID).Total++ }},
		{11, "a ticket without a code", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `UPDATE house_orders SET codes = codes - 'A2' WHERE booking_id = $1`, d.sold.ID)
		}},
		{11, "a booking that is sold twice there", func(d doctored, _ pgx.Tx, e *evidence) {
			again := *d.order(e, d.sold.ID)
			again.ID = "again"
			e.theaters[d.show] = append(e.theaters[d.show], again)
		}},
		{12, "a sale whose booking is cancelled", func(d doctored, _ pgx.Tx, e *evidence) { d.order(e, d.gone.ID).Status = "sold" }},
		{12, "an undecided sale whose booking is cancelled", func(d doctored, _ pgx.Tx, e *evidence) { d.order(e, d.gone.ID).Status = "pending" }},
		{12, "a sale that names no booking", func(d doctored, _ pgx.Tx, e *evidence) {
			e.theaters[d.show] = append(e.theaters[d.show], TheaterOrder{ID: "stray", Status: "sold"})
		}},
		{13, "a seat kept for an order that is over", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `INSERT INTO seat_claims (show_id, seat, booking_id, state, held_until)
				VALUES ($1, 'C1', $2, 'held', now() + interval '20m')`, d.show, ofTheater)
		}},
		{13, "a booking in doubt whose order is over", func(d doctored, tx pgx.Tx, e *evidence) {
			d.exec(tx, `UPDATE seat_claims SET held_until = 'infinity' WHERE booking_id = $1`, d.held.ID)
			d.order(e, d.held.ID).Status = "lapsed"
		}},
		{9, "a seat of a theater at a show that is ours to sell", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `INSERT INTO seat_claims (show_id, seat, booking_id, state) VALUES ($1, 'C1', $2, 'sold')`, d.show, ofTheater)
			d.exec(tx, `DELETE FROM house_orders WHERE show_id = $1`, d.show)
			d.exec(tx, `DELETE FROM house_shows WHERE show_id = $1`, d.show)
		}},
	} {
		t.Run(fmt.Sprintf("%d %s", test.invariant, test.what), func(t *testing.T) {
			d := all
			d.stage = &stage{T: t, show: s.show}
			found := d.judge(test.doctor)
			assert.True(t, slices.ContainsFunc(found, func(v Violation) bool { return v.Invariant == test.invariant }),
				"not found; the judge says: %v", found)
		})
	}
}

// order is a booking's order in the theater's books.
func (d doctored) order(e *evidence, bookingID string) *TheaterOrder {
	d.Helper()
	orders := e.theaters[d.show]
	i := slices.IndexFunc(orders, func(o TheaterOrder) bool { return bookingOf(o) == bookingID })
	require.GreaterOrEqual(d, i, 0, "the theater has no order of booking %s", bookingID)
	return &orders[i]
}
