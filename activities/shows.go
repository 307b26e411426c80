package activities

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/boxoffice/boxoffice/booking"
)

// Changes are shows that were cancelled or moved, and what happened to their bookings.
// Every method is safe to repeat. Errors carry a booking.Code.
type Changes interface {
	// ChangeShow changes the show itself. A repeat answers with the change that
	// there is. Codes: not_found, conflict, validation_failed,
	// idempotency_key_reused.
	ChangeShow(ctx context.Context, req booking.ShowChangeRequest) (booking.ShowChange, error)
	// CountChange marks what is settled, and gives the progress of the change. Busy is how
	// long a booking's workflow may work on it before it is checked.
	CountChange(ctx context.Context, changeID string, busy time.Duration) (booking.ChangeCount, error)
	// NextOfChange gives what is to be done next.
	NextOfChange(ctx context.Context, changeID string, busy time.Duration, limit int) ([]booking.ChangeTask, error)
	// TaskDone writes down that a task was done.
	TaskDone(ctx context.Context, changeID string, task booking.ChangeTask) error
	// ApplyDefault makes the choice for customers who made none in time.
	ApplyDefault(ctx context.Context, changeID string) error
	// Settlement says what is left to do for a booking without a workflow.
	Settlement(ctx context.Context, changeID, bookingID string) (booking.Settlement, error)
	// FailSettlement writes down that a booking needs a person.
	FailSettlement(ctx context.Context, changeID, bookingID, why string) error
	// FinishChange closes a change with which nothing is left to do.
	FinishChange(ctx context.Context, changeID string) (bool, error)
}

// Sagas reaches the workflows of bookings.
type Sagas interface {
	// // Signal sends a signal to a booking's workflow; false when no workflow runs.
	Signal(ctx context.Context, bookingID, signal string, news any) (running bool, err error)
	// Running tells whether a booking has a workflow that runs.
	Running(ctx context.Context, bookingID string) (bool, error)
}

// Shows are the activities of a show that is cancelled or moved.
type Shows struct {
	Changes Changes
	Sagas   Sagas
}

// ChangeShow changes the show itself.
func (s *Shows) ChangeShow(ctx context.Context, req booking.ShowChangeRequest) (booking.ShowChange, error) {
	change, err := s.Changes.ChangeShow(ctx, req)
	return change, toTemporal(ctx, err)
}

// CountRequest names a change whose progress is asked for.
type CountRequest struct {
	ChangeID string        `json:"change_id"`
	Busy     time.Duration `json:"busy"`
}

// CountChange says how far a change has come.
func (s *Shows) CountChange(ctx context.Context, req CountRequest) (booking.ChangeCount, error) {
	count, err := s.Changes.CountChange(ctx, req.ChangeID, req.Busy)
	return count, toTemporal(ctx, err)
}

// ReachRequest is a page of bookings to be told of a change, or asked to carry it
// out.
type ReachRequest struct {
	ChangeID string        `json:"change_id"`
	Busy     time.Duration `json:"busy"`
	Limit    int           `json:"limit"`
	AtOnce   int           `json:"at_once"`
	// TellBy and News are the signal that notifies of the change, RefundBy and Refund the
	// signal that asks for the refund. Both are passed on unchanged.
	TellBy   string `json:"tell_by"`
	News     any    `json:"news"`
	RefundBy string `json:"refund_by"`
	Refund   any    `json:"refund"`
}

// Reached is what came of a page.
type Reached struct {
	Told  int `json:"told"`
	Asked int `json:"asked"`
	// Orphans are bookings without a workflow: another workflow has to act for them.
	Orphans []booking.ChangeTask `json:"orphans,omitempty"`
}

// ReachBookings signals a page of bookings, a few at a time. Each result is stored at once,
// so a retry after a crash has only the rest of the page to do; a signal that is sent twice
// is known to its workflow. A booking that cannot be reached delays no other; it fails the
// attempt, so that the page is retried.
func (s *Shows) ReachBookings(ctx context.Context, req ReachRequest) (Reached, error) {
	tasks, err := s.Changes.NextOfChange(ctx, req.ChangeID, req.Busy, req.Limit)
	if err != nil {
		return Reached{}, toTemporal(ctx, err)
	}
	var (
		mu      sync.Mutex
		reached Reached
		failure error
	)
	done := func(task booking.ChangeTask, running bool, err error) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			if failure == nil {
				failure = err
			}
			return
		case !running:
			reached.Orphans = append(reached.Orphans, task)
		case task.Kind == booking.TaskTell:
			reached.Told++
		default:
			reached.Asked++
		}
		activity.RecordHeartbeat(ctx, reached.Told+reached.Asked)
	}
	atATime(ctx, max(req.AtOnce, 1), tasks, func(task booking.ChangeTask) {
		running, err := s.reach(ctx, req, task)
		done(task, running, err)
	})
	if failure == nil {
		failure = ctx.Err()
	}
	return reached, toTemporal(ctx, failure)
}

func (s *Shows) reach(ctx context.Context, req ReachRequest, task booking.ChangeTask) (running bool, err error) {
	switch task.Kind {
	case booking.TaskTell:
		running, err = s.Sagas.Signal(ctx, task.BookingID, req.TellBy, req.News)
	case booking.TaskRefund:
		running, err = s.Sagas.Signal(ctx, task.BookingID, req.RefundBy, req.Refund)
	default:
		running, err = s.Sagas.Running(ctx, task.BookingID)
	}
	if err != nil || !running {
		// An orphan is done when another workflow has taken it on.
		return false, err
	}
	return true, s.Changes.TaskDone(ctx, req.ChangeID, task)
}

// TasksRequest names bookings of a change that another workflow has taken on.
type TasksRequest struct {
	ChangeID string               `json:"change_id"`
	Tasks    []booking.ChangeTask `json:"tasks"`
}

// TasksDone writes down that tasks were done.
func (s *Shows) TasksDone(ctx context.Context, req TasksRequest) error {
	for _, task := range req.Tasks {
		if err := s.Changes.TaskDone(ctx, req.ChangeID, task); err != nil {
			return toTemporal(ctx, err)
		}
	}
	return nil
}

// atATime runs do for each thing, some at a time, until the context ends.
func atATime[T any](ctx context.Context, atOnce int, things []T, do func(T)) {
	var (
		wait sync.WaitGroup
		next atomic.Int64
	)
	for range min(atOnce, len(things)) {
		wait.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(things) {
					return
				}
				do(things[i])
			}
		})
	}
	wait.Wait()
}

// ApplyDefault makes the choice for customers who made none in time.
func (s *Shows) ApplyDefault(ctx context.Context, changeID string) error {
	return toTemporal(ctx, s.Changes.ApplyDefault(ctx, changeID))
}

// SettlementRequest names a booking of a change that has no workflow.
type SettlementRequest struct {
	ChangeID  string `json:"change_id"`
	BookingID string `json:"booking_id"`
}

// PlanSettlement says what is left to do for a booking without a workflow.
func (s *Shows) PlanSettlement(ctx context.Context, req SettlementRequest) (booking.Settlement, error) {
	left, err := s.Changes.Settlement(ctx, req.ChangeID, req.BookingID)
	return left, toTemporal(ctx, err)
}

// FailureReport says why a booking of a change needs a person.
type FailureReport struct {
	ChangeID  string `json:"change_id"`
	BookingID string `json:"booking_id"`
	Why       string `json:"why"`
}

// FailSettlement writes down that a booking needs a person.
func (s *Shows) FailSettlement(ctx context.Context, report FailureReport) error {
	return toTemporal(ctx, s.Changes.FailSettlement(ctx, report.ChangeID, report.BookingID, report.Why))
}

// FinishChange closes a change with which nothing is left to do.
func (s *Shows) FinishChange(ctx context.Context, changeID string) (bool, error) {
	finished, err := s.Changes.FinishChange(ctx, changeID)
	return finished, toTemporal(ctx, err)
}
