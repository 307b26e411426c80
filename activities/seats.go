package activities

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

// Seats are the activities on the seat inventory. All of them are short database
// steps, run as local activities, and as normal ones when the database is away.
type Seats struct {
	Inventory Inventory
	Books     Books
}

// Hold claims the seats of a booking, all or none.
func (s *Seats) Hold(ctx context.Context, req booking.HoldRequest) (booking.Held, error) {
	held, err := s.Inventory.Hold(ctx, req)
	return held, toTemporal(ctx, err)
}

// ExtendHoldRequest gives a hold more time.
type ExtendHoldRequest struct {
	BookingID string        `json:"booking_id"`
	By        time.Duration `json:"by"`
}

// ExtendHold moves the end of a hold.
func (s *Seats) ExtendHold(ctx context.Context, req ExtendHoldRequest) (booking.Held, error) {
	held, err := s.Inventory.ExtendHold(ctx, req.BookingID, req.By)
	return held, toTemporal(ctx, err)
}

// KeepRequest names a booking whose payment is in doubt.
type KeepRequest struct {
	BookingID string `json:"booking_id"`
	Provider  string `json:"provider"`
	Reference string `json:"reference"`
}

// KeepHold makes the seats stay until the provider has answered.
func (s *Seats) KeepHold(ctx context.Context, req KeepRequest) error {
	if err := s.Books.MarkInDoubt(ctx, req.BookingID, req.Provider, req.Reference); err != nil {
		return toTemporal(ctx, err)
	}
	return toTemporal(ctx, s.Inventory.KeepHold(ctx, req.BookingID))
}

// ConfirmRequest confirms a booking with money that is authorized.
type ConfirmRequest struct {
	BookingID string               `json:"booking_id"`
	Payment   booking.PaymentState `json:"payment"`
}

// Confirm records the authorization, sells the seats and issues the ticket. The
// money is recorded first: if the seats are lost, the books know what to give
// back.
func (s *Seats) Confirm(ctx context.Context, req ConfirmRequest) (booking.Confirmed, error) {
	if err := s.Books.Record(ctx, req.Payment); err != nil {
		return booking.Confirmed{}, toTemporal(ctx, err)
	}
	confirmed, err := s.Inventory.Confirm(ctx, req.BookingID)
	return confirmed, toTemporal(ctx, err)
}

// EndBooking frees the seats of a booking that was never confirmed, and answers
// how it ended. A booking that has another end already keeps it: a workflow task
// that was lost after its steps were done may run again in another order.
func (s *Seats) EndBooking(ctx context.Context, end booking.Ending) (booking.Status, error) {
	err := s.Inventory.End(ctx, end)
	if booking.CodeOf(err) == booking.CodeConflict {
		if found, lookup := s.Inventory.Booking(ctx, end.BookingID); lookup == nil && found.Status.Terminal() {
			return found.Status, nil
		}
	}
	return end.Status, toTemporal(ctx, err)
}

// CancelBooking undoes a confirmation: seats free, ticket void, refund owed.
func (s *Seats) CancelBooking(ctx context.Context, c booking.Cancellation) error {
	return toTemporal(ctx, s.Inventory.Cancel(ctx, c))
}

// RaiseAlert tells staff about something a person has to look at.
func (s *Seats) RaiseAlert(ctx context.Context, alert booking.Alert) error {
	return toTemporal(ctx, s.Inventory.Alert(ctx, alert))
}

// Rebooking is how a payment that came too late could still buy its seats.
type Rebooking struct {
	Possible   bool     `json:"possible"`
	BookingID  string   `json:"booking_id"` // of the new booking
	CustomerID string   `json:"customer_id"`
	ShowID     string   `json:"show_id"`
	TheaterID  string   `json:"theater_id"`
	Seats      []string `json:"seats"`
}

// PlanRebooking says which booking would stand in for one that ran out before
// its money arrived. Only an expired booking is made again: one that was
// cancelled, refused or confirmed by another payment gets its money back.
func (s *Seats) PlanRebooking(ctx context.Context, late booking.PaymentState) (Rebooking, error) {
	old, err := s.Inventory.Booking(ctx, late.BookingID)
	if err != nil {
		return Rebooking{}, toTemporal(ctx, err)
	}
	return Rebooking{
		Possible: old.Status == booking.StatusExpired && late.Currency == old.Quote.Total.Currency &&
			late.Amount == old.Quote.Total.Amount,
		// Derived, so that a repeat plans the same booking.
		BookingID:  uuid.NewSHA1(uuid.MustParse(old.ID), []byte(late.Provider+"/"+late.Reference)).String(),
		CustomerID: old.CustomerID,
		ShowID:     old.Show.ID,
		TheaterID:  old.Show.TheaterID,
		Seats:      old.Seats,
	}, nil
}
