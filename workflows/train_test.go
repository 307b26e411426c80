package workflows_test

import (
	"context"
	"errors"
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

var (
	noon    = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	errGone = temporal.NewApplicationError("The document store is away.", string(booking.CodeUnavailable))
)

// student learns as told, and notes what it was asked for.
type student struct {
	pages    []booking.RecordedBookings
	measured booking.MeasuredModel
	away     map[string]int // how often a step fails before it works
	use      error
	asked    []activities.RecordBookingsRequest
	did      []string
	trained  booking.TrainRequest
	used     booking.UseModelRequest
	started  []string
}

func (s *student) note(step string) error {
	s.did = append(s.did, step)
	if s.away[step] > 0 {
		s.away[step]--
		return errGone
	}
	return nil
}

func (s *student) env() *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(noon)
	workers.Register(env, workflows.QueueRecommendations, workers.Activities{})
	var r *activities.Recommendations
	env.OnActivity(r.RecordBookings, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req activities.RecordBookingsRequest) (page booking.RecordedBookings, err error) {
			if err := s.note("record"); err != nil {
				return page, err
			}
			s.asked = append(s.asked, req)
			if len(s.pages) > 0 {
				page, s.pages = s.pages[0], s.pages[1:]
			}
			return page, nil
		}).Maybe()
	env.OnActivity(r.MeasureModel, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req booking.MeasureRequest) (booking.MeasuredModel, error) {
			measured := s.measured
			if req.Anyway {
				measured.Refused = ""
			}
			return measured, s.note("measure")
		}).Maybe()
	env.OnActivity(r.TrainModel, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req booking.TrainRequest) (booking.TrainedModel, error) {
			s.trained = req
			return booking.TrainedModel{Version: req.Version, Bytes: 7}, s.note("train")
		}).Maybe()
	env.OnActivity(r.UseModel, mock.Anything, mock.Anything).Return(
		func(_ context.Context, req booking.UseModelRequest) (booking.UsedModel, error) {
			s.used = req
			if err := s.note("use"); err != nil {
				return booking.UsedModel{}, err
			}
			return booking.UsedModel{}, s.use
		}).Maybe()
	env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, _ converter.EncodedValues) {
		s.started = append(s.started, info.WorkflowExecution.ID)
	})
	return env
}

func markAt(after time.Duration, id string) booking.BookingsMark {
	return booking.BookingsMark{UpdatedAt: noon.Add(after), BookingID: id}
}

func TestBookingsAreRecordedFromTheMark(t *testing.T) {
	t.Parallel()
	model := "v1"
	for name, c := range map[string]struct {
		in    workflows.RecordBookingsInput
		last  *workflows.RecordBookingsResult
		pages []booking.RecordedBookings
		away  int
		// from are the marks that were asked for.
		from  []booking.BookingsMark
		want  workflows.RecordBookingsResult
		train bool
	}{
		"the first run begins with the first booking": {
			pages: []booking.RecordedBookings{{Mark: markAt(1, "b"), More: true, Looked: 5, New: 4, Off: 1}, {Mark: markAt(2, "c"), Looked: 2, New: 1, Refused: 1, Model: model}},
			from:  []booking.BookingsMark{{}, markAt(1, "b")},
			want:  workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{Mark: markAt(2, "c"), Looked: 7, New: 5, Off: 1, Refused: 1, Model: model}}},
		"the next one goes on, with what may have been committed late": {
			last:  &workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{Mark: markAt(0, "b")}},
			pages: []booking.RecordedBookings{{Mark: markAt(1, "c"), Looked: 1, New: 1, Model: model}},
			from:  []booking.BookingsMark{markAt(-5*time.Minute, "")},
			want:  workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{Mark: markAt(1, "c"), Looked: 1, New: 1, Model: model}}},
		"the mark never goes back": {
			last:  &workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{Mark: markAt(0, "b")}},
			pages: []booking.RecordedBookings{{Mark: markAt(-5*time.Minute, ""), Model: model}},
			from:  []booking.BookingsMark{markAt(-5*time.Minute, "")},
			want:  workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{Mark: markAt(0, "b"), Model: model}}},
		"from a time that a command names": {
			in: workflows.RecordBookingsInput{Since: noon.Add(-time.Hour)}, pages: []booking.RecordedBookings{{Model: model}},
			from: []booking.BookingsMark{markAt(-time.Hour, "")}, want: workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{Model: model}}},
		"the last minutes, before a training": {in: workflows.RecordBookingsInput{Back: time.Minute},
			last:  &workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{Mark: markAt(-time.Hour, "b")}},
			pages: []booking.RecordedBookings{{Model: model}}, from: []booking.BookingsMark{markAt(-time.Minute, "")},
			want: workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{Mark: markAt(-time.Hour, "b"), Model: model}}},
		"the store is away for a while": {away: 9, pages: []booking.RecordedBookings{{New: 1, Model: model}},
			from: []booking.BookingsMark{{}}, want: workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{New: 1, Model: model}}},
		"new bookings and no model": {in: workflows.RecordBookingsInput{TrainFirst: true}, pages: []booking.RecordedBookings{{New: 1}},
			from: []booking.BookingsMark{{}}, train: true,
			want: workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{New: 1}, Training: workflows.TrainWorkflowID}},
		"nothing new and no model": {in: workflows.RecordBookingsInput{TrainFirst: true}, pages: []booking.RecordedBookings{{Looked: 3}},
			from: []booking.BookingsMark{{}}, want: workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{Looked: 3}}},
		"no model, and training is off": {pages: []booking.RecordedBookings{{New: 1}},
			from: []booking.BookingsMark{{}}, want: workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{New: 1}}},
		"it is time to train": {in: workflows.RecordBookingsInput{Train: true}, pages: []booking.RecordedBookings{{Model: model}},
			from: []booking.BookingsMark{{}}, train: true,
			want: workflows.RecordBookingsResult{RecordedBookings: booking.RecordedBookings{Model: model}, Training: workflows.TrainWorkflowID}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &student{pages: c.pages, away: map[string]int{"record": c.away}}
			env := s.env()
			env.OnWorkflow(workflows.TrainRecommendationsWorkflow, mock.Anything, mock.Anything).Return(workflows.TrainResult{}, nil).Maybe()
			if c.last != nil {
				env.SetLastCompletionResult(*c.last)
			}
			env.ExecuteWorkflow(workflows.RecordBookingsWorkflow, c.in)
			require.NoError(t, env.GetWorkflowError())
			var result workflows.RecordBookingsResult
			require.NoError(t, env.GetWorkflowResult(&result))
			assert.Equal(t, c.want, result)
			var from []booking.BookingsMark
			for _, req := range s.asked {
				from = append(from, req.After)
			}
			assert.Equal(t, c.from, from)
			assert.Equal(t, c.train, len(s.started) == 1, s.started)
		})
	}
}

// One run is bounded; what it found when it is cut is where the next one goes on.
func TestRecordingBookingsIsBounded(t *testing.T) {
	t.Parallel()
	s := &student{}
	for i := range 30 {
		s.pages = append(s.pages, booking.RecordedBookings{Mark: markAt(time.Duration(i+1), "b"), More: true, New: 1})
	}
	env := s.env()
	env.ExecuteWorkflow(workflows.RecordBookingsWorkflow, workflows.RecordBookingsInput{})
	require.NoError(t, env.GetWorkflowError())
	var result workflows.RecordBookingsResult
	require.NoError(t, env.GetWorkflowResult(&result))
	assert.Equal(t, 20, result.New)
	assert.True(t, result.More)
	assert.Equal(t, markAt(20, "b"), result.Mark)
}

func TestATrainingInItsSteps(t *testing.T) {
	t.Parallel()
	good := booking.MeasuredModel{InUse: "v1", Likings: 100, People: 10, Films: 5, Cases: 30, NDCG: 0.5, NDCGInUse: 0.4, Options: "{}", Note: "better"}
	bad := good
	bad.Refused = "the new model's NDCG@10 is 0.1000, below 0.4000 of the one in use, which stays"
	const version = "20261128-120000-default-"
	for name, c := range map[string]struct {
		in       workflows.TrainInput
		measured booking.MeasuredModel
		away     map[string]int
		use      error
		did      []string
		version  string
		refused  string
		fails    bool
	}{
		"a better model is put in use": {measured: good, did: []string{"measure", "train", "use"}, version: version},
		"a worse one is not trained":   {measured: bad, did: []string{"measure"}, refused: bad.Refused},
		"unless staff ask for it":      {in: workflows.TrainInput{Anyway: true}, measured: bad, did: []string{"measure", "train", "use"}, version: version},
		"the store is away at times": {measured: good, away: map[string]int{"measure": 2, "train": 1, "use": 3}, version: version,
			did: []string{"measure", "measure", "measure", "train", "train", "use", "use", "use", "use"}},
		"another version was put in use meanwhile": {measured: good, did: []string{"measure", "train", "use"}, refused: "Another version is in use.",
			use: temporal.NewApplicationErrorWithOptions("Another version is in use.", string(booking.CodeConflict), temporal.ApplicationErrorOptions{NonRetryable: true})},
		"the version is gone": {measured: good, did: []string{"measure", "train", "use"}, fails: true,
			use: temporal.NewApplicationErrorWithOptions("There is no such version.", string(booking.CodeNotFound), temporal.ApplicationErrorOptions{NonRetryable: true})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &student{measured: c.measured, away: c.away, use: c.use}
			env := s.env()
			env.ExecuteWorkflow(workflows.TrainRecommendationsWorkflow, c.in)
			assert.Equal(t, c.did, s.did)
			if c.fails {
				require.Error(t, env.GetWorkflowError())
				return
			}
			require.NoError(t, env.GetWorkflowError())
			var result workflows.TrainResult
			require.NoError(t, env.GetWorkflowResult(&result))
			assert.Equal(t, c.version, result.Version)
			assert.Equal(t, c.refused, result.Refused)
			assert.Equal(t, 100, result.Likings)
			if c.version != "" {
				assert.Equal(t, booking.UseModelRequest{From: "v1", To: version}, s.used)
				assert.Equal(t, noon, s.trained.Until.UTC(), "what happened until the start is learned from, however long it takes")
				assert.Equal(t, good.Options, s.trained.Measured.Options)
			}
			answer, err := env.QueryWorkflow(workflows.QueryProgress)
			require.NoError(t, err)
			var progress workflows.TrainProgress
			require.NoError(t, answer.Get(&progress))
			assert.True(t, progress.Done)
			assert.NotEmpty(t, progress.History)
		})
	}
}

// A store that stays away ends the training, and nothing is trained or swapped; the next one tries.
// The test environment ends retries after ten, a server after half a day.
func TestATrainingEndsWhenTheStoreStaysAway(t *testing.T) {
	t.Parallel()
	s := &student{away: map[string]int{"measure": 1 << 20}}
	env := s.env()
	env.ExecuteWorkflow(workflows.TrainRecommendationsWorkflow, workflows.TrainInput{})
	require.ErrorContains(t, env.GetWorkflowError(), "away")
	assert.NotContains(t, s.did, "train")
	assert.NotContains(t, s.did, "use")
	assert.Greater(t, env.Now().Sub(noon), 8*time.Minute, "the pauses grow")
	var app *temporal.ApplicationError
	require.True(t, errors.As(env.GetWorkflowError(), &app))
	assert.Equal(t, string(booking.CodeUnavailable), app.Type())
}
