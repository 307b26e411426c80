package workers

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/workflows"
)

// abandonedEvery is how often a worker looks for holds whose answers were not fetched.
const (
	abandonedEvery = 5 * time.Second
	// lookWithin is the timeout of one pass, and tellWithin that of the signal to one
	// workflow.
	lookWithin, tellWithin = 30 * time.Second, 3 * time.Second
)

// abandonedHolds are the holds whose answers were not fetched in time.
type abandonedHolds interface {
	// EndAbandoned ends them, and gives the bookings whose workflows were not signaled yet.
	EndAbandoned(ctx context.Context) (untold []string, err error)
	// AbandonedTold notes that a booking's workflow was notified, or that none runs.
	AbandonedTold(ctx context.Context, bookingID string) error
}

// endAbandoned looks until the context ends. Several workers may do so at the same
// time. The database alone decides what is abandoned; a workflow that is not signaled,
// because Temporal is down, is signaled in a later pass.
func endAbandoned(ctx context.Context, holds abandonedHolds, sagas activities.Sagas, log *slog.Logger) {
	for {
		// Spread: workers that start together must not all do the same work.
		wait := abandonedEvery/2 + rand.N(abandonedEvery)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		told, err := endAbandonedOnce(ctx, holds, sagas)
		if err != nil && ctx.Err() == nil {
			log.Warn("abandoned holds are not all ended; the next look goes on", "error", err)
		}
		if told > 0 {
			log.Info("holds ended whose answers were not fetched", "holds", told)
		}
	}
}

// endAbandonedOnce goes on past a workflow that cannot be signaled: a broken workflow must
// not delay the others. The context ends a pass while Temporal is down.
func endAbandonedOnce(ctx context.Context, holds abandonedHolds, sagas activities.Sagas) (told int, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	untold, err := holds.EndAbandoned(ctx)
	failed := []error{err}
	for _, id := range untold {
		if err := tellAbandoned(ctx, holds, sagas, id); err != nil {
			failed = append(failed, err)
			continue
		}
		told++
	}
	return told, errors.Join(failed...)
}

func tellAbandoned(ctx context.Context, holds abandonedHolds, sagas activities.Sagas, bookingID string) error {
	ctx, cancel := context.WithTimeout(ctx, tellWithin)
	defer cancel()
	if _, err := sagas.Signal(ctx, bookingID, workflows.SignalAbandoned, nil); err != nil {
		return err
	}
	return holds.AbandonedTold(ctx, bookingID)
}
