package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/boxoffice/boxoffice/booking"
)

// Standings says where bookings stand by the database. Errors carry a
// booking.Code.
type Standings interface {
	// Suspects gives bookings of a status whose workflow should be running, after a
	// place in their order.
	Suspects(ctx context.Context, status booking.Status, after string, late time.Duration, limit int) ([]booking.LostBooking, error)
	// Standing says where a booking stands. Code: not_found.
	Standing(ctx context.Context, bookingID string) (booking.Standing, error)
}

// Records deletes what is kept for a time only.
type Records interface {
	// DeleteOld deletes up to limit records, and says how many.
	DeleteOld(ctx context.Context, kind booking.OldRecords, kept time.Duration, limit int) (int, error)
}

// Undecided watches sales about which theaters' own systems have not decided.
type Undecided interface {
	// AlertUndecided alerts staff of paid bookings whose money is safe for half of its time only,
	// resolves the alerts of those that are decided, and says how many there are.
	AlertUndecided(ctx context.Context) (int, error)
}

// Sweep are the activities that find lost bookings, sales that wait for long, and old records.
type Sweep struct {
	Standings Standings
	Records   Records
	Sagas     Sagas
	Undecided Undecided
}

// UndecidedRequest is about all theaters.
type UndecidedRequest struct{}

// AlertUndecided alerts staff of paid bookings about whose sale their theaters have not decided
// for long.
func (s *Sweep) AlertUndecided(ctx context.Context, _ UndecidedRequest) (int, error) {
	open, err := s.Undecided.AlertUndecided(ctx)
	return open, toTemporal(ctx, err)
}

// Standing says where a booking stands, for a workflow that takes it up again.
func (s *Sweep) Standing(ctx context.Context, bookingID string) (booking.Standing, error) {
	standing, err := s.Standings.Standing(ctx, bookingID)
	return standing, toTemporal(ctx, err)
}

// FindLostRequest asks for a page of bookings without a workflow.
type FindLostRequest struct {
	Status booking.Status `json:"status"`
	After  string         `json:"after"` // the place to go on from
	// Late is how long a hold may be expired before its workflow counts as missing.
	Late   time.Duration `json:"late"`
	Limit  int           `json:"limit"`
	AtOnce int           `json:"at_once"`
}

// FoundLost is what came of a page.
type FoundLost struct {
	Checked int                   `json:"checked"`
	Lost    []booking.LostBooking `json:"lost,omitempty"`
	// Next is where to go on, empty when there is no more.
	Next string `json:"next,omitempty"`
}

// FindLost looks at a page of bookings whose workflow should be running, and gives
// those that have none. It asks for each workflow by its id: lists of workflows lag
// behind. A running workflow is left alone, even if it is late.
func (s *Sweep) FindLost(ctx context.Context, req FindLostRequest) (FoundLost, error) {
	suspects, err := s.Standings.Suspects(ctx, req.Status, req.After, req.Late, req.Limit)
	if err != nil {
		return FoundLost{}, toTemporal(ctx, err)
	}
	var mu sync.Mutex
	var failure error
	found := FoundLost{Checked: len(suspects)}
	atATime(ctx, max(req.AtOnce, 1), suspects, func(suspect booking.LostBooking) {
		running, err := s.Sagas.Running(ctx, suspect.BookingID)
		mu.Lock()
		defer mu.Unlock()
		activity.RecordHeartbeat(ctx)
		switch {
		case err != nil:
			failure = err
		case !running:
			found.Lost = append(found.Lost, suspect)
		}
	})
	if failure == nil {
		failure = ctx.Err()
	}
	if len(suspects) == req.Limit {
		found.Next = suspects[len(suspects)-1].Place
	}
	return found, toTemporal(ctx, failure)
}

// DeleteOldRequest asks to delete what is kept for a time only.
type DeleteOldRequest struct {
	Kind booking.OldRecords `json:"kind"`
	Kept time.Duration      `json:"kept"`
	// Batch is how many records one statement deletes, Batches how many statements.
	Batch   int `json:"batch"`
	Batches int `json:"batches"`
}

// DeletedOld is what came of it.
type DeletedOld struct {
	Deleted int  `json:"deleted"`
	More    bool `json:"more"` // there may be more
}

// DeleteOld deletes old records, a batch at a time. A retry after a crash deletes what is
// left.
func (s *Sweep) DeleteOld(ctx context.Context, req DeleteOldRequest) (DeletedOld, error) {
	var done DeletedOld
	for range req.Batches {
		n, err := s.Records.DeleteOld(ctx, req.Kind, req.Kept, req.Batch)
		if err != nil {
			return done, toTemporal(ctx, err)
		}
		done.Deleted += n
		if done.More = n == req.Batch; !done.More {
			break
		}
		activity.RecordHeartbeat(ctx, done.Deleted)
	}
	if done.Deleted > 0 {
		activity.GetLogger(ctx).Info("deleted old records", "kind", req.Kind, "deleted", done.Deleted, "more", done.More)
	}
	return done, nil
}
