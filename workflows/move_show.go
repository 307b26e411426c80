package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// runMoveShow gives a show another time or screen, tells every booking, gives the customers
// time to choose, applies the default to customers who do not, and stays until every choice
// has been carried out.
func runMoveShow(ctx workflow.Context, in ShowChangeInput) (ChangeProgress, error) {
	c, err := newShowChange(ctx, in)
	if err != nil {
		return ChangeProgress{}, err
	}
	if err := c.changeShow(ctx); err != nil {
		return c.refuse(ctx, err)
	}
	if err := c.work(ctx, func() bool { return c.count.Untold == 0 }); err != nil {
		return c.progress(), err
	}
	if err := c.awaitChoices(ctx); err != nil {
		return c.progress(), err
	}
	return c.finish(ctx)
}

// awaitChoices gives the customers their time, and then applies the default. The database's
// clock decides when the time is up, and the row decides who was first. Refunds whose
// request was lost are carried out meanwhile. A later change of the show ends the wait: its
// customers choose there.
func (c *showChange) awaitChoices(ctx workflow.Context) error {
	for {
		err := c.work(ctx, func() bool { return c.count.Untold+c.count.Unasked+c.count.Due == 0 })
		switch {
		case err != nil:
			return err
		case c.count.Finished, c.count.Superseded:
			return nil
		case c.count.DecideIn > 0:
			c.what = "customers choose"
			c.wait(ctx, min(c.count.DecideIn, c.untilSweep()), "Customers choose until the deadline")
		case c.count.Undecided > 0:
			c.what = "choosing for those who did not"
			if err := c.database(ctx, "Choose for those who did not", shows.ApplyDefault, c.change.ID, nil); err != nil {
				return err
			}
		default:
			return nil
		}
		if err := c.continueWhenLong(ctx); err != nil {
			return err
		}
	}
}

// untilSweep is short while a choice is being carried out, so that the progress is
// not behind it for long.
func (c *showChange) untilSweep() time.Duration {
	if c.count.Told > c.count.Settled+c.count.Failed+c.count.Undecided {
		return sweepWhenBusy
	}
	return sweepEvery
}
