package saga

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
	plumbing "github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workflows"
)

const (
	soon  = 10 * time.Second
	often = 10 * time.Millisecond
)

func TestTemporalErrorsBecomeOurCodes(t *testing.T) {
	t.Parallel()
	refused := func(code string, details ...any) error {
		return temporal.NewApplicationErrorWithOptions("Some of these seats are taken.", code,
			temporal.ApplicationErrorOptions{NonRetryable: true, Details: details})
	}
	assert.NoError(t, Translate(nil))

	err := Translate(fmt.Errorf("update: %w", refused("seats_unavailable",
		booking.Refusal{Seats: []string{"A01"}, Fields: []booking.FieldError{{Field: "seats", Message: "m"}}})))
	var e *booking.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, booking.CodeSeatsUnavailable, e.Code)
	assert.Equal(t, "Some of these seats are taken.", e.Message)
	assert.Equal(t, []string{"A01"}, e.Seats)
	assert.Equal(t, "seats", e.Fields[0].Field)
	assert.True(t, IsFinal(err))

	for name, c := range map[string]struct {
		err   error
		code  booking.Code
		final bool
	}{
		"refused without details":  {refused("too_many_holds"), booking.CodeTooManyHolds, true},
		"a panic in the workflow":  {refused("PanicError"), booking.CodeInternal, false},
		"server away":              {serviceerror.NewUnavailable("no"), booking.CodeUnavailable, false},
		"too busy":                 {&serviceerror.ResourceExhausted{Message: "no"}, booking.CodeUnavailable, false},
		"more at once than goes":   {&serviceerror.ResourceExhausted{Cause: enums.RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT}, booking.CodeBusy, false},
		"another has the workflow": {&serviceerror.ResourceExhausted{Cause: enums.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW}, booking.CodeBusy, false},
		"more than a run takes":    {serviceerror.NewFailedPrecondition("2000"), booking.CodeTooManyRequests, false},
		"a validator":              {refused("booking_busy"), booking.CodeBusy, true},
		"no answer in time":        {client.NewWorkflowUpdateServiceTimeoutOrCanceledError(errors.New("no")), booking.CodeUnavailable, false},
		"deadline of the call":     {context.DeadlineExceeded, booking.CodeUnavailable, false},
		"an unknown error":         {errors.New("no"), booking.CodeUnavailable, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := Translate(c.err)
			assert.Equal(t, c.code, booking.CodeOf(err))
			assert.Equal(t, c.final, IsFinal(err))
			require.ErrorAs(t, err, &e)
			assert.NotContains(t, e.Message, "PanicError")
		})
	}
	for name, err := range map[string]error{
		"started before and closed":    serviceerror.NewWorkflowExecutionAlreadyStarted("x", "", ""),
		"no such workflow":             serviceerror.NewNotFound("x"),
		"ended in the midst of it":     refused("AcceptedUpdateCompletedWorkflow"),
		"wrapped by update-with-start": fmt.Errorf("failed workflow start: %w", serviceerror.NewWorkflowExecutionAlreadyStarted("x", "", "")),
	} {
		t.Run(name, func(t *testing.T) { assert.ErrorIs(t, Translate(err), ErrEnded) })
	}
}

var labelled = booking.ShowSummary{
	ID: uuid.NewString(), TheaterID: uuid.NewString(), MovieTitle: "Amélie", TheaterName: "Lotus", ScreenName: "Screen 1",
	StartsAt: time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC), TimeZone: "Asia/Kolkata", Format: "2D", Language: "fr",
}

func holdInput(seats ...string) workflows.BookingInput {
	return workflows.BookingInput{BookingID: uuid.NewString(), CustomerID: uuid.NewString(), ShowID: labelled.ID,
		Seats: seats, Provider: "stripe", RequestHash: "h", Policy: booking.DefaultPolicy()}
}

func TestLabelsForStaffNameNoCustomer(t *testing.T) {
	t.Parallel()
	in := holdInput("C8", "C7")
	assert.Equal(t, "C7, C8 · Amélie · Lotus · Sat 21 Nov 19:30", summaryFor(in.Seats, labelled))
	details := detailsFor(in, labelled)
	assert.Contains(t, details, "Saturday 21 November 2026 19:30 (Asia/Kolkata)")
	assert.NotContains(t, details, in.CustomerID)
}

func TestTemporalAddressWithoutAServerIsUnavailable(t *testing.T) {
	t.Parallel()
	c, err := plumbing.Dial(plumbing.Options{Address: "127.0.0.1:1", Namespace: "x", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	saga := New(c)
	_, err = saga.Hold(ctx, holdInput("A1"), labelled)
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err))
	assert.False(t, IsFinal(err), "nothing is stored under the key")
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(saga.Payment(ctx, uuid.NewString(), booking.PaymentState{})))
}

// TestSagaOnAServer holds the client against a real Temporal server, where a
// workflow of the same name and the same updates behaves as the seats ask for.
func TestSagaOnAServer(t *testing.T) {
	t.Parallel()
	c := onServer(t)
	saga := New(c)

	t.Run("a hold, repeated and described", func(t *testing.T) {
		in := holdInput("C8", "C7")
		answer, err := saga.Hold(t.Context(), in, labelled)
		require.NoError(t, err)
		assert.Equal(t, workflows.HoldAnswer{BookingID: in.BookingID, RequestHash: "h"}, answer)
		other := in
		other.RequestHash = "another"
		answer, err = saga.Hold(t.Context(), other, labelled)
		require.NoError(t, err)
		assert.Equal(t, "h", answer.RequestHash, "the workflow that runs answers")

		described, err := c.DescribeWorkflow(t.Context(), workflows.BookingWorkflowID(in.BookingID), "")
		require.NoError(t, err)
		summary, err := described.GetStaticSummary()
		require.NoError(t, err)
		assert.Contains(t, summary, "C7, C8 · Amélie")
		theater, _ := described.TypedSearchAttributes.GetKeyword(workflows.AttrTheaterID)
		assert.Equal(t, labelled.TheaterID, theater)

		require.NoError(t, saga.Payment(t.Context(), in.BookingID, booking.PaymentState{Reference: "pi_1"}))
		require.NoError(t, saga.Update(t.Context(), in.BookingID, workflows.UpdateCancel, workflows.CancelRequest{Reason: "r"}))
		assertEnded(t, saga, in)
		answer, err = saga.Hold(t.Context(), in, labelled)
		require.NoError(t, err, "an ended workflow still says what its hold was")
		assert.Equal(t, "h", answer.RequestHash)
	})
	t.Run("a refusal, also afterwards", func(t *testing.T) {
		in := holdInput("taken")
		for range 2 {
			_, err := saga.Hold(t.Context(), in, labelled)
			var e *booking.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, booking.CodeSeatsUnavailable, e.Code)
			assert.Equal(t, []string{"taken"}, e.Seats)
			assert.True(t, IsFinal(err))
			assertEnded(t, saga, in)
		}
	})
	t.Run("a start that was too late, and the same key again", func(t *testing.T) {
		in := holdInput("late")
		_, err := saga.Hold(t.Context(), in, labelled)
		assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err))
		assert.False(t, IsFinal(err), "the key stays good")
		in.RequestHash = "in time"
		answer, err := saga.Hold(t.Context(), in, labelled)
		require.NoError(t, err, "it begins again")
		assert.Equal(t, "in time", answer.RequestHash)
	})
	t.Run("no answer in time", func(t *testing.T) {
		in := holdInput("slow")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := saga.Hold(ctx, in, labelled)
		assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(err))
		assert.False(t, IsFinal(err))
		require.NoError(t, saga.Payment(t.Context(), in.BookingID, booking.PaymentState{}))
		_, err = saga.Hold(t.Context(), in, labelled)
		assert.NoError(t, err, "the same request finds the answer later")
	})
	t.Run("a workflow that ends without an answer", func(t *testing.T) {
		_, err := saga.Hold(t.Context(), holdInput("gone"), labelled)
		assert.ErrorIs(t, err, ErrEnded)
	})
	t.Run("a booking that never was", func(t *testing.T) {
		assertEnded(t, saga, holdInput("x"))
	})
	t.Run("late payments", func(t *testing.T) {
		in := workflows.LatePaymentInput{Payment: booking.PaymentState{Provider: "stripe", Reference: "pi_" + uuid.NewString()}}
		require.NoError(t, saga.LatePayment(t.Context(), in))
		require.NoError(t, saga.LatePayment(t.Context(), in), "while it runs and after")
	})
}

// assertEnded waits for the workflow's end, which follows its last answer.
// An API process with another payload key must not take an answer for what it is not.
func TestAnswersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dial := func(key plumbing.Key) client.Client {
		c, err := plumbing.Dial(plumbing.Options{
			Address: os.Getenv("TEMPORAL_ADDRESS"), Namespace: "api-keys", Keys: plumbing.Keys{key}, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		t.Cleanup(c.Close)
		return c
	}
	ours := onServerBy(t, "api-keys", plumbing.Keys{{ID: "ours", Secret: []byte("01234567890123456789012345678901")}})
	theirs := New(dial(plumbing.Key{ID: "theirs", Secret: []byte("abcdefghijabcdefghijabcdefghijab")}))
	in := holdInput("C7")
	_, err := New(ours).Hold(t.Context(), in, labelled)
	require.NoError(t, err)
	_, err = theirs.Hold(t.Context(), in, labelled)
	require.Equal(t, booking.CodeUnavailable, booking.CodeOf(err))
	assert.False(t, IsFinal(err), "nothing is stored under the key")
}

func assertEnded(t *testing.T, saga *Client, in workflows.BookingInput) {
	t.Helper()
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		assert.ErrorIs(t, saga.Payment(context.Background(), in.BookingID, booking.PaymentState{}), ErrEnded)
	}, soon, 10*often)
	assert.ErrorIs(t, saga.Update(t.Context(), in.BookingID, workflows.UpdateCheck), ErrEnded)
}

func onServer(t *testing.T) client.Client { return onServerBy(t, "api-saga", nil) }

// onServerBy is a client, and a worker, with payload keys and a namespace of their own.
func onServerBy(t *testing.T, namespace string, keys plumbing.Keys) client.Client {
	t.Helper()
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server to ask (make test starts one)")
	}
	c, err := plumbing.Dial(plumbing.Options{Address: address, Namespace: namespace, Keys: keys, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, plumbing.Prepare(ctx, c, namespace, 24*time.Hour, workflows.SearchAttributes()...))
	w := worker.New(c, workflows.QueueBookings, worker.Options{WorkerStopTimeout: time.Second})
	w.RegisterWorkflowWithOptions(standIn, workflow.RegisterOptions{Name: workflows.BookingWorkflow})
	w.RegisterWorkflowWithOptions(func(workflow.Context, workflows.LatePaymentInput) error { return nil },
		workflow.RegisterOptions{Name: workflows.LatePaymentWorkflow})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return c
}

// standIn answers as the booking workflow does, with an outcome by its seats.
func standIn(ctx workflow.Context, in workflows.BookingInput) error {
	seats := strings.Join(in.Seats, " ")
	answered, cancelled, left := false, false, false
	err := workflow.SetUpdateHandler(ctx, workflows.UpdateHold, func(ctx workflow.Context) (workflows.HoldAnswer, error) {
		defer func() { answered = true }()
		switch seats {
		case "taken":
			return workflows.HoldAnswer{}, temporal.NewApplicationErrorWithOptions("Taken.", string(booking.CodeSeatsUnavailable),
				temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{booking.Refusal{Seats: in.Seats}}})
		case "late":
			if in.RequestHash == "h" {
				return workflows.HoldAnswer{}, temporal.NewNonRetryableApplicationError("Too late.", string(booking.CodeStartedLate), nil)
			}
		case "slow":
			workflow.GetSignalChannel(ctx, workflows.SignalPayment).Receive(ctx, nil)
		case "gone":
			left = true
			return workflows.HoldAnswer{}, workflow.Await(ctx, func() bool { return false })
		}
		return workflows.HoldAnswer{BookingID: in.BookingID, RequestHash: in.RequestHash}, nil
	})
	if err == nil {
		err = workflow.SetUpdateHandler(ctx, workflows.UpdateCancel, func(workflow.Context, workflows.CancelRequest) error {
			cancelled = true
			return nil
		})
	}
	if err != nil {
		return err
	}
	late := seats == "late" && in.RequestHash == "h"
	if err := workflow.Await(ctx, func() bool { return cancelled || left || answered && (late || seats == "taken") }); err != nil || !late {
		return err
	}
	return temporal.NewCanceledError()
}
