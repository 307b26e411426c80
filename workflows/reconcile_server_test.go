package workflows_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

// ledgers is a provider with one payment that our books do not have.
type ledgers struct {
	activities.PaymentProvider
	activities.Comparison
	activities.Books
	recorded chan booking.PaymentState
}

func (l *ledgers) ListPayments(_ context.Context, span booking.PaymentSpan) (booking.PaymentPage, error) {
	if span.Cursor == "" {
		return booking.PaymentPage{Next: "2"}, nil
	}
	return booking.PaymentPage{Payments: []booking.PaymentState{{Reference: "pi_1"}}}, nil
}

func (l *ledgers) Get(context.Context, string) (booking.PaymentState, error) {
	return booking.PaymentState{Provider: "stripe", Reference: "pi_1"}, nil
}

func (l *ledgers) Compare(_ context.Context, _ string, states []booking.PaymentState) (found []booking.Finding, err error) {
	for range states {
		found = append(found, booking.Finding{Kind: booking.FindingLostPayment, Reference: "pi_1", BookingID: "b1", Heal: booking.HealRecord})
	}
	return found, nil
}

func (l *ledgers) Record(_ context.Context, state booking.PaymentState) error {
	l.recorded <- state
	return nil
}

func (l *ledgers) Listed(context.Context, string, time.Time, []booking.PaymentState) error {
	return nil
}
func (l *ledgers) CameBack(context.Context, string, []booking.PaymentState) (int, error) {
	return 0, nil
}
func (l *ledgers) Moved(context.Context, string, time.Time) (int, error) { return 0, nil }
func (l *ledgers) Begin(context.Context, string, time.Time) error        { return nil }
func (l *ledgers) Finish(context.Context, string, time.Time, booking.Comparison) error {
	return nil
}
func (l *ledgers) Unlisted(context.Context, string, time.Time, string, int) ([]string, error) {
	return nil, nil
}

func (l *ledgers) Report(_ context.Context, _ time.Time, _ string, findings []booking.Finding) (int, error) {
	return len(findings), nil
}

func (l *ledgers) Healed(context.Context, string, string, booking.Healing, []booking.Finding) error {
	return nil
}

func (l *ledgers) Untold(context.Context, string, []string) ([]booking.Finding, error) {
	return nil, nil
}

type deaf struct{}

func (deaf) Moved(context.Context, string, booking.PaymentState, booking.Policy) error { return nil }

// The schedule of a provider runs each day for the day before, by the time that it was meant
// for; both histories replay.
func TestReconcileByItsScheduleOnAServer(t *testing.T) {
	t.Parallel()
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server to ask (make test starts one)")
	}
	c := lane2client(t, address, lanes+20) // a namespace that no scenario plays in
	provider := &ledgers{recorded: make(chan booking.PaymentState, 10)}
	effects := workers.Activities{Reconciliation: &activities.Reconciliation{
		Payments: &activities.Payments{Providers: map[string]activities.PaymentProvider{"stripe": provider}, Books: provider},
		Listers:  map[string]activities.PaymentLister{"stripe": provider}, Books: provider, Told: deaf{},
	}}
	for _, queue := range []string{workflows.QueueOperations, workflows.QueuePayments} {
		w := worker.New(c, queue, worker.Options{WorkerStopTimeout: time.Second})
		workers.Register(w, queue, effects)
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	schedules := workers.Schedules{SweepEvery: time.Hour, Reconcile: []workflows.ReconcileInput{{Provider: "stripe", SettleFor: 10 * time.Millisecond}}}
	require.NoError(t, schedules.Ensure(t.Context(), c))
	require.NoError(t, schedules.Ensure(t.Context(), c), "again")

	handle := c.ScheduleClient().GetHandle(t.Context(), "reconcile-stripe")
	about, err := handle.Describe(t.Context())
	require.NoError(t, err)
	require.Len(t, about.Schedule.Spec.Intervals, 1)
	assert.Equal(t, client.ScheduleIntervalSpec{Every: 24 * time.Hour, Offset: 3 * time.Hour}, about.Schedule.Spec.Intervals[0])
	assert.Equal(t, 7*24*time.Hour, about.Schedule.Policy.CatchupWindow, "every day counts")
	assert.Equal(t, enums.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL, about.Schedule.Policy.Overlap)
	for _, next := range about.Info.NextActionTimes {
		assert.Equal(t, 3, next.UTC().Hour())
	}

	// A day that was missed.
	missed := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)
	require.NoError(t, handle.Backfill(t.Context(), client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{
		{Start: missed.Add(-time.Minute), End: missed.Add(time.Minute), Overlap: enums.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL}}}))
	id := workflows.ReconcileWorkflowID("stripe", "2026-02-28")
	require.Eventually(t, func() bool {
		about, err := c.DescribeWorkflowExecution(t.Context(), id, "")
		return err == nil && about.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}, time.Minute, 100*time.Millisecond)
	var result workflows.ReconcileResult
	require.NoError(t, c.GetWorkflow(t.Context(), id, "").Get(t.Context(), &result))
	assert.Equal(t, workflows.ReconcileResult{Day: "2026-02-28", Listed: 1, Asked: 1, New: 1,
		Found: map[booking.FindingKind]int{booking.FindingLostPayment: 1}}, result)
	assert.Equal(t, "b1", (<-provider.recorded).BookingID)

	replayer := worker.NewWorkflowReplayer()
	workflows.Register(replayer, workflows.QueueOperations)
	about, err = handle.Describe(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, about.Info.RecentActions)
	parent := about.Info.RecentActions[0].StartWorkflowResult
	for _, ran := range []struct{ id, run string }{{id, ""}, {parent.WorkflowID, parent.FirstExecutionRunID}} {
		played := &history.History{}
		events := c.GetWorkflowHistory(t.Context(), ran.id, ran.run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(t, err)
			played.Events = append(played.Events, event)
		}
		require.NoError(t, replayer.ReplayWorkflowHistory(nil, played), ran.id)
	}
}
