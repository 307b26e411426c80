// Package saga reaches the workflows of bookings and of show changes through a Temporal
// client, for the services of the API. It knows nothing of HTTP except the error codes of
// the API.
package saga

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// ErrEnded says that the booking's workflow is over: the database has the
// answer.
var ErrEnded = errors.New("the booking's workflow has ended")

const (
	// AnswerWithin is how long a customer waits for a workflow's answer.
	AnswerWithin = 10 * time.Second
	// outcomeWithin is how long the stored outcome of an ended workflow may take.
	outcomeWithin = 2 * time.Second
	// signalWithin stays below the timeout of providers' webhooks.
	signalWithin = 5 * time.Second
)

// New talks to the workflows through a Temporal client.
func New(c client.Client) *Client { return &Client{c, newLanes(updatesAtOnce)} }

// Client reaches the workflows. Errors of its methods carry a booking.Code, or are
// ErrEnded.
type Client struct {
	client  client.Client
	updates *lanes
}

// Hold starts the booking's workflow, or reaches the running one, and waits until the seats
// are held and the payment is open.
func (c *Client) Hold(ctx context.Context, in workflows.BookingInput, show booking.ShowSummary) (workflows.HoldAnswer, error) {
	waiting, cancel := context.WithTimeout(ctx, AnswerWithin)
	defer cancel()
	options := client.StartWorkflowOptions{
		ID:                       workflows.BookingWorkflowID(in.BookingID),
		TaskQueue:                workflows.QueueBookings,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		// A workflow that started too late to hold anything has closed as canceled: the
		// same key can start again. A completed workflow is final.
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		StaticSummary:         summaryFor(in.Seats, show),
		StaticDetails:         detailsFor(in, show),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttrBookingStatus.ValueSet(string(booking.StatusHeld)),
			workflows.AttrPaymentStatus.ValueSet(string(booking.PaymentOpen)),
			workflows.AttrShowID.ValueSet(in.ShowID),
			workflows.AttrTheaterID.ValueSet(show.TheaterID),
			workflows.AttrCustomerID.ValueSet(in.CustomerID),
		),
	}
	ask := func(updateID string) (answer workflows.HoldAnswer, err error) {
		err = whenReady(waiting, redone, func() error {
			handle, err := c.client.UpdateWithStartWorkflow(waiting, client.UpdateWithStartWorkflowOptions{
				// An operation is good for one use.
				StartWorkflowOperation: c.client.NewWithStartWorkflowOperation(options, workflows.BookingWorkflow, in),
				UpdateOptions: client.UpdateWorkflowOptions{
					UpdateID:     updateID,
					WorkflowID:   workflows.BookingWorkflowID(in.BookingID),
					UpdateName:   workflows.UpdateHold,
					WaitForStage: client.WorkflowUpdateStageCompleted,
				},
			})
			if err != nil {
				return err
			}
			return handle.Get(waiting, &answer)
		})
		return answer, err
	}
	answer, err := ask(workflows.UpdateHold)
	if startedLate(err) {
		// That may be the answer of a run that has closed since: the server answers a known
		// update from there. An update with another id starts a new run.
		answer, err = ask(workflows.UpdateHold + " " + uuid.NewString())
	}
	if ended := Translate(err); errors.Is(ended, ErrEnded) {
		return c.storedHold(ctx, in.BookingID)
	}
	return held(answer, err)
}

// startedLate tells whether a run held nothing because the caller no longer waited.
func startedLate(err error) bool {
	var refused *temporal.ApplicationError
	return errors.As(err, &refused) && refused.Type() == string(booking.CodeStartedLate)
}

// held is the hold's answer. A refusal says whose request it refused, too.
func held(answer workflows.HoldAnswer, err error) (workflows.HoldAnswer, error) {
	var (
		refused *temporal.ApplicationError
		details booking.Refusal
	)
	if errors.As(err, &refused) && refused.HasDetails() && refused.Details(&details) == nil {
		answer.RequestHash = details.RequestHash
	}
	return answer, Translate(err)
}

// unreadable is for an answer that this process cannot read because it lacks the key.
// Another process has the key.
func unreadable(err error) error {
	return booking.E(booking.CodeUnavailable,
		"The booking's answer cannot be read right now. Nothing is lost; try again shortly.").Wrap(err)
}

// storedHold asks an ended workflow what its hold update had answered.
func (c *Client) storedHold(ctx context.Context, bookingID string) (workflows.HoldAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, outcomeWithin)
	defer cancel()
	var answer workflows.HoldAnswer
	err := c.client.GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions{
		WorkflowID: workflows.BookingWorkflowID(bookingID),
		UpdateID:   workflows.UpdateHold,
	}).Get(ctx, &answer)
	return held(answer, err)
}

// Update sends one of the other updates and waits for its effect. While another update of
// the same kind is under way it waits for its turn; only a check of the payment is then
// refused. Codes besides those of the update itself: booking_busy, too_many_requests.
func (c *Client) Update(ctx context.Context, bookingID, update string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, AnswerWithin)
	defer cancel()
	leave, err := c.updates.enter(ctx, bookingID)
	if err != nil {
		return err
	}
	defer leave()
	options := client.UpdateWorkflowOptions{
		UpdateID:     uuid.NewString(), // the same for every try, so that it is done once
		WorkflowID:   workflows.BookingWorkflowID(bookingID),
		UpdateName:   update,
		Args:         args,
		WaitForStage: client.WorkflowUpdateStageCompleted,
	}
	passes := func(err error) bool { return redone(err) || update != workflows.UpdateCheck && busy(err) }
	return Translate(whenReady(ctx, passes, func() error {
		handle, err := c.client.UpdateWorkflow(ctx, options)
		if err != nil {
			return err
		}
		return handle.Get(ctx, nil)
	}))
}

// redone tells whether the workflow's current task is being redone: a signal that reaches a
// workflow while it closes fails that task, and with it every update that the task had not
// accepted yet.
func redone(err error) bool {
	var (
		notReady *serviceerror.WorkflowNotReady
		aborted  *serviceerror.Aborted
	)
	return errors.As(err, &notReady) || errors.As(err, &aborted)
}

// busy tells whether the workflow refused an update because another update of the same kind
// is under way. Such a refusal leaves no trace, and the update may be retried.
func busy(err error) bool {
	var refused *temporal.ApplicationError
	return errors.As(err, &refused) && refused.Type() == string(booking.CodeBusy)
}

// whenReady retries with backoff while the answer is a temporary error.
func whenReady(ctx context.Context, passes func(error) bool, ask func() error) error {
	pause := 10 * time.Millisecond
	for {
		err := ask()
		if !passes(err) {
			return err
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, 500*time.Millisecond)
		case <-ctx.Done():
			return err
		}
	}
}

// Payment tells the booking what its payment is like now.
func (c *Client) Payment(ctx context.Context, bookingID string, state booking.PaymentState) error {
	ctx, cancel := context.WithTimeout(ctx, signalWithin)
	defer cancel()
	return Translate(c.client.SignalWorkflow(ctx, workflows.BookingWorkflowID(bookingID), "", workflows.SignalPayment, state))
}

// LatePayment settles a payment whose booking has ended.
func (c *Client) LatePayment(ctx context.Context, in workflows.LatePaymentInput) error {
	ctx, cancel := context.WithTimeout(ctx, signalWithin)
	defer cancel()
	_, err := c.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       workflows.LatePaymentWorkflowID(in.Payment.Provider, in.Payment.Reference),
		TaskQueue:                workflows.QueueBookings,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            fmt.Sprintf("Late payment %s for booking %s", in.Payment.Reference, in.Payment.BookingID),
	}, workflows.LatePaymentWorkflow, in)
	return Translate(err)
}

// Translate turns what the Temporal client says into the platform's own words.
func Translate(err error) error {
	if err == nil {
		return nil
	}
	var (
		refused  *temporal.ApplicationError
		started  *serviceerror.WorkflowExecutionAlreadyStarted
		notFound *serviceerror.NotFound
		slow     *client.WorkflowUpdateServiceTimeoutOrCanceledError
		full     *serviceerror.FailedPrecondition
	)
	switch {
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.As(err, &started), errors.As(err, &notFound):
		return ErrEnded
	case crowded(err):
		return booking.E(booking.CodeBusy, "Too much is asked of this booking at once. Ask again in a moment.").Wrap(err)
	case errors.As(err, &full):
		// The server's own limit. A booking's limits are lower, so only a booking from
		// before those limits reaches it.
		return booking.E(booking.CodeTooManyRequests, "This booking takes no more requests. Please turn to the theater.").Wrap(err)
	case errors.As(err, &slow), errors.Is(err, context.DeadlineExceeded):
		return booking.E(booking.CodeUnavailable,
			"The booking is still being worked on. Ask again with the same Idempotency-Key in a moment.").Wrap(err)
	default:
		return booking.E(booking.CodeUnavailable,
			"Bookings cannot be worked on right now. Nothing is lost; try again shortly.").Wrap(err)
	}
}

// crowded distinguishes a workflow with more updates than Temporal lets through (10 in
// flight) from a Temporal that is overloaded.
func crowded(err error) bool {
	var exhausted *serviceerror.ResourceExhausted
	if !errors.As(err, &exhausted) {
		return false
	}
	return exhausted.Cause == enums.RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT ||
		exhausted.Cause == enums.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW
}

// IsFinal tells whether an error is a workflow's own answer. All other errors are
// temporary: the same request may succeed later.
func IsFinal(err error) bool {
	var refused *temporal.ApplicationError
	return errors.As(err, &refused) && booking.CodeOf(err) != booking.CodeInternal
}

// IsOver tells whether the booking's workflow has ended or is just ending.
func IsOver(err error) bool {
	return errors.Is(err, ErrEnded) || booking.CodeOf(err) == booking.CodeConflict
}

// refusal turns an application error back into the booking.Error it was made of.
func refusal(refused *temporal.ApplicationError) error {
	// The server's own type for an update that its workflow's end cut short.
	if refused.Type() == "AcceptedUpdateCompletedWorkflow" {
		return ErrEnded
	}
	code := booking.Code(refused.Type())
	if code == booking.CodeStartedLate {
		// Nothing was held, and the key can be used again: the answer is not final, so the
		// refusal is not wrapped.
		return booking.E(booking.CodeUnavailable,
			"It took too long to begin, and nothing was held. Ask again with the same Idempotency-Key in a moment.")
	}
	if !slices.Contains(rest.Codes(), code) {
		return booking.E(booking.CodeInternal, "The booking could not be worked on.").Wrap(refused)
	}
	e := booking.E(code, "%s", refused.Message())
	var details booking.Refusal
	if refused.HasDetails() {
		if err := refused.Details(&details); err != nil {
			return unreadable(err)
		}
		e.Fields, e.Seats, e.Reason, e.RetryAfter = details.Fields, details.Seats, details.Reason, details.RetryAfter
	}
	return e.Wrap(refused)
}

// summaryFor is the booking's line in the Temporal UI's lists. Nothing here
// says who the customer is.
func summaryFor(seats []string, show booking.ShowSummary) string {
	return fmt.Sprintf("%s · %s · %s · %s", strings.Join(booking.ReadSeats(seats), ", "),
		show.MovieTitle, show.TheaterName, show.LocalStart().Format("Mon 2 Jan 15:04"))
}

func detailsFor(in workflows.BookingInput, show booking.ShowSummary) string {
	return fmt.Sprintf("**%s** (%s, %s)\n\n- Seats: %s\n- Theater: %s, %s\n- Starts: %s (%s)\n- Payment: %s\n- Booking: `%s`\n",
		show.MovieTitle, show.Format, show.Language, strings.Join(booking.ReadSeats(in.Seats), ", "),
		show.TheaterName, show.ScreenName, show.LocalStart().Format("Monday 2 January 2006 15:04"), show.TimeZone,
		in.Provider, in.BookingID)
}
