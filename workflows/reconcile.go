package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// ReconcileWorkflow compares a payment provider's list of one day with our books. A schedule
// starts it each day for the day before; a command starts it for a chosen one.
const ReconcileWorkflow = "Reconcile"

// ReconcileWorkflowID names the one workflow of a provider's day. The day is in UTC, as in
// 2026-11-27.
func ReconcileWorkflowID(provider, day string) string { return "reconcile-" + provider + "-" + day }

// ReconcileInput starts a reconciliation.
type ReconcileInput struct {
	Provider string `json:"provider"`
	// Day is in UTC, as in 2026-11-27. Empty: a workflow for the day before the schedule's
	// time is started.
	Day string `json:"day,omitempty"`
	// Policy is for the workflows that a finding starts.
	Policy booking.Policy `json:"policy"`
	// SettleFor is how long what differs may be a step that is under way. Default 30 s.
	SettleFor time.Duration `json:"settle_for,omitempty"`

	// The rest is carried from run to run.
	Cursor      string          `json:"cursor,omitempty"`
	AllListed   bool            `json:"all_listed,omitempty"`
	After       string          `json:"after,omitempty"`
	ResultSoFar ReconcileResult `json:"result_so_far,omitzero"`
}

// ReconcileResult is what a reconciliation found.
type ReconcileResult struct {
	Day      string `json:"day"`
	Listed   int    `json:"listed"`   // payments in the provider's list; one may be counted more than once
	Unlisted int    `json:"unlisted"` // payments of ours that moved on the day and are not in it
	Asked    int    `json:"asked"`    // payments that were asked for one by one
	New      int    `json:"new"`      // findings that no run had before
	// Found counts the findings by kind, those of earlier runs included.
	Found map[booking.FindingKind]int `json:"found,omitempty"`
	// GivenBack is how many payments were handed to the workflow of late payments.
	GivenBack int `json:"given_back"`
}

const (
	settleFor = 30 * time.Second
	// examinedAtOnce is how many payments one activity asks for, one after the other.
	examinedAtOnce = 20
	// pagesOfARun is after how many pages the workflow continues in a new run.
	pagesOfARun = 100
)

// scheduledFor is when the schedule meant to start a workflow, also one that it catches up
// with.
var scheduledFor = temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime")

// runReconcile compares both ways: each payment of the provider's list with our books, and
// each payment of ours that moved on the day and is not in the list with the provider. What
// differs is looked at once more after a while, and then reported, once, and healed where
// that is safe: a repeat of it all changes nothing.
func runReconcile(ctx workflow.Context, in ReconcileInput) (ReconcileResult, error) {
	if in.Day == "" {
		return ReconcileResult{}, reconcileDayBefore(ctx, in)
	}
	day, err := time.Parse(time.DateOnly, in.Day)
	if err != nil {
		return ReconcileResult{}, refusal(booking.CodeValidation, "Write the day as in 2026-11-27.")
	}
	r := &reconciling{in: in, of: activities.ReconciledDay{Provider: in.Provider, Day: day}}
	r.result = &r.in.ResultSoFar
	r.result.Day = in.Day
	if r.result.Found == nil {
		r.result.Found = map[booking.FindingKind]int{}
	}
	for _, pass := range []func(workflow.Context) (done bool, err error){r.theirs, r.ours} {
		if done, err := pass(ctx); err != nil {
			return *r.result, err
		} else if !done {
			return *r.result, workflow.NewContinueAsNewError(ctx, ReconcileWorkflow, r.in)
		}
	}
	done := activities.DoneRequest{ReconciledDay: r.of, Looked: booking.Comparison{
		Listed: r.result.Listed, Unlisted: r.result.Unlisted, Asked: r.result.Asked, GivenBack: r.result.GivenBack}}
	if err := r.books("Forget the list", reconciliation.ForgetList, done, nil).durably(ctx); err != nil {
		return *r.result, err
	}
	r.show(ctx, "done")
	workflow.GetLogger(ctx).Info("reconciled", "provider", in.Provider, "day", in.Day, "listed", r.result.Listed,
		"unlisted", r.result.Unlisted, "found", r.result.Found, "new", r.result.New, "given_back", r.result.GivenBack)
	return *r.result, nil
}

// reconcileDayBefore starts the workflow of the day before, which has its own id: it is the
// same one that the command starts.
func reconcileDayBefore(ctx workflow.Context, in ReconcileInput) error {
	at, scheduled := workflow.GetTypedSearchAttributes(ctx).GetTime(scheduledFor)
	if !scheduled {
		at = workflow.Now(ctx)
	}
	in.Day = at.UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            ReconcileWorkflowID(in.Provider, in.Day),
		TaskQueue:             QueueOperations,
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         "Reconcile " + in.Provider + ", " + in.Day,
	})
	return awaitStarts(ctx, workflow.ExecuteChildWorkflow(child, ReconcileWorkflow, in))
}

// reconciling is one reconciliation.
type reconciling struct {
	in     ReconcileInput
	of     activities.ReconciledDay
	result *ReconcileResult
	pages  int
}

// step is a step of a reconciliation: of the vendor and of our books.
func (r *reconciling) step(summary string, activity, in, out any) step {
	return step{summary, activity, in, out,
		// Long: a page of the list may be hundreds of calls, and a busy provider slows them down.
		patience{queue: QueuePayments, vendor: true, oneTry: time.Hour, heartbeat: time.Minute}}
}

// books is a step of our books alone, which gives no sign of life.
func (r *reconciling) books(summary string, activity, in, out any) step {
	s := r.step(summary, activity, in, out)
	s.vendor, s.oneTry, s.heartbeat = false, 10*time.Minute, 0
	return s
}

// full tells whether it is time for a new run: the history stays short.
func (r *reconciling) full(ctx workflow.Context) bool {
	r.pages++
	return r.pages > pagesOfARun || workflow.GetInfo(ctx).GetContinueAsNewSuggested()
}

// theirs goes through the provider's list.
func (r *reconciling) theirs(ctx workflow.Context) (done bool, err error) {
	for !r.in.AllListed {
		if r.full(ctx) {
			return false, nil
		}
		r.show(ctx, "comparing the provider's list")
		var page activities.ListedPage
		err := r.step("Compare a page of the provider's list", reconciliation.ListPage,
			activities.ListPageRequest{Provider: r.in.Provider, Day: r.of.Day, Cursor: r.in.Cursor}, &page).durably(ctx)
		if err != nil {
			return false, err
		}
		r.result.Listed += page.Payments
		if len(page.Suspects) > 0 {
			if err := workflow.NewTimerWithOptions(ctx, cmp.Or(r.in.SettleFor, settleFor),
				workflow.TimerOptions{Summary: "Let what is under way settle"}).Get(ctx, nil); err != nil {
				return false, err
			}
			if err := r.examine(ctx, page.Suspects); err != nil {
				return false, err
			}
		}
		r.in.Cursor = page.Next
		if page.Next != "" {
			continue
		}
		r.in.AllListed = true
		err = r.books("Which payments does the list lack?", reconciliation.CountUnlisted, r.of, &r.result.Unlisted).durably(ctx)
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// ours goes through the payments that the provider's list lacks.
func (r *reconciling) ours(ctx workflow.Context) (done bool, err error) {
	for {
		if r.full(ctx) {
			return false, nil
		}
		r.show(ctx, "asking for what the list lacks")
		var references []string
		err := r.books("Find what the list lacks", reconciliation.FindUnlisted,
			activities.UnlistedRequest{ReconciledDay: r.of, After: r.in.After, Limit: examinedAtOnce}, &references).durably(ctx)
		if err != nil || len(references) == 0 {
			return err == nil, err
		}
		if err := r.examine(ctx, references); err != nil {
			return false, err
		}
		r.in.After = references[len(references)-1]
	}
}

// examine looks at payments one by one, and hands those whose money has to go back to the
// workflow of late payments.
func (r *reconciling) examine(ctx workflow.Context, references []string) error {
	info := workflow.GetInfo(ctx).WorkflowExecution
	for len(references) > 0 {
		some := references[:min(examinedAtOnce, len(references))]
		references = references[len(some):]
		var examined activities.Examined
		err := r.step(fmt.Sprintf("Look at %d payments", len(some)), reconciliation.Examine, activities.ExamineRequest{
			ReconciledDay: r.of, References: some, Run: info.ID + "/" + info.RunID, Policy: r.in.Policy,
		}, &examined).durably(ctx)
		if err != nil {
			return err
		}
		r.result.Asked += len(some)
		r.result.New += examined.New
		for _, f := range examined.Findings {
			r.result.Found[f.Kind]++
		}
		for _, late := range examined.Late {
			if err := r.giveBack(ctx, late, examined.Findings); err != nil {
				return err
			}
		}
	}
	return nil
}

// giveBack starts the workflow that a webhook would have started. It decides by the database
// whether the money goes back; one that runs already does the same.
func (r *reconciling) giveBack(ctx workflow.Context, late booking.PaymentState, findings []booking.Finding) error {
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            LatePaymentWorkflowID(late.Provider, late.Reference),
		TaskQueue:             QueueBookings,
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         fmt.Sprintf("Late payment %s for booking %s, found by reconciliation", late.Reference, late.BookingID),
	})
	// No rebooking: the customer has been told long ago that the seats were let go.
	err := awaitStarts(ctx, workflow.ExecuteChildWorkflow(child, LatePaymentWorkflow, LatePaymentInput{Payment: late, Policy: r.in.Policy}))
	if err != nil {
		return err
	}
	r.result.GivenBack++
	return r.books("Note that the money goes back", reconciliation.NoteGivenBack, activities.GivenBackRequest{
		Provider: late.Provider, Reference: late.Reference, Findings: findings}, nil).durably(ctx)
}

// show writes the progress, in Markdown, where the UI shows it.
func (r *reconciling) show(ctx workflow.Context, doing string) {
	text := fmt.Sprintf("**%s, %s**: %s\n\n- in the provider's list: %d\n- of ours and not in it: %d\n- asked for one by one: %d\n",
		r.in.Provider, r.in.Day, doing, r.result.Listed, r.result.Unlisted, r.result.Asked)
	for _, kind := range booking.FindingKinds() {
		if n := r.result.Found[kind]; n > 0 {
			text += fmt.Sprintf("- found `%s`: %d\n", kind, n)
		}
	}
	text += fmt.Sprintf("- new findings: %d\n- money given back: %d payments\n", r.result.New, r.result.GivenBack)
	workflow.SetCurrentDetails(ctx, text)
}
