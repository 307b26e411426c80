package workflows

import "go.temporal.io/sdk/workflow"

// runCancelShow cancels a show, tells every booking, and stays until each has ended
// and its money is back. From the first step on no customer can hold or buy a seat of
// the show.
func runCancelShow(ctx workflow.Context, in ShowChangeInput) (ChangeProgress, error) {
	c, err := newShowChange(ctx, in)
	if err != nil {
		return ChangeProgress{}, err
	}
	if err := c.changeShow(ctx); err != nil {
		return c.refuse(ctx, err)
	}
	return c.finish(ctx)
}
