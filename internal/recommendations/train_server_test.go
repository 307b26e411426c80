package recommendations_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/recommendations"
	"github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

// killed is a Learner whose first training ends before it has stored anything, as when its worker is
// killed.
type killed struct {
	activities.Learning
	trainings int
	stop      func()
}

func (k *killed) Train(ctx context.Context, req booking.TrainRequest, phase func(string)) (booking.TrainedModel, error) {
	if k.trainings++; k.trainings > 1 {
		return k.Learning.Train(ctx, req, phase)
	}
	k.stop()
	<-ctx.Done()
	return booking.TrainedModel{}, ctx.Err()
}

// From bookings to a model in use, on the real things: Postgres, the store of documents, Temporal, and
// a worker that is stopped while it trains.
func TestFromBookingsToAModelInUse(t *testing.T) {
	t.Parallel()
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		t.Skip("TEMPORAL_ADDRESS is not set: no Temporal server to ask (make test starts one)")
	}
	w := newTown(t, 0)
	// 16 people book films of their kind.
	for person := range 16 {
		customer := w.Customer()
		w.people = append(w.people, uuid.MustParse(customer))
		for n := range 3 {
			var show string
			require.NoError(t, w.Pool.QueryRow(t.Context(), `SELECT id::text FROM shows WHERE movie_id = $1`, w.films[2*((person+n)%(townFilms/2))+person%2]).Scan(&show))
			w.buy(show, customer, fmt.Sprintf("%c%d", 'A'+person/8, 1+person%8))
		}
	}

	namespace := "learning-" + uuid.NewString()[:8]
	c, err := temporal.Dial(temporal.Options{Address: address, Namespace: namespace, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	require.NoError(t, temporal.Prepare(ctx, c, namespace, 24*time.Hour, workflows.SearchAttributes()...))
	training := make(chan struct{})
	learner := &killed{Learning: w.learner, stop: func() { close(training) }}
	serve := func() worker.Worker {
		served := worker.New(c, workflows.QueueRecommendations, worker.Options{WorkerStopTimeout: time.Millisecond})
		workers.Register(served, workflows.QueueRecommendations, workers.Activities{Recommendations: &activities.Recommendations{Learning: learner}})
		require.NoError(t, served.Start())
		return served
	}
	first := serve()
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "record", TaskQueue: workflows.QueueRecommendations},
		workflows.RecordBookingsWorkflow, workflows.RecordBookingsInput{TrainFirst: true})
	require.NoError(t, err)
	var recorded workflows.RecordBookingsResult
	require.NoError(t, run.Get(ctx, &recorded))
	assert.Equal(t, 48, recorded.New)
	assert.Equal(t, workflows.TrainWorkflowID, recorded.Training)

	select {
	case <-training:
	case <-ctx.Done():
		t.Fatal("it does not train")
	}
	assert.Empty(t, w.inUse().Current)
	first.Stop()
	t.Cleanup(serve().Stop)
	var result workflows.TrainResult
	require.NoError(t, c.GetWorkflow(ctx, workflows.TrainWorkflowID, "").Get(ctx, &result))
	assert.Empty(t, result.Refused)
	assert.Equal(t, 48, result.Likings)
	assert.Equal(t, result.Version, w.inUse().Current)
	assert.Equal(t, 2, learner.trainings)
	assert.Equal(t, "48", w.stored(result.Version).Notes["likings"])

	// The training again: there is nothing new, and the new version is as good.
	again, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: workflows.TrainWorkflowID, TaskQueue: workflows.QueueRecommendations,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE}, workflows.TrainRecommendationsWorkflow, workflows.TrainInput{})
	require.NoError(t, err)
	var second workflows.TrainResult
	require.NoError(t, again.Get(ctx, &second))
	assert.Equal(t, result.Version, second.InUse)
	assert.Equal(t, second.Version, w.inUse().Current)
	assert.Equal(t, result.Version, w.inUse().Previous)
	_, err = w.store.Models.Read(ctx, recommendations.ModelName, result.Version)
	require.NoError(t, err, "the version before stays")
}
