package payments_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// released is a void of which the provider still has money.
func (s said) released(left int64, by time.Time) booking.PaymentState {
	state := s.voided()
	state.BackLater, state.Releasing, state.BackBy = true, left, by
	return state
}

// Money that was released is asked for a day after it had to go back, and an alert is raised,
// once. It is resolved when the money is back.
func TestReleasedMoneyThatIsNotBack(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	id := b.booking()
	s := said{id, "order_1"}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	late, soon := time.Now().Add(-25*time.Hour), time.Now().Add(-23*time.Hour)
	require.NoError(t, b.Record(t.Context(), s.authorized()))
	require.NoError(t, b.Record(t.Context(), s.released(1000, soon)))
	require.NoError(t, b.Record(t.Context(), said{b.booking(), "order_unpaid"}.released(0, time.Time{})))
	_, err := b.db.Pool.Exec(t.Context(), `UPDATE ledger SET at = at - interval '2 days'`) // no movement of today
	require.NoError(t, err)
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM released_money WHERE amount = 1000 AND back_at IS NULL`))

	still := s.released(1000, soon)
	run := func(name string) (unlisted, fresh int) {
		t.Helper()
		unlisted, err := b.Moved(t.Context(), "stripe", today)
		require.NoError(t, err)
		findings, err := b.Compare(t.Context(), "stripe", []booking.PaymentState{still})
		require.NoError(t, err)
		fresh, err = b.Report(t.Context(), today, name, findings)
		require.NoError(t, err)
		return unlisted, fresh
	}
	back := func(state booking.PaymentState) int {
		t.Helper()
		n, err := b.CameBack(t.Context(), "stripe", []booking.PaymentState{state})
		require.NoError(t, err)
		return n
	}
	unlisted, fresh := run("in time")
	assert.Zero(t, unlisted)
	assert.Zero(t, fresh, "it has another hour")

	_, err = b.db.Pool.Exec(t.Context(), `UPDATE released_money SET due_at = $1`, late)
	require.NoError(t, err)
	assert.Zero(t, back(still))
	assert.Zero(t, back(s.voided()), "a provider that voids at once says nothing of it")
	unlisted, fresh = run("late")
	assert.Equal(t, 1, unlisted, "it is asked for")
	assert.Equal(t, 1, fresh)
	_, fresh = run("later")
	assert.Zero(t, fresh)
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM alerts WHERE kind = 'released_not_back' AND booking_id = $1 AND openings = 1
		AND detail = 'stripe order_1: INR 10.00 was released and is not back' AND resolved_at IS NULL`, uuid.MustParse(id)))

	assert.Equal(t, 1, back(s.released(0, time.Time{})))
	assert.Zero(t, back(s.released(0, time.Time{})), "once")
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM alerts WHERE resolved_at IS NOT NULL AND resolved_by IS NULL AND note <> ''`))
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM reconciliation_findings WHERE kind = 'not_back' AND done = 'came_back' AND theirs = 1000`))
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM audit_log WHERE entity = 'alert' AND action = 'resolve' AND actor_role = 'system'`))
	require.NoError(t, b.Finish(t.Context(), "stripe", today, booking.Comparison{}))
	unlisted, fresh = run("after")
	assert.Zero(t, unlisted, "it is asked for no more")
	assert.Zero(t, fresh)
}

// A second release of a payment has a time of its own; an old answer does not open the first
// one again.
func TestReleasedMoneyOfTwoReleases(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	s := said{b.booking(), "order_1"}
	first, second := time.Now().Add(-72*time.Hour), time.Now().Add(-48*time.Hour)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for round, by := range []time.Time{first, second} {
		state := s.released(1000, by)
		require.NoError(t, b.Record(t.Context(), state))
		findings, err := b.Compare(t.Context(), "stripe", []booking.PaymentState{state})
		require.NoError(t, err)
		fresh, err := b.Report(t.Context(), today, "run", findings)
		require.NoError(t, err)
		assert.Equal(t, 1, fresh)
		assert.Equal(t, round+1, b.count(`SELECT openings FROM alerts WHERE resolved_at IS NULL`))
		n, err := b.CameBack(t.Context(), "stripe", []booking.PaymentState{s.released(0, time.Time{})})
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		require.NoError(t, b.Record(t.Context(), state), "an old answer")
		assert.Zero(t, b.count(`SELECT count(*) FROM released_money WHERE back_at IS NULL`))
		assert.Zero(t, b.count(`SELECT count(*) FROM alerts WHERE resolved_at IS NULL`))
	}
}
