package workflows

import (
	"cmp"
	"errors"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// The activities by name. The pointers are never followed.
var (
	seats         *activities.Seats
	payments      *activities.Payments
	notifications *activities.Notifications
	shows         *activities.Shows
	showRefunds   *activities.Refunds
	sweep         *activities.Sweep
	houses        *activities.Houses
	// reconciliation compares providers' lists with our books.
	reconciliation *activities.Reconciliation
	// houseSync keeps our copy of theaters' own systems.
	houseSync *activities.HouseSync
)

// Changes of the code that workflows which began before do not know. Their
// histories must replay without the new steps.
const (
	// captureAnswers guards what a booking does while its provider does not answer to the
	// capture. Earlier workflows did nothing else, so a cancellation had to wait.
	captureAnswers = "capture-answers"
	// abandonedCloses marks bookings whose code knows the signal. An earlier worker may
	// have received it and gone on without a step.
	abandonedCloses = "abandoned-closes-payment"
	// opensBeside marks bookings whose code opens a payment with another provider while the
	// first one does not answer.
	opensBeside = "opens-beside"
	// approvedAuthorizes marks bookings whose code knows payments that are approved, or that
	// their provider looks into. An earlier worker took such news without a step.
	approvedAuthorizes = "approved-authorizes"
	// lateDecided guards the step that asks the database to decide about late money.
	// Earlier workflows used what the webhook had read.
	lateDecided = "late-payment-decided-by-database"
)

// knows tells whether this workflow has a change of the code.
func knows(ctx workflow.Context, change string) bool {
	return workflow.GetVersion(ctx, change, workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// step is one activity as a workflow asks for it.
type step struct {
	summary  string // what a person reads in Temporal's UI
	activity any
	in       any
	out      any // a pointer, or nil
	patience
}

// patience is the queue on which a step waits after the fast path failed, and for how long.
type patience struct {
	queue     string
	vendor    bool          // not our own database: see fastPath
	oneTry    time.Duration // how long one try may take
	heartbeat time.Duration // how long a try may give no sign of life; zero is no such limit
	within    time.Duration // how long all tries together may take; zero is as long as it takes
	ends      bool          // a canceled step waits until its try under way has ended
	longest   time.Duration // between two tries; zero is a minute
	first     bool          // steps of the queue that are not first wait for those that are
	fairly    string        // steps with another key do not wait behind many with this one; empty is no key
}

// upTo is the step with a timeout for its retries.
func (s step) upTo(within time.Duration) step {
	s.within = within
	return s
}

// on is the step on another queue.
func (s step) on(queue string) step {
	s.queue = queue
	return s
}

// callVendor is a step that calls a vendor.
func callVendor(queue, summary string, activity, in, out any) step {
	return step{summary, activity, in, out, patience{queue: queue, vendor: true, oneTry: 30 * time.Second}}
}

// manyBookings is a step that works on many bookings and says in between that it is alive.
func manyBookings(summary string, activity, in, out any) step {
	return step{summary, activity, in, out,
		patience{queue: QueueOperations, oneTry: 5 * time.Minute, heartbeat: 15 * time.Second}}
}

func refundStep(money booking.MoneyStep, after any) step {
	return callVendor(QueuePayments, "Refund "+money.Amount.String(), payments.RefundPayment, money, after)
}

func giveBackStep(money booking.MoneyStep, after any) step {
	return callVendor(QueuePayments, "Give the money back", payments.GiveBack, money, after)
}

func sendStep(note booking.Notification) step {
	summary := "Send " + string(note.Notice) + " by " + string(note.Channel)
	return callVendor(QueueNotifications, summary, notifications.Notify, note, nil).upTo(deliverWithin)
}

// localSteps bounds how long our own database may take inside a workflow task
// before the step becomes a normal activity, which waits as long as it takes.
const localSteps = 4 * time.Second

// stepRunner does the steps of one workflow: the fast path first, as a local
// activity, which costs one event; then the same step, with the same idempotency
// keys, as a normal activity that is safe from a crash and waits.
type stepRunner struct {
	own  patience        // of steps of our own database
	fast time.Duration   // how long a vendor may take on the fast path; zero is no fast path at all
	slow map[string]bool // queues whose vendor left the fast path in this workflow
	// stops tells that a canceled workflow ends after a step's fast path. The other
	// workflows schedule the durable step and cancel it: old histories have both events.
	stops  bool
	logger log.Logger
}

func newStepRunner(ctx workflow.Context, own patience, fast time.Duration) stepRunner {
	return stepRunner{own: own, fast: fast, slow: map[string]bool{}, logger: workflow.GetLogger(ctx)}
}

// ours is a short step of our own database.
func (r *stepRunner) ours(summary string, activity, in, out any) step {
	return step{summary, activity, in, out, r.own}
}

// database runs a short step of our own database.
func (r *stepRunner) database(ctx workflow.Context, summary string, activity, in, out any) error {
	return r.run(ctx, r.ours(summary, activity, in, out))
}

// run does a step: on the fast path first, and after a failure durably.
func (r *stepRunner) run(ctx workflow.Context, s step) error {
	if done, err := r.fastPath(ctx, s); done || r.stops && err != nil && ctx.Err() != nil {
		return err
	}
	return s.durably(ctx)
}

// fastPath reports done when the step has an outcome: it worked, or it failed permanently.
// A vendor gets one attempt with a short timeout.
func (r *stepRunner) fastPath(ctx workflow.Context, s step) (done bool, err error) {
	if r.fast <= 0 || r.slow[s.queue] {
		return false, nil
	}
	options := workflow.LocalActivityOptions{ScheduleToCloseTimeout: r.fast, Summary: s.summary,
		RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1}}
	if !s.vendor {
		options.ScheduleToCloseTimeout = localSteps
		options.RetryPolicy = patient(50*time.Millisecond, time.Second)
	}
	local := workflow.WithLocalActivityOptions(ctx, options)
	err = workflow.ExecuteLocalActivity(local, s.activity, s.in).Get(local, s.out)
	if err == nil || final(err) {
		return true, err
	}
	// A vendor that failed once may fail again: this workflow's later steps go straight to
	// its queue, which keeps the history short.
	r.slow[s.queue] = s.vendor
	return false, err
}

// durably does the step as a normal activity at once. An update is only in the
// history, and so safe from a crash, when a workflow task that knows of it has
// completed; scheduling the activity completes that task before the step is done. A
// step that an update asks for, and that would not be asked for again, goes this way.
func (s step) durably(ctx workflow.Context) error { return s.start(ctx).Get(ctx, s.out) }

// start schedules the normal activity and does not wait for it.
func (s step) start(ctx workflow.Context) workflow.Future {
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              s.queue,
		StartToCloseTimeout:    s.oneTry,
		ScheduleToCloseTimeout: s.within,
		HeartbeatTimeout:       s.heartbeat,
		WaitForCancellation:    s.ends,
		RetryPolicy:            patient(time.Second, cmp.Or(s.longest, time.Minute)),
		Summary:                s.summary,
		Priority:               temporal.Priority{PriorityKey: s.priority(), FairnessKey: s.fairly},
	}), s.activity, s.in)
}

// priority is Temporal's key for it: 1 goes before 5, and 3 is what steps without one have.
func (s step) priority() int {
	if s.first {
		return 2
	}
	return 0
}

// raise alerts staff. An alert that cannot be raised does not stop the workflow.
func (r *stepRunner) raise(ctx workflow.Context, alert booking.Alert) {
	if err := r.database(ctx, "Alert staff: "+string(alert.Kind), seats.RaiseAlert, alert, nil); err != nil {
		r.logger.Error("cannot alert staff", "kind", alert.Kind, "error", err)
	}
}

// awaitStarts waits until children run. One that was started before, by an earlier
// run or by another workflow, does too.
func awaitStarts(ctx workflow.Context, children ...workflow.ChildWorkflowFuture) error {
	for _, child := range children {
		err := child.GetChildWorkflowExecution().Get(ctx, nil)
		if err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			return err
		}
	}
	return nil
}

// panicType is the error type of an activity that panicked. A bug does not go
// away by trying: after the fast path and one normal attempt the saga undoes.
const panicType = "PanicError"

// patient retries for as long as it takes, with pauses from first to longest.
func patient(first, longest time.Duration) *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval: first, BackoffCoefficient: 2, MaximumInterval: longest,
		NonRetryableErrorTypes: []string{panicType},
	}
}

// final tells whether the step was refused, so that a retry cannot help.
func final(err error) bool {
	app := applicationError(err)
	return app != nil && app.NonRetryable()
}

// applicationError is the application error in an activity's error; nil without one.
func applicationError(err error) *temporal.ApplicationError {
	var app *temporal.ApplicationError
	_ = errors.As(err, &app)
	return app
}

// code is the booking.Code that an activity's error carries, empty when none.
func code(err error) booking.Code {
	if app := applicationError(err); app != nil {
		return booking.Code(app.Type())
	}
	return ""
}

// message is what a person may read of an error.
func message(err error) string {
	switch app := applicationError(err); {
	case err == nil:
		return ""
	case app != nil:
		return app.Message()
	default:
		return err.Error()
	}
}

// refusal is an error that an update answers with.
func refusal(c booking.Code, message string) error {
	return temporal.NewApplicationErrorWithOptions(message, string(c), temporal.ApplicationErrorOptions{
		NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign,
	})
}
