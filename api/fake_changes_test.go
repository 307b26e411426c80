package api

import (
	"context"
	"sync"

	"github.com/boxoffice/boxoffice/api/saga"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// fakeChanges is the part of Temporal that changes shows: the change is made in
// this process, and its workflow runs until a test ends it.
type fakeChanges struct {
	mu      sync.Mutex
	running map[string]*workflows.ChangeProgress // by change
	inputs  []workflows.ShowChangeInput
}

func (f *fakeSaga) ChangeShow(ctx context.Context, in workflows.ShowChangeInput, _ booking.ShowSummary) (booking.ShowChange, error) {
	if err := f.answers(); err != nil {
		return booking.ShowChange{}, saga.Translate(err)
	}
	f.changes.note(in)
	if f.changes.run(in.Request.ChangeID) != nil {
		// A call to a running workflow gets its current change, and its own request is
		// ignored.
		return f.showChanges.ShowChange(ctx, in.Request.ChangeID)
	}
	change, err := f.showChanges.ChangeShow(ctx, in.Request)
	if err != nil {
		return change, overTheWire(err)
	}
	f.changes.start(change.ID)
	return change, nil
}

func (f *fakeSaga) ChangeProgress(_ context.Context, change booking.ShowChange) (workflows.ChangeProgress, error) {
	if run := f.changes.run(change.ID); run != nil {
		return *run, nil
	}
	return workflows.ChangeProgress{}, saga.ErrEnded
}

func (f *fakeSaga) PauseChange(_ context.Context, change booking.ShowChange, _ booking.ShowSummary) error {
	run := f.changes.run(change.ID)
	if run == nil {
		return saga.ErrEnded
	}
	run.Paused = true
	return nil
}

func (f *fakeSaga) ResumeChange(_ context.Context, change booking.ShowChange, _ booking.ShowSummary) error {
	f.changes.start(change.ID).Paused = false
	return nil
}

func (c *fakeChanges) run(id string) *workflows.ChangeProgress {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running[id]
}

func (c *fakeChanges) start(id string) *workflows.ChangeProgress {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		c.running = map[string]*workflows.ChangeProgress{}
	}
	if c.running[id] == nil {
		c.running[id] = &workflows.ChangeProgress{ChangeID: id, Doing: "telling bookings"}
	}
	return c.running[id]
}

// end is a change's workflow being terminated.
func (c *fakeChanges) end(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, id)
}

func (c *fakeChanges) note(in workflows.ShowChangeInput) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inputs = append(c.inputs, in)
}
