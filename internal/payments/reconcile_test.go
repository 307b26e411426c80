package payments_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments"
)

var _ activities.Comparison = (*payments.Store)(nil)

// sell makes a booking one that was sold for a payment.
func (b *books) sell(bookingID, reference string) {
	b.t.Helper()
	_, err := b.db.Pool.Exec(b.t.Context(), `UPDATE bookings SET status = 'confirmed', paid_with = 'stripe/' || $2 WHERE id = $1`,
		uuid.MustParse(bookingID), reference)
	require.NoError(b.t, err)
	_, err = b.db.Pool.Exec(b.t.Context(), `INSERT INTO tickets (booking_id, serial) VALUES ($1, $2)`, uuid.MustParse(bookingID), bookingID)
	require.NoError(b.t, err)
}

func (b *books) count(query string, args ...any) (n int) {
	b.t.Helper()
	require.NoError(b.t, b.db.Pool.QueryRow(b.t.Context(), query, args...).Scan(&n))
	return n
}

func kinds(findings []booking.Finding) (list []booking.FindingKind) {
	for _, f := range findings {
		list = append(list, f.Kind)
	}
	return list
}

func TestStatesAreComparedWithTheBooks(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	sold, lost, ended := b.booking(), b.booking(), b.booking()
	agreed := said{sold, "pi_agreed"}.captured(0)
	require.NoError(t, b.Record(t.Context(), agreed))
	b.sell(sold, "pi_agreed")
	_, err := b.db.Pool.Exec(t.Context(), `UPDATE bookings SET status = 'expired' WHERE id = $1`, uuid.MustParse(ended))
	require.NoError(t, err)
	late := said{ended, "pi_late"}.captured(0)
	require.NoError(t, b.Record(t.Context(), late))

	compare := func(states ...booking.PaymentState) []booking.FindingKind {
		t.Helper()
		findings, err := b.Compare(t.Context(), "stripe", states)
		require.NoError(t, err)
		return kinds(findings)
	}
	assert.Empty(t, compare())
	assert.Empty(t, compare(agreed))
	dashboard := agreed
	dashboard.Refunded = 300
	foreign := said{"order 66", "pi_foreign"}.captured(0)
	gone := said{uuid.NewString(), "pi_gone"}.captured(0)
	assert.Equal(t, []booking.FindingKind{
		booking.FindingRefundOutside, booking.FindingLostPayment, booking.FindingCaptureUnasked,
		booking.FindingCaptureUnasked, booking.FindingLatePayment, booking.FindingStray, booking.FindingStray,
	}, compare(dashboard, said{lost, "pi_lost"}.captured(0), late, foreign, gone))

	// What is recorded differs no more.
	require.NoError(t, b.Record(t.Context(), dashboard))
	require.NoError(t, b.Record(t.Context(), said{sold, "pi_agreed"}.disputed(booking.DisputeOpen)))
	disputed := said{sold, "pi_agreed"}.disputed(booking.DisputeOpen)
	disputed.Refunded = 300
	assert.Empty(t, compare(disputed))

	unknown, err := b.Unknown(t.Context(), "stripe", "pi_late")
	require.NoError(t, err)
	assert.Equal(t, booking.FindingUnknown, unknown.Kind)
	assert.Equal(t, ended, unknown.BookingID)
	_, err = b.Unknown(t.Context(), "stripe", "pi_of_neither")
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
}

func TestWhatAListLacks(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	for _, reference := range []string{"pi_1", "pi_2", "pi_3", "pi_4"} {
		require.NoError(t, b.Record(t.Context(), said{b.booking(), reference}.captured(0)))
	}
	require.NoError(t, b.Record(t.Context(), said{b.booking(), "pi_open"}.open()))
	day := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	_, err := b.db.Pool.Exec(t.Context(), `UPDATE ledger SET at = CASE reference
		WHEN 'pi_1' THEN $1::timestamptz WHEN 'pi_2' THEN $1 + interval '1 day' - interval '1 microsecond'
		WHEN 'pi_3' THEN $1 + interval '1 day' ELSE $1 + interval '1 hour' END`, day)
	require.NoError(t, err)

	fee := said{"", "pi_4"}.captured(0)
	fee.Fee = 25
	require.NoError(t, b.Listed(t.Context(), "stripe", day, nil))
	for range 2 { // a page that is taken in twice
		require.NoError(t, b.Listed(t.Context(), "stripe", day, []booking.PaymentState{fee, fee, said{"", "pi_foreign"}.captured(0)}))
		n, err := b.Moved(t.Context(), "stripe", day)
		require.NoError(t, err)
		assert.Equal(t, 2, n)
	}
	assert.Equal(t, 25, b.count(`SELECT fee FROM payment_fees WHERE reference = 'pi_4'`))
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM payment_fees`))

	// Razorpay tells of each payment what it keeps: 0 of UPI. Another's 0 is no word.
	free := said{"", "order_upi"}.captured(0)
	require.NoError(t, b.Listed(t.Context(), "razorpay", day, []booking.PaymentState{free, said{"", "order_open"}.open()}))
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM payment_fees WHERE provider = 'razorpay' AND reference = 'order_upi' AND fee = 0`))
	assert.Equal(t, 2, b.count(`SELECT count(*) FROM payment_fees`), "nothing is kept of what was not captured")
	require.NoError(t, b.Finish(t.Context(), "razorpay", day, booking.Comparison{}))

	page := func(after string) []string {
		t.Helper()
		references, err := b.Unlisted(t.Context(), "stripe", day, after, 1)
		require.NoError(t, err)
		return references
	}
	assert.Equal(t, []string{"pi_1"}, page(""))
	assert.Equal(t, []string{"pi_2"}, page("pi_1"))
	assert.Empty(t, page("pi_2"))
	n, err := b.Moved(t.Context(), "paypal", day)
	require.NoError(t, err)
	assert.Zero(t, n)

	require.NoError(t, b.Finish(t.Context(), "stripe", day, booking.Comparison{}))
	assert.Zero(t, b.count(`SELECT count(*) FROM reconciliation_payments`))
}

func TestAFindingIsReportedOnce(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	id := b.booking()
	state := said{id, "pi_1"}.captured(300)
	b.sell(id, "pi_1")
	require.NoError(t, b.Record(t.Context(), said{id, "pi_1"}.captured(0)))
	findings, err := b.Compare(t.Context(), "stripe", []booking.PaymentState{state})
	require.NoError(t, err)
	require.Equal(t, []booking.FindingKind{booking.FindingRefundOutside}, kinds(findings))

	report := func(run string, findings []booking.Finding) int {
		t.Helper()
		fresh, err := b.Report(t.Context(), time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC), run, findings)
		require.NoError(t, err)
		return fresh
	}
	assert.Equal(t, 1, report("first", findings))
	assert.Zero(t, report("second", findings))
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM reconciliation_findings WHERE run = 'first' AND done = 'alerted'
		AND ours = 0 AND theirs = 300 AND booking_id = $1`, uuid.MustParse(id)))

	untold, err := b.Untold(t.Context(), "stripe", []string{"pi_1", "pi_other"})
	require.NoError(t, err)
	assert.Equal(t, []booking.FindingKind{booking.FindingRefundOutside}, kinds(untold))
	assert.Equal(t, id, untold[0].BookingID)
	assert.Equal(t, findings[0].Once, untold[0].Once)

	// Recording it raises no other alert, and no second time when staff have resolved it.
	require.NoError(t, b.Record(t.Context(), state))
	require.NoError(t, b.Healed(t.Context(), "stripe", "pi_1", booking.HealRecord, findings))
	untold, err = b.Untold(t.Context(), "stripe", []string{"pi_1"})
	require.NoError(t, err)
	assert.Empty(t, untold)
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM alerts WHERE kind = 'refunded_outside' AND openings = 1`))
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM alerts`))
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM reconciliation_findings WHERE done = 'recorded'`))
	_, err = b.db.Pool.Exec(t.Context(), `UPDATE alerts SET resolved_at = now()`)
	require.NoError(t, err)
	assert.Zero(t, report("third", findings))
	assert.Zero(t, b.count(`SELECT count(*) FROM alerts WHERE resolved_at IS NULL`))

	// A further refund is another finding.
	state.Refunded = 500
	findings, err = b.Compare(t.Context(), "stripe", []booking.PaymentState{state})
	require.NoError(t, err)
	assert.Equal(t, 1, report("fourth", findings))
}

// Our own captures come after the sale. Each other one is reported once for a payment, by
// whatever tells of it first.
func TestCapturesThatNoStepAskedFor(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	sold := func(reference, paidWith string, after time.Duration) booking.PaymentState {
		t.Helper()
		state := said{b.booking(), reference}.captured(0)
		require.NoError(t, b.Record(t.Context(), state))
		b.sell(state.BookingID, paidWith)
		_, err := b.db.Pool.Exec(t.Context(), `INSERT INTO booking_events (booking_id, seq, at, event)
			SELECT booking_id, 100, at - $2::interval, 'confirmed' FROM ledger WHERE reference = $1 AND movement = 'capture'`, reference, after.String())
		require.NoError(t, err)
		return state
	}
	ours, early := sold("pi_ours", "pi_ours", time.Second), sold("pi_early", "pi_early", -time.Second)
	another, held := sold("pi_another", "pi_first", time.Second), said{b.booking(), "pi_held"}.captured(0)
	lost := said{b.booking(), "pi_lost"}.captured(0)
	b.sell(lost.BookingID, "pi_lost")
	authorized := said{b.booking(), "pi_authorized"}.authorized()
	refunded := said{held.BookingID, "pi_held"}.captured(1000)

	unasked := func(states ...booking.PaymentState) (references []string) {
		t.Helper()
		findings, err := b.Compare(t.Context(), "stripe", states)
		require.NoError(t, err)
		for _, f := range findings {
			if f.Kind == booking.FindingCaptureUnasked {
				references = append(references, f.Reference)
			}
		}
		return references
	}
	assert.Equal(t, []string{"pi_early", "pi_another", "pi_held"}, unasked(ours, early, another, held, lost, authorized))
	for range 2 {
		for _, state := range []booking.PaymentState{ours, held, refunded} {
			require.NoError(t, b.ReportUnasked(t.Context(), state, "webhook evt_1"))
		}
	}
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM alerts WHERE openings = 1 AND kind = 'capture_unasked'
		AND detail = 'stripe pi_held: INR 10.00 was captured, and no step of ours asked for it'`))
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM alerts`))
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM reconciliation_findings WHERE run = 'webhook evt_1' AND theirs = 1000`))
	assert.Equal(t, []string{"pi_early", "pi_another"}, unasked(early, another, held))
}
