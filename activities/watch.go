package activities

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/boxoffice/boxoffice/booking"
)

// Alerts tells staff about what a person has to look at. A repeat of an alert that
// is open changes nothing.
type Alerts interface {
	Alert(ctx context.Context, a booking.Alert) error
}

// Watch reports steps that keep failing. Retries never stop, so nothing is lost; but staff
// must be notified of a step that cannot succeed without them.
type Watch struct{ Alerts Alerts }

const (
	// stuckAfter is the attempt from which staff are alerted of a step that a retry cannot
	// fix; failingAfter is the same for a step that fails for another reason. With the
	// workflows' retries they come after about 3 seconds and 5 minutes.
	stuckAfter   = 3
	failingAfter = 10
	alertWithin  = 5 * time.Second
)

// Failed gets every failed attempt of a step, with its input. It returns the error for
// Temporal to show, which says so when staff were alerted.
//
// An alert is raised at every attempt from then on: the database keeps it once, and
// the first may have failed for the same reason as the step.
func (w *Watch) Failed(ctx context.Context, asked []any, failure error) error {
	info := activity.GetInfo(ctx)
	kind := kindOf(failure, info)
	if kind == "" {
		return failure
	}
	id := info.WorkflowExecution.ID
	alert := booking.Alert{BookingID: bookingOf(id, asked), Kind: kind,
		Detail: fmt.Sprintf("%s in workflow %s. %s", info.ActivityType.Name, id, detailOf(kind, failure))}
	// The step may have failed because its time was up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), alertWithin)
	defer cancel()
	if err := w.Alerts.Alert(ctx, alert); err != nil {
		activity.GetLogger(ctx).Error("a step is stuck, and staff cannot be alerted",
			"kind", kind, "booking_id", alert.BookingID, "error", err)
		return failure
	}
	return withWord(failure, " Staff are alerted.")
}

// kindOf is the alert that an attempt raises, none for most.
func kindOf(failure error, info activity.Info) booking.AlertKind {
	var app *temporal.ApplicationError
	known := errors.As(failure, &app)
	switch {
	case info.IsLocalActivity, temporal.IsPanicError(failure), temporal.IsCanceledError(failure), known && app.NonRetryable():
		return "" // it becomes a normal step, or has its end
	case known && app.Type() == string(booking.CodeDatabaseRefused):
		if info.Attempt >= stuckAfter {
			return booking.AlertStepStuck
		}
	case known && vendorsAway[booking.Code(app.Type())]:
		// A payment is shown as in doubt, a message waits, a model grows old.
	case info.Attempt >= failingAfter:
		return booking.AlertStepFailing
	}
	return ""
}

// vendorsAway are the codes of a vendor that does not answer, or answers that it
// failed.
var vendorsAway = map[booking.Code]bool{
	booking.CodeProviderUnavailable: true,
	booking.CodeProviderError:       true,
	booking.CodeFastPathSkipped:     true,
	// The document store: what needs it waits, and is late.
	booking.CodeUnavailable: true,
}

// detailOf is the same for each attempt: a different detail would raise another alert.
func detailOf(kind booking.AlertKind, failure error) string {
	var app *temporal.ApplicationError
	if kind == booking.AlertStepStuck && errors.As(failure, &app) {
		return app.Message()
	}
	return fmt.Sprintf("It has failed %d times or more.", failingAfter)
}

// withWord adds to the message of an error that may be tried again.
func withWord(failure error, word string) error {
	var app *temporal.ApplicationError
	if !errors.As(failure, &app) {
		return failure
	}
	return temporal.NewApplicationErrorWithOptions(app.Message()+word, app.Type(),
		temporal.ApplicationErrorOptions{Category: app.Category()})
}

// bookingOf finds the booking that a step is about: its workflow is named after it,
// or its input names it. Empty for a step about none, or many.
func bookingOf(workflowID string, asked []any) string {
	if id, ok := strings.CutPrefix(workflowID, "booking-"); ok {
		if _, err := uuid.Parse(id); err == nil {
			return id
		}
	}
	for _, in := range asked {
		value := reflect.ValueOf(in)
		if value.Kind() != reflect.Struct {
			continue
		}
		if field := value.FieldByName("BookingID"); field.IsValid() && field.Kind() == reflect.String {
			if _, err := uuid.Parse(field.String()); err == nil {
				return field.String()
			}
		}
	}
	return ""
}
