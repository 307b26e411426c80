package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// The workflows that learn what customers like. Schedules start RecordBookings every few minutes,
// and once a day with the wish to train, which starts TrainRecommendations.
const (
	RecordBookingsWorkflow       = "RecordBookings"
	TrainRecommendationsWorkflow = "TrainRecommendations"
)

// TrainWorkflowID names the one training that runs at a time.
const TrainWorkflowID = "train-recommendations"

// learning are the activities by name. The pointer is never followed.
var learning *activities.Recommendations

const (
	// recordPages bounds one step of RecordBookings, and recordSteps a run: what is left waits for
	// the next one.
	recordPages = 10
	recordSteps = 20
	// recordOverlap is how long before its mark a run begins: a transaction that began earlier may
	// commit later. What was recorded before is recorded once.
	recordOverlap = 5 * time.Minute
	// trainWithin is how long a step of the training is tried before the next training tries.
	trainWithin = 12 * time.Hour
)

// RecordBookingsInput starts making events of bookings.
type RecordBookingsInput struct {
	// Since is where to begin. Zero goes on where the last run of the schedule stopped; the first
	// run begins with the first booking.
	Since time.Time `json:"since,omitzero"`
	// Back is how long before now to begin, in place of Since.
	Back time.Duration `json:"back,omitempty"`
	// Train starts the training afterwards.
	Train bool `json:"train,omitempty"`
	// TrainFirst does so when no model is in use and there are new events.
	TrainFirst bool `json:"train_first,omitempty"`
}

// RecordBookingsResult is what a run did. The next run goes on behind its mark.
type RecordBookingsResult struct {
	booking.RecordedBookings
	// Training is the workflow that was started, or ran already; empty without one.
	Training string `json:"training,omitempty"`
}

// runRecordBookings makes events of the bookings that changed since the last run. The bookings
// themselves stay the truth: a run from the beginning writes what is missing, once.
func runRecordBookings(ctx workflow.Context, in RecordBookingsInput) (RecordBookingsResult, error) {
	var last, result RecordBookingsResult
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			workflow.GetLogger(ctx).Warn("cannot read where the last run stopped: from the beginning", "error", err)
			last = RecordBookingsResult{}
		}
	}
	result.Mark = last.Mark
	after := booking.BookingsMark{UpdatedAt: in.Since}
	switch {
	case in.Back > 0:
		after.UpdatedAt = workflow.Now(ctx).Add(-in.Back)
	case in.Since.IsZero() && !last.Mark.UpdatedAt.IsZero():
		after.UpdatedAt = last.Mark.UpdatedAt.Add(-recordOverlap)
	}
	for range recordSteps {
		var done booking.RecordedBookings
		request := activities.RecordBookingsRequest{After: after, Pages: recordPages}
		err := learn("Make events of bookings", learning.RecordBookings, request, &done).durably(ctx)
		if err != nil {
			return result, err
		}
		if result.add(done); !done.More {
			break
		}
		after = done.Mark
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d bookings looked at, %d new events\n", result.Looked, result.New))
	if in.Train || in.TrainFirst && result.Model == "" && result.New > 0 {
		result.Training = TrainWorkflowID
		return result, startTraining(ctx)
	}
	return result, nil
}

// add counts a step. The mark never goes back: a run that finds nothing has the one before.
func (r *RecordBookingsResult) add(done booking.RecordedBookings) {
	r.Looked, r.New, r.Off, r.Refused = r.Looked+done.Looked, r.New+done.New, r.Off+done.Off, r.Refused+done.Refused
	r.More, r.Model = done.More, done.Model
	if done.Mark.After(r.Mark) {
		r.Mark = done.Mark
	}
}

// startTraining starts the one training, unless it runs.
func startTraining(ctx workflow.Context) error {
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: TrainWorkflowID, TaskQueue: QueueRecommendations, ParentClosePolicy: enums.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         TrainSummary,
	})
	return awaitStarts(ctx, workflow.ExecuteChildWorkflow(child, TrainRecommendationsWorkflow, TrainInput{}))
}

// TrainSummary is what the UI shows of a training.
const TrainSummary = "Learn what customers like"

// learn is a step of learning. It may take as long as a model takes.
func learn(summary string, activity, in, out any) step {
	return step{summary, activity, in, out, patience{
		queue: QueueRecommendations, oneTry: 2 * time.Hour, heartbeat: time.Minute, within: trainWithin, longest: 5 * time.Minute,
	}}
}

// TrainInput starts a training.
type TrainInput struct {
	// Anyway puts the new model in use even if it is worse than the one in use.
	Anyway bool `json:"anyway,omitempty"`
}

// TrainResult is how a training ended.
type TrainResult struct {
	// Version is the one that was put in use; empty when the one before stays.
	Version string `json:"version,omitempty"`
	// Refused says why the one before stays.
	Refused string `json:"refused,omitempty"`
	booking.MeasuredModel
}

// TrainProgress answers the query about the progress of a training.
type TrainProgress struct {
	Doing   string   `json:"doing"`
	Done    bool     `json:"done"`
	History []string `json:"history"` // the steps that are done, in words
}

// training is one training.
type training struct {
	progress TrainProgress
}

// runTrain measures a model of what is known now beside the one in use, trains it if it is not
// worse, and puts it in use. Each step may be repeated: a worker that is killed costs the step that
// it was in.
func runTrain(ctx workflow.Context, in TrainInput) (TrainResult, error) {
	t := &training{}
	err := workflow.SetQueryHandlerWithOptions(ctx, QueryProgress, func() (TrainProgress, error) { return t.progress, nil },
		workflow.QueryHandlerOptions{Description: "How far the training has come."})
	if err != nil {
		return TrainResult{}, err
	}
	var result TrainResult
	began := workflow.Now(ctx)
	version := began.UTC().Format("20060102-150405") + "-" + firstEight(workflow.GetInfo(ctx).WorkflowExecution.RunID)

	t.show(ctx, "measuring a new model beside the one in use")
	measure := booking.MeasureRequest{Until: began, Anyway: in.Anyway}
	if err := learn("Measure a new model", learning.MeasureModel, measure, &result.MeasuredModel).durably(ctx); err != nil {
		return result, err
	}
	if result.MeasuredModel.Refused != "" {
		return t.refused(ctx, result, result.MeasuredModel.Refused)
	}
	t.show(ctx, "training version "+version, fmt.Sprintf("measured: %s", result.Note))

	var trained booking.TrainedModel
	train := booking.TrainRequest{Version: version, Until: began, Measured: result.MeasuredModel}
	if err := learn("Train version "+version, learning.TrainModel, train, &trained).durably(ctx); err != nil {
		return result, err
	}
	t.show(ctx, "putting it in use", fmt.Sprintf("trained: %d likings of %d people, %d bytes", result.Likings, result.People, trained.Bytes))

	swap := booking.UseModelRequest{From: result.InUse, To: version}
	err = learn("Put version "+version+" in use", learning.UseModel, swap, nil).durably(ctx)
	if code(err) == booking.CodeConflict {
		return t.refused(ctx, result, message(err))
	}
	if err != nil {
		return result, err
	}
	result.Version = version
	t.end(ctx, "version "+version+" is in use")
	return result, nil
}

// refused ends a training that changes nothing. That is no failure: the model in use is good, and
// the next training tries again.
func (t *training) refused(ctx workflow.Context, result TrainResult, why string) (TrainResult, error) {
	result.Refused = why
	workflow.GetLogger(ctx).Warn("the new model is not used", "why", why, "in_use", result.InUse)
	t.end(ctx, "not used: "+why)
	return result, nil
}

func (t *training) end(ctx workflow.Context, how string) {
	t.progress.Done = true
	t.show(ctx, "nothing any more", how)
}

// show writes the progress where the UI and the query have it.
func (t *training) show(ctx workflow.Context, doing string, done ...string) {
	t.progress.Doing = doing
	t.progress.History = append(t.progress.History, done...)
	text := ""
	for _, line := range t.progress.History {
		text += "- " + line + "\n"
	}
	workflow.SetCurrentDetails(ctx, text+"\nNow: "+doing+"\n")
}

// firstEight tells trainings of one second apart.
func firstEight(id string) string { return id[:min(8, len(id))] }
