package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// houseReconcileResult is what a comparison of the sales of one theater found.
type houseReconcileResult struct {
	Shows     int                              `json:"shows"`
	Found     map[booking.HouseFindingKind]int `json:"found,omitempty"`
	Cancelled int                              `json:"cancelled"`  // sales at the theater that no booking stood for
	GivenBack int                              `json:"given_back"` // bookings whose sale the theater had cancelled
	// Failed says why the round ended early; the next one begins again.
	Failed string `json:"failed,omitempty"`
}

const (
	// orphanAfter is for how long a sale that no booking stands for is left alone.
	orphanAfter = time.Hour
	// houseShowsAtOnce is how many shows are listed by one activity, and houseShowsOfARun after
	// how many the workflow continues in a new run.
	houseShowsAtOnce = 50
	houseShowsOfARun = 500
)

// runHouseReconcile compares the sales of one theater's own system with our bookings, show by
// show. A sale that no booking stands for is cancelled there; staff are told of it, and of what
// else differs.
func runHouseReconcile(ctx workflow.Context, in HouseInput) (houseReconcileResult, error) {
	result := houseReconcileResult{Found: map[booking.HouseFindingKind]int{}}
	if err := in.wait(ctx); err != nil {
		return result, err
	}
	for result.Shows < houseShowsOfARun {
		var page []booking.HouseListed
		err := ofHouses("Which shows are compared next?", houseSync.ListHouseShows,
			activities.HouseShowsRequest{TheaterID: in.TheaterID, After: in.After, Limit: houseShowsAtOnce}, &page).durably(ctx)
		if err != nil || len(page) == 0 {
			return result, err
		}
		for _, show := range page {
			err := result.compare(ctx, in, show)
			if temporal.IsCanceledError(err) {
				return result, err
			}
			if err != nil {
				// Its other shows would fail, too.
				workflow.GetLogger(ctx).Warn("the sales of a theater were not compared", "theater_id", in.TheaterID, "error", err)
				result.Failed = message(err)
				return result, nil
			}
			in.After = show.ShowID
			result.Shows++
		}
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d shows compared, %d sales cancelled\n", result.Shows, result.Cancelled))
	}
	return result, workflow.NewContinueAsNewError(ctx, HouseReconcileWorkflow, in)
}

// giveBack tells a booking that its theater has cancelled the sale, for example at its counter:
// the customer's money goes back. A booking whose workflow has ended is for staff, who have the
// alert.
func (r *houseReconcileResult) giveBack(ctx workflow.Context, finding booking.HouseFinding) {
	err := workflow.SignalExternalWorkflow(ctx, BookingWorkflowID(finding.BookingID), "", SignalTheaterCancelled, nil).Get(ctx, nil)
	if err != nil {
		workflow.GetLogger(ctx).Warn("a booking was not told that its theater has cancelled it", "booking_id", finding.BookingID, "error", err)
		return
	}
	r.GivenBack++
}

func (r *houseReconcileResult) compare(ctx workflow.Context, in HouseInput, show booking.HouseListed) error {
	var found []booking.HouseFinding
	err := askHouse(in.TheaterID, "Compare the sales of show "+show.Show, houseSync.ReconcileHouseShow, activities.ReconcileRequest{
		TheaterID: in.TheaterID, Show: show, Grace: cmp.Or(in.Grace, orphanAfter),
	}, &found).durably(ctx)
	if err != nil {
		return err
	}
	for _, finding := range found {
		r.Found[finding.Kind]++
		if finding.Kind == booking.HouseUndone {
			r.giveBack(ctx, finding)
		}
		if finding.Cancel == nil {
			continue
		}
		var gone bool
		err := askHouse(in.TheaterID, "Cancel sale "+finding.Sale+", which no booking stands for", houseSync.CancelHouseOrphan,
			activities.OrphanRequest{Sale: finding.Sale, ShowID: show.ShowID, Order: *finding.Cancel}, &gone).durably(ctx)
		if err != nil {
			return err
		}
		if gone {
			r.Cancelled++
		}
	}
	return nil
}
