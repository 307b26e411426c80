package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// RefundShowInput starts the workflow that gives a share of what was paid back for all
// bookings of a show that has begun.
type RefundShowInput struct {
	ShowID  string         `json:"show_id"`
	Request RefundRequest  `json:"request"`
	Policy  booking.Policy `json:"policy"`
	// After and Asked are carried from run to run.
	After string `json:"after,omitempty"`
	Asked int    `json:"asked,omitempty"`
}

// RefundShowWorkflowID names the one workflow that gives a share back for a show. A share
// is a total, so another share is another workflow, and a repeat of the same share changes
// nothing.
func RefundShowWorkflowID(showID string, percent int64) string {
	return fmt.Sprintf("show-refund-%s-%d", showID, percent)
}

const (
	refundPage       = 100
	refundPagesAtRun = 50 // then the workflow continues in a new run
)

// runRefundShow asks each booking of a show to give a share of its money back. Every
// booking's aftercare does it, and alerts staff when its provider refuses.
func runRefundShow(ctx workflow.Context, in RefundShowInput) (asked int, err error) {
	for range refundPagesAtRun {
		var page activities.RefundedPage
		err := manyBookings("Ask the next bookings to give money back", showRefunds.RefundPage, activities.RefundPageRequest{
			ShowID: in.ShowID, After: in.After, Limit: refundPage, Refund: in.Request, Policy: in.Policy,
		}, &page).durably(ctx)
		if err != nil {
			return in.Asked, err
		}
		in.Asked += page.Asked
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d bookings asked", in.Asked))
		if page.Last == "" {
			return in.Asked, nil
		}
		in.After = page.Last
	}
	return in.Asked, workflow.NewContinueAsNewError(ctx, RefundShowWorkflow, in)
}
