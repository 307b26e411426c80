package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

// lists is a provider's list and what the books make of it.
type lists struct {
	pages    map[string]activities.ListedPage // by cursor
	unlisted []string
	findings map[string]booking.Finding
	late     map[string]bool

	did        []string
	looked     booking.Comparison
	lateInputs []workflows.LatePaymentInput
}

func (l *lists) env(t *testing.T) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	for _, queue := range []string{workflows.QueueOperations, workflows.QueuePayments, workflows.QueueBookings} {
		if queue != workflows.QueueBookings {
			workers.Register(env, queue, workers.Activities{})
		}
	}
	workflows.Register(env, workflows.QueueBookings)
	var r *activities.Reconciliation
	env.OnActivity(r.ListPage, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req activities.ListPageRequest) (activities.ListedPage, error) {
			l.did = append(l.did, "list "+req.Day.Format(time.DateOnly)+" "+req.Cursor)
			page, known := l.pages[req.Cursor]
			if !known {
				return page, errors.New("an unexpected page: " + req.Cursor)
			}
			return page, nil
		}).Maybe()
	env.OnActivity(r.CountUnlisted, mock.Anything, mock.Anything).Return(
		func(context.Context, activities.ReconciledDay) (int, error) { return len(l.unlisted), nil }).Maybe()
	env.OnActivity(r.FindUnlisted, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req activities.UnlistedRequest) (found []string, err error) {
			for _, reference := range l.unlisted {
				if reference > req.After && len(found) < req.Limit {
					found = append(found, reference)
				}
			}
			return found, nil
		}).Maybe()
	env.OnActivity(r.Examine, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req activities.ExamineRequest) (activities.Examined, error) {
			l.did = append(l.did, "examine "+strings.Join(req.References, " "))
			assert.NotEmpty(t, req.Run)
			var examined activities.Examined
			for _, reference := range req.References {
				if f, differs := l.findings[reference]; differs {
					examined.Findings = append(examined.Findings, f)
					examined.New++
				}
				if l.late[reference] {
					examined.Late = append(examined.Late, booking.PaymentState{Provider: "stripe", Reference: reference, BookingID: "b1"})
				}
			}
			return examined, nil
		}).Maybe()
	env.OnActivity(r.NoteGivenBack, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req activities.GivenBackRequest) error {
			l.did = append(l.did, "given back "+req.Reference)
			return nil
		}).Maybe()
	env.OnActivity(r.ForgetList, mock.Anything, mock.Anything).Return(
		func(_ context.Context, done activities.DoneRequest) error {
			l.did, l.looked = append(l.did, "forget"), done.Looked
			return nil
		}).Maybe()
	env.OnWorkflow(workflows.LatePaymentWorkflow, mock.Anything, mock.Anything).Return(nil, nil).Maybe()
	env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, args converter.EncodedValues) {
		l.did = append(l.did, "start "+info.WorkflowExecution.ID)
		if info.WorkflowType.Name == workflows.LatePaymentWorkflow {
			var in workflows.LatePaymentInput
			assert.NoError(t, args.Get(&in))
			l.lateInputs = append(l.lateInputs, in)
		}
	})
	return env
}

func TestReconcileGoesThroughBothSides(t *testing.T) {
	t.Parallel()
	l := &lists{
		pages: map[string]activities.ListedPage{
			"": {Payments: 100, Next: "2"}, "2": {Payments: 3, Suspects: []string{"pi_a", "pi_b"}},
		},
		unlisted: []string{"pi_x"},
		findings: map[string]booking.Finding{
			"pi_a": {Kind: booking.FindingRefundOutside, Reference: "pi_a"}, "pi_b": {Kind: booking.FindingLatePayment, Reference: "pi_b"},
			"pi_x": {Kind: booking.FindingUnknown, Reference: "pi_x"}},
		late: map[string]bool{"pi_b": true},
	}
	env := l.env(t)
	began := env.Now()
	policy := booking.DefaultPolicy()
	env.ExecuteWorkflow(workflows.ReconcileWorkflow, workflows.ReconcileInput{Provider: "stripe", Day: "2026-11-27", Policy: policy})
	require.NoError(t, env.GetWorkflowError())
	var result workflows.ReconcileResult
	require.NoError(t, env.GetWorkflowResult(&result))
	assert.Equal(t, workflows.ReconcileResult{
		Day: "2026-11-27", Listed: 103, Unlisted: 1, Asked: 3, New: 3, GivenBack: 1,
		Found: map[booking.FindingKind]int{booking.FindingRefundOutside: 1, booking.FindingLatePayment: 1, booking.FindingUnknown: 1},
	}, result)
	assert.Equal(t, []string{
		"list 2026-11-27 ", "list 2026-11-27 2", "examine pi_a pi_b", "start late-payment-stripe-pi_b", "given back pi_b",
		"examine pi_x", "forget",
	}, l.did)
	assert.Equal(t, booking.Comparison{Listed: 103, Unlisted: 1, Asked: 3, GivenBack: 1}, l.looked)
	require.Len(t, l.lateInputs, 1)
	assert.Equal(t, policy, l.lateInputs[0].Policy)
	assert.False(t, l.lateInputs[0].Rebook, "a day later it buys no seats")
	assert.GreaterOrEqual(t, env.Now().Sub(began), 30*time.Second, "what is under way gets time to settle")
}

func TestReconcileWithNothingToFind(t *testing.T) {
	t.Parallel()
	l := &lists{pages: map[string]activities.ListedPage{"": {}}}
	env := l.env(t)
	env.ExecuteWorkflow(workflows.ReconcileWorkflow, workflows.ReconcileInput{Provider: "stripe", Day: "2026-11-27"})
	require.NoError(t, env.GetWorkflowError())
	assert.Equal(t, []string{"list 2026-11-27 ", "forget"}, l.did)
}

// The history stays short: the workflow goes on in another run, from where it was.
func TestReconcileContinuesInANewRun(t *testing.T) {
	t.Parallel()
	l := &lists{pages: map[string]activities.ListedPage{}}
	for n := range 120 {
		page := activities.ListedPage{Payments: 1, Next: fmt.Sprint(n + 1)}
		if n == 119 {
			page.Next = ""
		}
		cursor := fmt.Sprint(n)
		if n == 0 {
			cursor = ""
		}
		l.pages[cursor] = page
	}
	for n := range 45 {
		l.unlisted = append(l.unlisted, fmt.Sprintf("pi_%03d", n))
	}
	in := workflows.ReconcileInput{Provider: "stripe", Day: "2026-11-27"}
	runs := 0
	for {
		runs++
		require.Less(t, runs, 10)
		env := l.env(t)
		env.ExecuteWorkflow(workflows.ReconcileWorkflow, in)
		err := env.GetWorkflowError()
		if err == nil {
			var result workflows.ReconcileResult
			require.NoError(t, env.GetWorkflowResult(&result))
			assert.Equal(t, 120, result.Listed)
			assert.Equal(t, 45, result.Unlisted)
			assert.Equal(t, 45, result.Asked)
			break
		}
		var next *workflow.ContinueAsNewError
		require.ErrorAs(t, err, &next)
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	}
	assert.Equal(t, 2, runs)
	assert.Equal(t, "forget", l.did[len(l.did)-1])
}

// A schedule's workflow starts that of the day before the time it was meant for, also when
// it comes late.
func TestReconcileOfTheDayBefore(t *testing.T) {
	t.Parallel()
	l := &lists{pages: map[string]activities.ListedPage{"": {}}}
	env := l.env(t)
	var started workflows.ReconcileInput
	var ids []string
	env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, args converter.EncodedValues) {
		ids = append(ids, info.WorkflowExecution.ID)
		assert.NoError(t, args.Get(&started))
	})
	require.NoError(t, env.SetTypedSearchAttributesOnStart(temporal.NewSearchAttributes(
		temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime").ValueSet(time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)))))
	env.ExecuteWorkflow(workflows.ReconcileWorkflow, workflows.ReconcileInput{Provider: "stripe", SettleFor: time.Minute})
	require.NoError(t, env.GetWorkflowError())
	assert.Equal(t, []string{"reconcile-stripe-2026-02-28"}, ids)
	assert.Equal(t, workflows.ReconcileInput{Provider: "stripe", Day: "2026-02-28", SettleFor: time.Minute}, started)

	env = l.env(t)
	env.ExecuteWorkflow(workflows.ReconcileWorkflow, workflows.ReconcileInput{Provider: "stripe", Day: "yesterday"})
	var refused *temporal.ApplicationError
	require.ErrorAs(t, env.GetWorkflowError(), &refused)
	assert.Equal(t, string(booking.CodeValidation), refused.Type())
}
