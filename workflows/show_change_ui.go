package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// listen registers what the change of a show answers to.
func (c *showChange) listen(ctx workflow.Context) error {
	err := workflow.SetQueryHandlerWithOptions(ctx, QueryProgress,
		func() (ChangeProgress, error) { return c.progress(), nil },
		workflow.QueryHandlerOptions{Description: "How far the change has come with the show's bookings."})
	if err != nil {
		return err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, UpdateChangeShow,
		func(ctx workflow.Context) (booking.ShowChange, error) {
			var change booking.ShowChange
			err := c.changed.Get(ctx, &change)
			return change, err
		},
		workflow.UpdateHandlerOptions{Description: "Waits until the show itself is changed. The API sends it with the start."})
}

func (c *showChange) pauses(ctx workflow.Context) workflow.ReceiveChannel {
	return workflow.GetSignalChannelWithOptions(ctx, SignalPause,
		workflow.SignalChannelOptions{Description: "Staff: tell no more bookings for the time being."})
}

func (c *showChange) resumes(ctx workflow.Context) workflow.ReceiveChannel {
	return workflow.GetSignalChannelWithOptions(ctx, SignalResume,
		workflow.SignalChannelOptions{Description: "Staff: go on."})
}

// obeyStaff pauses and resumes on staff's signals, also while the workflow is busy, so that
// the later signal counts. If more than two arrive in one task, it is unknown which was
// last: then the pause counts, and staff can see it.
func (c *showChange) obeyStaff(ctx workflow.Context) {
	selector := workflow.NewSelector(ctx)
	for _, word := range []struct {
		said   workflow.ReceiveChannel
		paused bool
	}{{c.resumes(ctx), false}, {c.pauses(ctx), true}} {
		selector.AddReceive(word.said, func(said workflow.ReceiveChannel, _ bool) {
			said.Receive(ctx, nil)
			c.in.Paused = word.paused
			c.heard++
		})
	}
	for ctx.Err() == nil {
		selector.Select(ctx)
	}
}

// wait sleeps until the time is up or staff pause or resume. Zero waits forever.
func (c *showChange) wait(ctx workflow.Context, d time.Duration, summary string) {
	c.show(ctx)
	timerCtx, stop := workflow.WithCancel(ctx)
	defer stop()
	timeUp := func() bool { return false }
	if d > 0 {
		timeUp = workflow.NewTimerWithOptions(timerCtx, d, workflow.TimerOptions{Summary: summary}).IsReady
	}
	heard := c.heard
	// Cancelled is found out by the next step.
	_ = workflow.Await(ctx, func() bool { return timeUp() || c.heard != heard })
}

// hear lets obeyStaff take the signals of this task, which a new run would never get: a
// coroutine that is started now runs after all that are ready.
func (c *showChange) hear(ctx workflow.Context) error {
	heard := false
	workflow.Go(ctx, func(workflow.Context) { heard = true })
	return workflow.Await(ctx, func() bool { return heard && workflow.AllHandlersFinished(ctx) })
}

// continueWhenLong begins a new run before the history grows long. All it takes
// along is which change it is, and whether it is paused.
func (c *showChange) continueWhenLong(ctx workflow.Context) error {
	info := workflow.GetInfo(ctx)
	if info.GetCurrentHistoryLength() < c.in.EventsPerRun && !info.GetContinueAsNewSuggested() {
		return nil
	}
	if err := c.hear(ctx); err != nil {
		return err
	}
	next := c.in
	next.Change = &c.change
	return workflow.NewContinueAsNewError(ctx, info.WorkflowType.Name, next)
}

func (c *showChange) progress() ChangeProgress {
	return ChangeProgress{
		ChangeID: c.change.ID, ShowID: c.in.Request.ShowID, Kind: c.in.Request.Kind,
		Total: c.count.Untold + c.count.Told, Told: c.count.Told, Settled: c.count.Settled, Failed: c.count.Failed,
		Paused: c.in.Paused, Done: c.done, Doing: c.what,
	}
}

// barWidth is how many characters a full bar has.
const barWidth = 30

// show writes the progress, in Markdown, where the UI shows it.
func (c *showChange) show(ctx workflow.Context) {
	p := c.progress()
	title := "Cancelled show"
	if p.Kind == booking.ChangeRescheduled {
		title = "Moved show"
	}
	text := fmt.Sprintf("**%s**: %d of %d bookings settled\n\n`%s`\n\nNow: %s\n\n", title, p.Settled, p.Total, bar(p.Settled, p.Total), p.Doing)
	text += fmt.Sprintf("- told: %d\n- busy with it: %d\n- need a person: %d\n", p.Told, c.count.InFlight, p.Failed)
	if p.Kind == booking.ChangeRescheduled {
		text += fmt.Sprintf("- have not chosen: %d\n", c.count.Undecided)
		if c.change.DecideBy != nil {
			text += fmt.Sprintf("- may choose until %s, then: %s\n", c.change.DecideBy.UTC().Format(time.DateTime+" MST"), c.change.Default)
		}
	}
	if p.Paused {
		text += "\n**Paused**: send the signal `" + SignalResume + "` to go on.\n"
	}
	workflow.SetCurrentDetails(ctx, text)
}

func bar(done, of int) string {
	share := 1.0
	if of > 0 {
		share = float64(done) / float64(of)
	}
	full := int(share * barWidth)
	return fmt.Sprintf("%s%s %3.0f %%", strings.Repeat("█", full), strings.Repeat("░", barWidth-full), share*100)
}
