package activities

import (
	"cmp"
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/boxoffice/boxoffice/booking"
)

// Learning learns what customers like. A repeat of any call changes nothing. Code of all:
// unavailable when the document store is away.
type Learning interface {
	// Record makes events of up to pages pages of bookings behind a mark. After each page it
	// calls done with what was done so far.
	Record(ctx context.Context, after booking.BookingsMark, pages int, done func(booking.RecordedBookings)) (booking.RecordedBookings, error)
	// Measure compares a model of what is known with the one in use.
	Measure(ctx context.Context, req booking.MeasureRequest, phase func(string)) (booking.MeasuredModel, error)
	// Train stores a version of the model; one that is stored stays as it is.
	Train(ctx context.Context, req booking.TrainRequest, phase func(string)) (booking.TrainedModel, error)
	// Use puts a version in use, and deletes the oldest ones. Code: conflict when another
	// version was put in use meanwhile.
	Use(ctx context.Context, req booking.UseModelRequest) (booking.UsedModel, error)
}

// Recommendations are the activities that learn what customers like.
type Recommendations struct {
	Learning Learning
	// BeatEvery is how often a long step gives a sign of life; default 10 seconds.
	BeatEvery time.Duration
}

// RecordBookingsRequest asks to make events of bookings.
type RecordBookingsRequest struct {
	After booking.BookingsMark `json:"after,omitzero"`
	// Pages bounds one step.
	Pages int `json:"pages"`
}

// RecordBookings makes events of bookings. A retry goes on behind the last page that was done.
func (r *Recommendations) RecordBookings(ctx context.Context, req RecordBookingsRequest) (booking.RecordedBookings, error) {
	var before booking.RecordedBookings
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &before); err != nil {
			activity.GetLogger(ctx).Warn("cannot read how far the step was: from its beginning", "error", err)
			before = booking.RecordedBookings{}
		}
	}
	after := req.After
	if before.Mark.After(after) {
		after = before.Mark
	}
	say, stop := r.beat(ctx, before)
	defer stop()
	done, err := r.Learning.Record(ctx, after, req.Pages, func(done booking.RecordedBookings) { say(plus(before, done)) })
	return plus(before, done), toTemporal(ctx, err)
}

// plus adds what a later try has done.
func plus(a, b booking.RecordedBookings) booking.RecordedBookings {
	b.Looked, b.New, b.Off, b.Refused = a.Looked+b.Looked, a.New+b.New, a.Off+b.Off, a.Refused+b.Refused
	if a.Mark.After(b.Mark) {
		b.Mark = a.Mark
	}
	return b
}

// MeasureModel compares a new model with the one in use.
func (r *Recommendations) MeasureModel(ctx context.Context, req booking.MeasureRequest) (booking.MeasuredModel, error) {
	phase, stop := r.phases(ctx)
	defer stop()
	measured, err := r.Learning.Measure(ctx, req, phase)
	return measured, toTemporal(ctx, err)
}

// TrainModel trains a version and stores it.
func (r *Recommendations) TrainModel(ctx context.Context, req booking.TrainRequest) (booking.TrainedModel, error) {
	phase, stop := r.phases(ctx)
	defer stop()
	trained, err := r.Learning.Train(ctx, req, phase)
	return trained, toTemporal(ctx, err)
}

// UseModel puts a version in use.
func (r *Recommendations) UseModel(ctx context.Context, req booking.UseModelRequest) (booking.UsedModel, error) {
	used, err := r.Learning.Use(ctx, req)
	return used, toTemporal(ctx, err)
}

// Phase is what the UI shows of a step that is under way.
type Phase struct {
	Doing string    `json:"doing"`
	Since time.Time `json:"since"`
}

// phases gives signs of life with what the step is doing.
func (r *Recommendations) phases(ctx context.Context) (phase func(string), stop func()) {
	phaseOf := func(doing string) Phase { return Phase{doing, time.Now().UTC()} }
	say, stop := r.beat(ctx, phaseOf("starting"))
	return func(doing string) { say(phaseOf(doing)) }, stop
}

// beat gives signs of life, with what the step said last, until it is stopped.
func (r *Recommendations) beat(ctx context.Context, first any) (say func(any), stop func()) {
	var mu sync.Mutex
	last := first
	beat := func() {
		mu.Lock()
		defer mu.Unlock()
		activity.RecordHeartbeat(ctx, last)
	}
	beat()
	ticker, done := time.NewTicker(cmp.Or(r.BeatEvery, 10*time.Second)), make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		for {
			select {
			case <-ticker.C:
				beat()
			case <-done:
				return
			}
		}
	})
	say = func(what any) {
		mu.Lock()
		last = what
		mu.Unlock()
		beat()
	}
	return say, func() {
		ticker.Stop()
		close(done)
		beating.Wait()
	}
}
