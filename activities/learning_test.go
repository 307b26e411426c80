package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkactivity "go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// pupil records pages and fails behind some of them.
type pupil struct {
	activities.Learning
	after []booking.BookingsMark
	fails error
	slow  <-chan struct{}
}

var day = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)

func (p *pupil) Record(_ context.Context, after booking.BookingsMark, pages int, done func(booking.RecordedBookings)) (booking.RecordedBookings, error) {
	p.after = append(p.after, after)
	result := booking.RecordedBookings{Mark: after}
	for range pages {
		result = booking.RecordedBookings{Mark: booking.BookingsMark{UpdatedAt: day.Add(time.Duration(result.New+1) * time.Second)}, New: result.New + 1, Looked: result.Looked + 2}
		done(result)
	}
	return result, p.fails
}

func (p *pupil) Train(_ context.Context, req booking.TrainRequest, phase func(string)) (booking.TrainedModel, error) {
	phase("train: half")
	if p.slow != nil {
		<-p.slow
	}
	return booking.TrainedModel{Version: req.Version}, p.fails
}

func (p *pupil) Measure(context.Context, booking.MeasureRequest, func(string)) (booking.MeasuredModel, error) {
	return booking.MeasuredModel{}, p.fails
}

func (p *pupil) Use(context.Context, booking.UseModelRequest) (booking.UsedModel, error) {
	return booking.UsedModel{}, p.fails
}

// A try that follows one that failed goes on behind the last page that was done, and counts both.
func TestRecordingBookingsGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	p := &pupil{fails: booking.E(booking.CodeUnavailable, "The store is away.")}
	r := &activities.Recommendations{Learning: p}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(r)
	var beats []booking.RecordedBookings
	env.SetOnActivityHeartbeatListener(func(_ *sdkactivity.Info, details converter.EncodedValues) {
		var done booking.RecordedBookings
		assert.NoError(t, details.Get(&done))
		beats = append(beats, done)
	})
	_, err := env.ExecuteActivity(r.RecordBookings, activities.RecordBookingsRequest{Pages: 2})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, string(booking.CodeUnavailable), app.Type())
	assert.False(t, app.NonRetryable(), "the store comes back")
	require.NotEmpty(t, beats)

	p.fails = nil
	env.SetHeartbeatDetails(booking.RecordedBookings{Mark: booking.BookingsMark{UpdatedAt: day}, New: 10, Looked: 20})
	value, err := env.ExecuteActivity(r.RecordBookings, activities.RecordBookingsRequest{Pages: 2, After: booking.BookingsMark{UpdatedAt: day.Add(-time.Hour)}})
	require.NoError(t, err)
	var done booking.RecordedBookings
	require.NoError(t, value.Get(&done))
	assert.Equal(t, booking.BookingsMark{UpdatedAt: day}, p.after[1])
	assert.Equal(t, 12, done.New)
	assert.Equal(t, 24, done.Looked)
	assert.Equal(t, day.Add(2*time.Second), done.Mark.UpdatedAt)

	// What an older program wrote is not understood: from the beginning.
	env.SetHeartbeatDetails("another form")
	_, err = env.ExecuteActivity(r.RecordBookings, activities.RecordBookingsRequest{Pages: 1})
	require.NoError(t, err)
	assert.Equal(t, booking.BookingsMark{}, p.after[2])
}

// A step that takes minutes gives signs of life. What it is doing shows the server's test.
func TestALongTrainingGivesSignsOfLife(t *testing.T) {
	t.Parallel()
	slow := make(chan struct{})
	r := &activities.Recommendations{Learning: &pupil{slow: slow}, BeatEvery: time.Millisecond}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(r)
	beats := 0
	env.SetOnActivityHeartbeatListener(func(_ *sdkactivity.Info, details converter.EncodedValues) {
		var phase activities.Phase
		assert.NoError(t, details.Get(&phase))
		assert.Equal(t, "starting", phase.Doing)
		// The client sends the next ones only after most of a heartbeat's timeout.
		if beats++; beats == 1 {
			close(slow)
		}
	})
	value, err := env.ExecuteActivity(r.TrainModel, booking.TrainRequest{Version: "v1"})
	require.NoError(t, err)
	var trained booking.TrainedModel
	require.NoError(t, value.Get(&trained))
	assert.Equal(t, "v1", trained.Version)
	assert.Positive(t, beats)
}

// Errors keep their codes: what can be tried again is.
func TestErrorsOfLearning(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failure error
		retry   bool
	}{
		"the store is away":        {booking.E(booking.CodeUnavailable, "Away."), true},
		"something is wrong":       {errors.New("a bug"), true},
		"another was put in use":   {booking.E(booking.CodeConflict, "Another."), false},
		"the version is not there": {booking.E(booking.CodeNotFound, "None."), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &activities.Recommendations{Learning: &pupil{fails: c.failure}}
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestActivityEnvironment()
			env.RegisterActivity(r)
			for step, in := range map[any]any{"MeasureModel": booking.MeasureRequest{}, "TrainModel": booking.TrainRequest{}, "UseModel": booking.UseModelRequest{}} {
				_, err := env.ExecuteActivity(step, in)
				var app *temporal.ApplicationError
				require.ErrorAs(t, err, &app, step)
				assert.Equal(t, string(booking.CodeOf(c.failure)), app.Type(), step)
				assert.Equal(t, !c.retry, app.NonRetryable(), step)
			}
		})
	}
}
