package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// The judge must find violations: real bookings break each invariant in turn. Their
// evidence is changed in a transaction that is rolled back.
func TestTheJudgeFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := s.customer()
	sold := s.buy(c, "A1", "A2")
	held := s.book(c, "B1", "B2")
	gone := s.buy(c, "C1")
	_, err := c.Cancel(t.Context(), gone.ID)
	require.NoError(t, err)
	s.await(c, gone.ID, "the refund and its messages", soon, func(b booking.Booking) bool {
		return refundDone(b) && countEvents(b, booking.EventNotified) == 4
	})
	world.Check(t, s.show)
	require.False(t, t.Failed(), "the judge convicts the innocent")
	bookings := doctored{s, sold, held, gone}

	for _, test := range []struct {
		invariant int
		what      string
		doctor    func(d doctored, tx pgx.Tx, e *evidence)
	}{
		{1, "a seat sold twice", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `INSERT INTO bookings (id, customer_id, show_id, status, seats, quote, total, currency, hold_expires_at, request_hash)
				SELECT gen_random_uuid(), customer_id, show_id, status, seats, quote, total, currency, hold_expires_at, request_hash
				FROM bookings WHERE id = $1`, d.sold.ID)
		}},
		{2, "half a hold", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `DELETE FROM seat_claims WHERE booking_id = $1 AND seat = 'B2'`, d.held.ID)
		}},
		{2, "half a hold that a payment in doubt keeps", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `UPDATE bookings SET hold_expires_at = now() - interval '1s' WHERE id = $1`, d.held.ID)
			d.exec(tx, `UPDATE seat_claims SET held_until = 'infinity' WHERE booking_id = $1`, d.held.ID)
			d.exec(tx, `DELETE FROM seat_claims WHERE booking_id = $1 AND seat = 'B2'`, d.held.ID)
		}},
		{3, "a capture that the ledger does not have", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `DELETE FROM ledger WHERE booking_id = $1 AND movement = 'capture'`, d.sold.ID)
		}},
		{3, "a refund that only we know of", func(d doctored, _ pgx.Tx, e *evidence) {
			d.intent(e, d.gone).Refunded = 0
		}},
		{3, "a payment that only we know of", func(d doctored, _ pgx.Tx, e *evidence) {
			e.books.Stripe.Payments = slices.DeleteFunc(slices.Clone(e.books.Stripe.Payments), func(p Payment) bool {
				return p.ID == d.sold.Payment.Reference
			})
		}},
		{4, "money taken for a hold", func(d doctored, _ pgx.Tx, e *evidence) {
			d.intent(e, d.held).Captured = d.held.Quote.Total.Amount
		}},
		{4, "money taken that our books do not know", func(d doctored, _ pgx.Tx, e *evidence) {
			e.books.Stripe.Payments = append(e.books.Stripe.Payments, Payment{
				ID: "pi_unknown", Captured: 100, Currency: "inr", Metadata: map[string]string{"booking_id": d.sold.ID},
			})
		}},
		{4, "a booking paid twice", func(d doctored, tx pgx.Tx, e *evidence) {
			second := *d.intent(e, d.sold)
			second.ID = "pi_second"
			e.books.Stripe.Payments = append(e.books.Stripe.Payments, second)
			d.exec(tx, `INSERT INTO payments (booking_id, attempt, provider, reference, status, amount, currency, captured)
				SELECT booking_id, 2, provider, 'pi_second', status, amount, currency, captured FROM payments WHERE booking_id = $1`, d.sold.ID)
		}},
		{4, "money reserved for nothing", func(d doctored, _ pgx.Tx, e *evidence) {
			d.intent(e, d.gone).Status = "requires_capture"
		}},
		{5, "an old hold", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `UPDATE bookings SET hold_expires_at = now() - interval '31s' WHERE id = $1`, d.held.ID)
		}},
		{5, "an old claim", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `UPDATE seat_claims SET held_until = now() - interval '31s' WHERE booking_id = $1`, d.held.ID)
		}},
		{6, "a booking that was acknowledged and is not there", func(d doctored, _ pgx.Tx, e *evidence) {
			e.sightings = append(e.sightings, Sighting{ID: "5b0c5c5e-6d5f-4c4a-8f8e-0a4f3f6f2a11", ShowID: d.show, Customer: e.sightings[0].Customer})
		}},
		{7, "a cancelled booking that was sold again", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `INSERT INTO booking_events (booking_id, seq, event, once) VALUES ($1, 99, 'confirmed', 'again')`, d.gone.ID)
		}},
		{7, "a status that the timeline belies", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `UPDATE bookings SET status = 'expired' WHERE id = $1`, d.gone.ID)
		}},
		{7, "money taken after it was let go", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `INSERT INTO ledger (booking_id, provider, reference, movement, amount, total, currency)
				SELECT booking_id, provider, reference, m, amount, amount + 1, currency
				FROM ledger, unnest(ARRAY['void', 'capture']) AS m WHERE booking_id = $1 AND movement = 'capture'`, d.sold.ID)
		}},
		{7, "an end that was shown and taken back", func(d doctored, _ pgx.Tx, e *evidence) {
			w := newWitness()
			for _, status := range []booking.Status{booking.StatusExpired, booking.StatusConfirmed} {
				shown := d.sold
				shown.Status = status
				w.saw(e.sightings[0].Customer, shown)
			}
			e.sightings = w.of([]string{d.show})
		}},
		{8, "a mail sent twice", func(d doctored, _ pgx.Tx, e *evidence) {
			e.books.SendGrid.Messages = append(e.books.SendGrid.Messages, d.mail(e))
		}},
		{8, "an SMS sent twice", func(d doctored, tx pgx.Tx, e *evidence) {
			var sid string
			require.NoError(d, tx.QueryRow(d.Context(), `SELECT vendor_id FROM notifications
				WHERE booking_id = $1 AND channel = 'sms'`, d.sold.ID).Scan(&sid))
			i := slices.IndexFunc(e.books.Twilio.Messages, func(m SMS) bool { return m.SID == sid })
			require.GreaterOrEqual(d, i, 0)
			again := e.books.Twilio.Messages[i]
			again.SID = "SM0"
			e.books.Twilio.Messages = append(e.books.Twilio.Messages, again)
		}},
		{8, "a mail that the vendor does not have", func(d doctored, _ pgx.Tx, e *evidence) {
			lost := d.mail(e)
			e.books.SendGrid.Messages = slices.DeleteFunc(slices.Clone(e.books.SendGrid.Messages), func(m Mail) bool { return m.ID == lost.ID })
		}},
		{8, "a mail that is never sent", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `INSERT INTO notifications (booking_id, channel, notice) VALUES ($1, 'email', 'reminder')`, d.sold.ID)
		}},
		{9, "a seat sold without a booking", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `INSERT INTO seat_claims (show_id, seat, booking_id, state) VALUES ($1, 'A9', gen_random_uuid(), 'sold')`, d.show)
		}},
		{9, "a sold seat that is free", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `DELETE FROM seat_claims WHERE booking_id = $1 AND seat = 'A2'`, d.sold.ID)
		}},
		{9, "a seat that the screen does not have", func(d doctored, tx pgx.Tx, _ *evidence) {
			d.exec(tx, `UPDATE bookings SET seats = array_append(seats, 'Z9') WHERE id = $1`, d.held.ID)
			d.exec(tx, `INSERT INTO seat_claims SELECT show_id, 'Z9', booking_id, state, held_until FROM seat_claims
				WHERE booking_id = $1 LIMIT 1`, d.held.ID)
		}},
		{9, "a seat map that shows a seat twice", func(_ doctored, _ pgx.Tx, e *evidence) {
			look := e.seats
			e.seats = func(ctx context.Context, show string) (SeatMap, error) {
				seats, err := look(ctx, show)
				seats.Held = append(seats.Held, seats.Sold...)
				return seats, err
			}
		}},
		{10, "a workflow that was ended by force", func(d doctored, _ pgx.Tx, e *evidence) {
			d.saga(e, d.sold).Status = enums.WORKFLOW_EXECUTION_STATUS_TERMINATED
		}},
		{10, "a hold without a workflow", func(d doctored, _ pgx.Tx, e *evidence) {
			d.saga(e, d.held).Status = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
		}},
		{10, "a workflow that does not end", func(d doctored, _ pgx.Tx, e *evidence) {
			d.saga(e, d.gone).Status = enums.WORKFLOW_EXECUTION_STATUS_RUNNING
		}},
		{10, "a workflow that does not replay", func(d doctored, _ pgx.Tx, e *evidence) {
			d.saga(e, d.sold).Broken = "event 7: nondeterministic"
		}},
	} {
		t.Run(fmt.Sprintf("%d %s", test.invariant, test.what), func(t *testing.T) {
			d := bookings
			d.stage = &stage{T: t, show: s.show}
			found := d.judge(test.doctor)
			assert.True(t, slices.ContainsFunc(found, func(v Violation) bool { return v.Invariant == test.invariant }),
				"not found; the judge says: %v", found)
			for _, v := range found {
				assert.NotEmpty(t, v.Evidence)
			}
		})
	}
}

// doctored is a show with one booking of each kind.
type doctored struct {
	*stage
	sold, held, gone booking.Booking
}

// judge runs the judge on changed evidence.
func (d doctored) judge(doctor func(doctored, pgx.Tx, *evidence)) []Violation {
	d.Helper()
	tx, err := world.DB.Begin(d.Context())
	require.NoError(d, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(d.Context())) }()
	shows := []string{d.show}
	e := &evidence{shows: shows, db: tx, sightings: world.witness.of(shows), read: world.stillThere, seats: world.seatMap}
	e.books, err = world.Sandbox.Books(d.Context())
	require.NoError(d, err)
	e.sagas, err = world.sagasOf(d.Context(), shows)
	require.NoError(d, err)
	e.theaters, err = world.theaterOrders(d.Context(), shows)
	require.NoError(d, err)
	doctor(d, tx, e)
	found, err := e.judge(d.Context())
	require.NoError(d, err)
	return found
}

func (d doctored) exec(tx pgx.Tx, sql string, args ...any) {
	d.Helper()
	done, err := tx.Exec(d.Context(), sql, args...)
	require.NoError(d, err)
	require.Positive(d, done.RowsAffected(), "nothing was doctored")
}

func (d doctored) intent(e *evidence, b booking.Booking) *Payment {
	d.Helper()
	i := slices.IndexFunc(e.books.Stripe.Payments, func(p Payment) bool { return p.ID == b.Payment.Reference })
	require.GreaterOrEqual(d, i, 0)
	return &e.books.Stripe.Payments[i]
}

func (d doctored) mail(e *evidence) Mail {
	d.Helper()
	var id string
	require.NoError(d, world.DB.QueryRow(d.Context(), `SELECT id::text FROM notifications
		WHERE booking_id = $1 AND channel = 'email'`, d.sold.ID).Scan(&id))
	i := slices.IndexFunc(e.books.SendGrid.Messages, func(m Mail) bool { return m.CustomArgs["notification_id"] == id })
	require.GreaterOrEqual(d, i, 0)
	return e.books.SendGrid.Messages[i]
}

func (d doctored) saga(e *evidence, b booking.Booking) *saga {
	d.Helper()
	i := slices.IndexFunc(e.sagas, func(s saga) bool { return s.ID == workflows.BookingWorkflowID(b.ID) })
	require.GreaterOrEqual(d, i, 0)
	return &e.sagas[i]
}
