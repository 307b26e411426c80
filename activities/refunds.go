package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/boxoffice/boxoffice/booking"
)

// SoldBookings are the bookings of a show that were sold.
type SoldBookings interface {
	// SoldBookings gives a page of the confirmed bookings of a show, in the order of
	// their ids.
	SoldBookings(ctx context.Context, showID, after string, limit int) ([]string, error)
}

// Aftercare reaches the workflows that act for bookings that are over.
type Aftercare interface {
	// GiveBack asks a booking to give a share of its money back. A repeat changes
	// nothing.
	GiveBack(ctx context.Context, wish GiveBackRequest) error
}

// GiveBackRequest is one booking that is to give a share of its money back.
type GiveBackRequest struct {
	BookingID string
	Refund    any            // passed on as it is
	Policy    booking.Policy // for an aftercare that has to be started
}

// Refunds are the activities of a show whose customers get money back after its start.
type Refunds struct {
	Sold      SoldBookings
	Aftercare Aftercare
}

// RefundPageRequest is a page of bookings of a show that are to give money back.
type RefundPageRequest struct {
	ShowID string         `json:"show_id"`
	After  string         `json:"after"` // the last booking of the page before
	Limit  int            `json:"limit"`
	Refund any            `json:"refund"` // passed on as it is
	Policy booking.Policy `json:"policy"`
}

// RefundedPage is what came of a page.
type RefundedPage struct {
	Asked int `json:"asked"`
	// Last is the last booking of the page, empty when there are no more.
	Last string `json:"last"`
}

// RefundPage asks a page of bookings to give money back. A retry after a crash asks some of
// them again, which changes nothing.
func (r *Refunds) RefundPage(ctx context.Context, req RefundPageRequest) (RefundedPage, error) {
	sold, err := r.Sold.SoldBookings(ctx, req.ShowID, req.After, req.Limit)
	if err != nil {
		return RefundedPage{}, toTemporal(ctx, err)
	}
	var page RefundedPage
	for _, bookingID := range sold {
		if err := r.Aftercare.GiveBack(ctx, GiveBackRequest{bookingID, req.Refund, req.Policy}); err != nil {
			return page, toTemporal(ctx, err)
		}
		page.Asked++
		activity.RecordHeartbeat(ctx, page.Asked)
	}
	if len(sold) == req.Limit {
		page.Last = sold[len(sold)-1]
	}
	return page, nil
}
