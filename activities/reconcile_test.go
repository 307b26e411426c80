package activities_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkactivity "go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// auditor is a provider with a list, and our books beside it.
type auditor struct {
	activities.PaymentProvider
	activities.Comparison
	activities.Books
	page     booking.PaymentPage
	spans    []booking.PaymentSpan
	states   map[string]booking.PaymentState
	findings map[string][]booking.Finding
	away     map[string]bool // what the provider cannot be asked for
	deaf     bool            // no workflow can be told
	slow     <-chan struct{} // what the provider waits for
	reported []booking.Finding
	did      []string
}

// wait is a provider that takes its time.
func (a *auditor) wait(ctx context.Context) error {
	if a.slow == nil {
		return nil
	}
	select {
	case <-a.slow:
		return nil
	case <-time.After(10 * time.Second):
		return booking.E(booking.CodeValidation, "There was no sign of life.")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *auditor) ListPayments(ctx context.Context, span booking.PaymentSpan) (booking.PaymentPage, error) {
	a.spans = append(a.spans, span)
	return a.page, a.wait(ctx)
}

func (a *auditor) Get(ctx context.Context, reference string) (booking.PaymentState, error) {
	if err := a.wait(ctx); err != nil {
		return booking.PaymentState{}, err
	}
	state, known := a.states[reference]
	switch {
	case a.away[reference]:
		return state, booking.E(booking.CodeProviderUnavailable, "No answer.")
	case !known:
		return state, booking.E(booking.CodeNotFound, "Not here.")
	}
	return state, nil
}

func (a *auditor) Compare(_ context.Context, _ string, states []booking.PaymentState) (all []booking.Finding, err error) {
	for _, s := range states {
		all = append(all, a.findings[s.Reference]...)
	}
	return all, nil
}

func (a *auditor) Unknown(_ context.Context, _, reference string) (booking.Finding, error) {
	if reference == "of neither" {
		return booking.Finding{}, booking.E(booking.CodeNotFound, "Not here.")
	}
	return booking.Finding{Kind: booking.FindingUnknown, Reference: reference}, nil
}

func (a *auditor) Listed(_ context.Context, _ string, _ time.Time, states []booking.PaymentState) error {
	for _, s := range states {
		a.did = append(a.did, "listed "+s.Reference)
	}
	return nil
}

func (a *auditor) Report(_ context.Context, _ time.Time, run string, findings []booking.Finding) (int, error) {
	for _, f := range findings {
		a.did = append(a.did, run+" reports "+string(f.Kind)+" of "+f.Reference)
		if f.Heal == booking.HealRecord {
			a.reported = append(a.reported, f)
		}
	}
	return len(findings), nil
}

func (a *auditor) Begin(_ context.Context, provider string, day time.Time) error {
	a.did = append(a.did, "begin "+provider+" "+day.Format(time.DateOnly))
	return nil
}

func (a *auditor) CameBack(_ context.Context, _ string, states []booking.PaymentState) (back int, err error) {
	for _, s := range states {
		if s.BackLater {
			a.did = append(a.did, "back "+s.Reference)
			back++
		}
	}
	return back, nil
}

func (a *auditor) Record(_ context.Context, state booking.PaymentState) error {
	a.did = append(a.did, "record "+state.Reference+" of "+state.BookingID)
	a.findings[state.Reference] = slices.DeleteFunc(slices.Clone(a.findings[state.Reference]),
		func(f booking.Finding) bool { return f.Heal == booking.HealRecord })
	return nil
}

func (a *auditor) Moved(_ context.Context, bookingID string, state booking.PaymentState, _ booking.Policy) error {
	if a.deaf {
		return booking.E(booking.CodeUnavailable, "Temporal is away.")
	}
	a.did = append(a.did, "tell "+bookingID+" of "+state.Reference)
	return nil
}

func (a *auditor) Healed(_ context.Context, _, reference string, heal booking.Healing, _ []booking.Finding) error {
	a.did = append(a.did, "note "+reference+" "+string(heal))
	a.reported = slices.DeleteFunc(a.reported, func(f booking.Finding) bool { return f.Reference == reference })
	return nil
}

func (a *auditor) Untold(_ context.Context, _ string, references []string) (untold []booking.Finding, err error) {
	for _, f := range a.reported {
		if slices.Contains(references, f.Reference) {
			untold = append(untold, f)
		}
	}
	return untold, nil
}

// books has the two methods called Moved apart.
type comparison struct{ *auditor }

func (c comparison) Moved(context.Context, string, time.Time) (int, error) { return 0, nil }

func reconciliationOf(a *auditor) *activities.Reconciliation {
	return &activities.Reconciliation{
		Payments: &activities.Payments{Providers: map[string]activities.PaymentProvider{"stripe": a}, Books: a},
		Listers:  map[string]activities.PaymentLister{"stripe": a}, Books: comparison{a}, Told: a,
	}
}

func runReconciliation[T any](t *testing.T, a *auditor, activity func(*activities.Reconciliation) any, request any) (out T, err error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	r := reconciliationOf(a)
	env.RegisterActivity(r)
	value, err := env.ExecuteActivity(activity(r), request)
	if err == nil {
		require.NoError(t, value.Get(&out))
	}
	return out, err
}

var reconciled = time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)

func TestAListIsComparedPageByPage(t *testing.T) {
	t.Parallel()
	a := &auditor{
		page: booking.PaymentPage{Payments: []booking.PaymentState{{Reference: "pi_1"}, {Reference: "pi_2"}}, Next: "more"},
		findings: map[string][]booking.Finding{"pi_2": {
			{Kind: booking.FindingLostPayment, Reference: "pi_2"}, {Kind: booking.FindingLatePayment, Reference: "pi_2"}}},
	}
	listPage := func(r *activities.Reconciliation) any { return r.ListPage }
	page, err := runReconciliation[activities.ListedPage](t, a, listPage,
		activities.ListPageRequest{Provider: "stripe", Day: reconciled, Cursor: "here"})
	require.NoError(t, err)
	assert.Equal(t, activities.ListedPage{Payments: 2, Suspects: []string{"pi_2"}, Next: "more"}, page)
	assert.Equal(t, []booking.PaymentSpan{{From: reconciled, Until: reconciled.AddDate(0, 0, 1), Cursor: "here"}}, a.spans)
	assert.Equal(t, []string{"listed pi_1", "listed pi_2"}, a.did, "a suspect is not yet reported")

	a.did = nil
	_, err = runReconciliation[activities.ListedPage](t, a, listPage, activities.ListPageRequest{Provider: "stripe", Day: reconciled})
	require.NoError(t, err)
	assert.Equal(t, []string{"begin stripe 2026-11-27", "listed pi_1", "listed pi_2"}, a.did, "the first page")
	_, err = runReconciliation[activities.ListedPage](t, a, listPage, activities.ListPageRequest{Provider: "tea"})
	assert.ErrorContains(t, err, `This worker has no list of "tea"`)
}

func TestWhatDiffersIsReportedThenHealed(t *testing.T) {
	t.Parallel()
	found := func(kind booking.FindingKind, reference, bookingID string, heal booking.Healing) booking.Finding {
		return booking.Finding{Kind: kind, Reference: reference, BookingID: bookingID, Heal: heal}
	}
	a := &auditor{
		states: map[string]booking.PaymentState{
			"agreed": {Reference: "agreed"}, "lost": {Reference: "lost"}, "late": {Reference: "late"}, "stray": {Reference: "stray"}},
		findings: map[string][]booking.Finding{
			"lost": {found(booking.FindingLostPayment, "lost", "b1", booking.HealRecord)},
			"late": {found(booking.FindingLostPayment, "late", "b2", booking.HealRecord),
				found(booking.FindingLatePayment, "late", "b2", booking.HealGiveBack)},
			"stray": {found(booking.FindingStray, "stray", "", booking.HealNone)},
		},
	}
	examine := func(r *activities.Reconciliation) any { return r.Examine }
	request := activities.ExamineRequest{Run: "run", ReconciledDay: activities.ReconciledDay{Provider: "stripe", Day: reconciled},
		References: []string{"agreed", "lost", "late", "stray", "gone", "of neither"}}
	examined, err := runReconciliation[activities.Examined](t, a, examine, request)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"run reports lost_payment of lost", "record lost of b1", "tell b1 of lost", "note lost recorded",
		// Its money goes back: that is all that its customer has to hear.
		"run reports lost_payment of late", "record late of b2", "note late recorded", "run reports late_payment of late",
		"run reports stray_payment of stray",
		"run reports unknown_at_provider of gone",
	}, a.did)
	assert.Equal(t, 5, examined.New)
	assert.Len(t, examined.Findings, 5)
	assert.Equal(t, []booking.PaymentState{{Reference: "late", BookingID: "b2"}}, examined.Late)

	// A provider that does not answer is asked again; it is not one that does not know.
	a.away, a.did = map[string]bool{"gone": true}, nil
	_, err = runReconciliation[activities.Examined](t, a, examine, request)
	require.Error(t, err)
	assert.False(t, slices.Contains(a.did, "run reports unknown_at_provider of gone"))
}

// A workflow that cannot be told after its payment was recorded is told by the next try,
// though nothing differs any more; and by a run of another day's list.
func TestAWorkflowIsToldInTheEnd(t *testing.T) {
	t.Parallel()
	lost := booking.Finding{Kind: booking.FindingLostCapture, Reference: "pi_1", BookingID: "b1", Heal: booking.HealRecord}
	a := &auditor{
		page:   booking.PaymentPage{Payments: []booking.PaymentState{{Reference: "pi_1"}, {Reference: "pi_2"}}},
		states: map[string]booking.PaymentState{"pi_1": {Reference: "pi_1"}}, findings: map[string][]booking.Finding{"pi_1": {lost}},
		deaf: true,
	}
	examine := func(r *activities.Reconciliation) any { return r.Examine }
	request := activities.ExamineRequest{Run: "run", References: []string{"pi_1"},
		ReconciledDay: activities.ReconciledDay{Provider: "stripe", Day: reconciled}}
	_, err := runReconciliation[activities.Examined](t, a, examine, request)
	require.Error(t, err)
	assert.Equal(t, []string{"run reports lost_capture of pi_1", "record pi_1 of b1"}, a.did)

	listPage := func(r *activities.Reconciliation) any { return r.ListPage }
	page, err := runReconciliation[activities.ListedPage](t, a, listPage, activities.ListPageRequest{Provider: "stripe", Day: reconciled})
	require.NoError(t, err)
	assert.Equal(t, []string{"pi_1"}, page.Suspects, "it agrees, and is not done with")

	a.deaf, a.did = false, nil
	_, err = runReconciliation[activities.Examined](t, a, examine, request)
	require.NoError(t, err)
	assert.Equal(t, []string{"tell b1 of pi_1", "note pi_1 recorded"}, a.did)
	a.did = nil
	_, err = runReconciliation[activities.Examined](t, a, examine, request)
	require.NoError(t, err)
	assert.Empty(t, a.did, "once")

	// What is not to be recorded stays untold.
	differs := lost
	differs.Heal = booking.HealNone
	a.findings["pi_1"], a.reported = []booking.Finding{differs}, []booking.Finding{lost}
	_, err = runReconciliation[activities.Examined](t, a, examine, request)
	require.NoError(t, err)
	assert.Equal(t, []string{"run reports lost_capture of pi_1"}, a.did)
}

// guard is a vendor's guard that must not be asked.
type guard struct{ t *testing.T }

func (g guard) Try(context.Context, func(context.Context) error) error {
	assert.Fail(g.t, "the guard was asked")
	return nil
}

func (g guard) Report(ctx context.Context, call func(context.Context) error) error {
	return g.Try(ctx, call)
}

// A slow list gives signs of life while it is read, and is no illness for customers who pay.
func TestReconciliationTakesItsTime(t *testing.T) {
	t.Parallel()
	run := func(activity func(*activities.Reconciliation) any, request any) {
		beats := 0
		slow := make(chan struct{})
		a := &auditor{slow: slow, states: map[string]booking.PaymentState{"pi_1": {Reference: "pi_1"}}}
		r := reconciliationOf(a)
		r.BeatEvery = time.Millisecond
		r.Payments.Vendors = map[string]activities.Vendor{"stripe": guard{t}}
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestActivityEnvironment()
		env.SetOnActivityHeartbeatListener(func(*sdkactivity.Info, converter.EncodedValues) {
			// The client sends the next ones only after most of a heartbeat's timeout.
			if beats++; beats == 1 {
				close(slow)
			}
		})
		env.RegisterActivity(r)
		_, err := env.ExecuteActivity(activity(r), request)
		require.NoError(t, err)
		assert.Positive(t, beats)
	}
	run(func(r *activities.Reconciliation) any { return r.ListPage }, activities.ListPageRequest{Provider: "stripe", Day: reconciled})
	run(func(r *activities.Reconciliation) any { return r.Examine },
		activities.ExamineRequest{ReconciledDay: activities.ReconciledDay{Provider: "stripe", Day: reconciled}, References: []string{"pi_1"}})
}
