package workers

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/workflows"
)

// Sagas reaches the workflows of bookings through Temporal.
func Sagas(c client.Client) activities.Sagas { return sagas{c} }

type sagas struct{ client client.Client }

// Signal sends a signal to a booking's workflow; false when no workflow runs.
func (s sagas) Signal(ctx context.Context, bookingID, signal string, news any) (bool, error) {
	err := s.client.SignalWorkflow(ctx, workflows.BookingWorkflowID(bookingID), "", signal, news)
	return there("signal", bookingID, err)
}

// Running tells whether a booking has a workflow that runs.
func (s sagas) Running(ctx context.Context, bookingID string) (bool, error) {
	about, err := s.client.DescribeWorkflowExecution(ctx, workflows.BookingWorkflowID(bookingID), "")
	running, err := there("describe", bookingID, err)
	return running && about.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING, err
}

func there(step, bookingID string, err error) (bool, error) {
	var notFound *serviceerror.NotFound
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &notFound):
		return false, nil
	default:
		return false, fmt.Errorf("%s workflow of booking %s: %w", step, bookingID, err)
	}
}
