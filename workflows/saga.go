package workflows

import (
	"errors"
	"strings"
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
)

// saga is the state of one booking workflow. Only the main coroutine moves it;
// updates hand it commands and wait.
type saga struct {
	in      BookingInput
	held    booking.Held
	payment booking.PaymentState // the current one
	attempt int                  // payments opened so far
	state   BookingState
	ended   booking.Status // what the database says of the end, once there is one
	// strays are payments, other than the current one, that are being given back.
	strays map[string]bool
	// declined are the customer's tries that failed, by the provider's id of them.
	declined map[string]bool
	freed    bool // the database has been asked to end the booking
	refused  bool // a payment could not be given back
	// capturing is true while the provider does not answer to the capture.
	capturing bool

	change    ShowRescheduled // the latest move of the show
	heardOf   map[string]bool // changes of the show
	chosen    map[string]bool // changes about which the customer's wish was done
	givenBack int64           // of the price, because the customer went to a cheaper show
	owed      booking.Money   // what refunds are to have given back in the end
	refunding bool

	undo       undoStack
	background workflow.WaitGroup
	slow       map[string]bool // queues whose vendor left the fast path in this booking
	sequence   map[booking.Notice]int
	timeline   []booking.TimelineEntry
	logger     log.Logger

	holdAnswer   workflow.Future
	settleAnswer workflow.Settable
	answered     bool
	commands     workflow.Channel
	refunds      workflow.ReceiveChannel // staff's refunds for all bookings of a show; nil before the show
	asked        map[string]*asking      // what was asked for so far, by update
	cancelled    workflow.ReceiveChannel // closed when the workflow is cancelled; nil once heard
	closing      bool
	holdTimer    workflow.Future
	stopTimer    workflow.CancelFunc
}

func newSaga(ctx workflow.Context, in BookingInput) *saga {
	s := &saga{
		in:         in,
		strays:     map[string]bool{},
		declined:   map[string]bool{},
		heardOf:    map[string]bool{},
		chosen:     map[string]bool{},
		background: workflow.NewWaitGroup(ctx),
		slow:       map[string]bool{},
		sequence:   map[booking.Notice]int{},
		logger:     workflow.GetLogger(ctx),
		commands:   workflow.NewBufferedChannel(ctx, 100),
		asked:      newAskings(),
		cancelled:  ctx.Done(),
		state: BookingState{
			BookingID: in.BookingID, Provider: in.Provider,
			Status: booking.StatusHeld, PaymentStatus: booking.PaymentOpen,
		},
	}
	s.holdAnswer, s.settleAnswer = workflow.NewFuture(ctx)
	return s
}

// localSteps bounds how long our own database may take inside a workflow task
// before the step becomes a normal activity, which waits as long as it takes.
const localSteps = 4 * time.Second

// database runs one short step of our own: local first, then as a normal
// activity that is retried until the database is back.
func (s *saga) database(ctx workflow.Context, summary string, step, in, out any) error {
	return s.databaseWithin(ctx, 0, summary, step, in, out)
}

// databaseWithin is database with an end to its patience; zero is none.
func (s *saga) databaseWithin(ctx workflow.Context, within time.Duration, summary string, step, in, out any) error {
	if s.in.Policy.FastPath > 0 {
		local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
			ScheduleToCloseTimeout: localSteps,
			RetryPolicy: &temporal.RetryPolicy{
				InitialInterval: 50 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: time.Second,
				NonRetryableErrorTypes: []string{panicType},
			},
			Summary: summary,
		})
		if err := workflow.ExecuteLocalActivity(local, step, in).Get(local, out); err == nil || final(err) {
			return err
		}
	}
	return s.databaseDurably(ctx, within, summary, step, in, out)
}

// databaseDurably runs a step of our own as a normal activity at once. An update
// is only in the history, and so safe from a crash, when a workflow task that
// knows of it has completed; scheduling the activity completes that task before
// the step is done. A step that an update asks for, and that no update would ask for
// again, goes this way.
func (s *saga) databaseDurably(ctx workflow.Context, within time.Duration, summary string, step, in, out any) error {
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              QueueBookings,
		StartToCloseTimeout:    10 * time.Second,
		ScheduleToCloseTimeout: within,
		RetryPolicy:            patient(),
		Summary:                summary,
	}), step, in).Get(ctx, out)
}

// vendor runs one step that calls a vendor. The fast path is a local activity
// with a short deadline and one try; if that does not work the same step, with
// the same idempotency keys, waits its turn on the vendor's queue. within ends its
// patience; zero is no end.
func (s *saga) vendor(ctx workflow.Context, within time.Duration, queue, summary string, step, in, out any) error {
	if done, err := s.fastPath(ctx, queue, summary, step, in, out); done {
		return err
	}
	return s.slowPath(ctx, within, queue, summary, step, in, out)
}

// fastPath reports done when the step has an outcome: it worked, or it failed for
// good.
func (s *saga) fastPath(ctx workflow.Context, queue, summary string, step, in, out any) (done bool, err error) {
	if s.in.Policy.FastPath <= 0 || s.slow[queue] {
		return false, nil
	}
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: s.in.Policy.FastPath,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                summary,
	})
	err = workflow.ExecuteLocalActivity(local, step, in).Get(local, out)
	if err == nil || final(err) {
		return true, err
	}
	// A vendor that was ill once may be ill again: this booking's later steps go
	// straight to its queue, which keeps the history short.
	s.slow[queue] = true
	return false, err
}

func (s *saga) slowPath(ctx workflow.Context, within time.Duration, queue, summary string, step, in, out any) error {
	return s.startSlowPath(ctx, within, queue, summary, step, in).Get(ctx, out)
}

func (s *saga) startSlowPath(ctx workflow.Context, within time.Duration, queue, summary string, step, in any) workflow.Future {
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		StartToCloseTimeout:    30 * time.Second,
		ScheduleToCloseTimeout: within,
		RetryPolicy:            patient(),
		Summary:                summary,
	}), step, in)
}

// panicType is the error type of an activity that panicked. A bug does not go
// away by trying: after the fast path and one normal attempt the saga undoes.
const panicType = "PanicError"

// patient retries for as long as it takes.
func patient() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		NonRetryableErrorTypes: []string{panicType},
	}
}

// final tells whether the step was refused, so that trying again cannot help.
func final(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.NonRetryable()
}

// code is the booking.Code that an activity's error carries, empty when none.
func code(err error) booking.Code {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return booking.Code(app.Type())
	}
	return ""
}

// message is what a person may read of an error.
func message(err error) string {
	var app *temporal.ApplicationError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &app):
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

func (s *saga) seats() string { return strings.Join(booking.ReadSeats(s.in.Seats), ", ") }

func (s *saga) moneyStep(amount booking.Money) booking.MoneyStep {
	return booking.MoneyStep{
		BookingID: s.in.BookingID, Provider: s.payment.Provider, Reference: s.payment.Reference, Amount: amount,
	}
}

func (s *saga) confirmRequest() activities.ConfirmRequest {
	return activities.ConfirmRequest{BookingID: s.in.BookingID, Payment: s.payment}
}

// startHoldTimer counts down by the database's clock: it is given what is left,
// not when it ends.
func (s *saga) startHoldTimer(ctx workflow.Context, left time.Duration) {
	s.stopHoldTimer()
	timerCtx, cancel := workflow.WithCancel(ctx)
	s.stopTimer = cancel
	s.holdTimer = workflow.NewTimerWithOptions(timerCtx, max(left, 0), workflow.TimerOptions{
		Summary: "The hold runs out",
	})
}

func (s *saga) stopHoldTimer() {
	if s.stopTimer != nil {
		s.stopTimer()
		s.stopTimer = nil
	}
}
