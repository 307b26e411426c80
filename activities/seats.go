package activities

import (
	"context"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

// Seats are the activities on the seat inventory. All of them are short database
// steps, run as local activities, and as normal ones when the database is away.
type Seats struct {
	Inventory Inventory
	Choices   Choices
	Books     Books
}

// Hold claims the seats of a booking, all or none.
func (s *Seats) Hold(ctx context.Context, req booking.HoldRequest) (booking.Held, error) {
	held, err := s.Inventory.Hold(ctx, req)
	return held, toTemporal(ctx, err)
}

// ExtendHold moves the end of a hold.
func (s *Seats) ExtendHold(ctx context.Context, extension booking.Extension) (booking.Held, error) {
	held, err := s.Inventory.ExtendHold(ctx, extension)
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
	// The seats first: the customer must not read that the hold stays when it is lost.
	if err := s.Inventory.KeepHold(ctx, req.BookingID); err != nil {
		return toTemporal(ctx, err)
	}
	return toTemporal(ctx, s.Books.MarkInDoubt(ctx, req.BookingID, req.Provider, req.Reference))
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
	confirmed, err := s.Inventory.Confirm(ctx, req.BookingID, req.Payment)
	return confirmed, toTemporal(ctx, err)
}

// EndBooking frees the seats of a booking whose money goes back in full, and answers how it
// ended. The database decides, not what the workflow remembers: a task that was lost after
// its steps were done may run again in another order. So it undoes a sale that the workflow
// does not know, and it keeps an end that is already there.
func (s *Seats) EndBooking(ctx context.Context, end booking.Ending) (booking.Status, error) {
	err := s.Inventory.End(ctx, end)
	if booking.CodeOf(err) != booking.CodeConflict {
		return end.Status, toTemporal(ctx, err)
	}
	found, err := s.Inventory.Booking(ctx, end.BookingID)
	switch {
	case err != nil:
		return "", toTemporal(ctx, err)
	case found.Status.Terminal():
		return found.Status, nil
	default:
		return booking.StatusCancelled, toTemporal(ctx, s.Inventory.Cancel(ctx, booking.Cancellation{
			BookingID: end.BookingID, Detail: end.Detail, EvenScanned: true,
			Refund: booking.Money{Currency: found.Quote.Total.Currency},
		}))
	}
}

// CancelBooking undoes a confirmation: seats free, ticket void, refund owed. It
// answers what is owed, which is what the first try promised.
func (s *Seats) CancelBooking(ctx context.Context, c booking.Cancellation) (booking.Money, error) {
	if err := s.Inventory.Cancel(ctx, c); err != nil {
		return booking.Money{}, toTemporal(ctx, err)
	}
	after, err := s.Inventory.Booking(ctx, c.BookingID)
	if err != nil || after.Refund == nil {
		return booking.Money{Currency: c.Refund.Currency}, toTemporal(ctx, err)
	}
	return after.Refund.Amount, nil
}

// OweRefundRequest promises a share of what was paid, in all.
type OweRefundRequest struct {
	BookingID string `json:"booking_id"`
	Percent   int64  `json:"percent"`
	Reason    string `json:"reason"`
}

// OweRefund stores the promise to refund a share of what was paid, in all. A share below an
// earlier promise changes nothing.
func (s *Seats) OweRefund(ctx context.Context, req OweRefundRequest) (booking.OwedRefund, error) {
	owed, err := s.Inventory.OweRefund(ctx, req.BookingID, req.Percent, req.Reason)
	return owed, toTemporal(ctx, err)
}

// Choose stores the choice of a moved show's customer, and moves the booking if that is the
// choice.
func (s *Seats) Choose(ctx context.Context, c booking.Choice) (booking.Chosen, error) {
	chosen, err := s.Choices.Choose(ctx, c)
	return chosen, toTemporal(ctx, err)
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
	// Refunds are the terms of cancellation that the customer knows, those of the
	// booking that ran out. Nil when it kept none.
	Refunds booking.CancellationPolicy `json:"refunds"`
}

// LateRequest asks for a decision about money that came after its booking had ended.
type LateRequest struct {
	Payment booking.PaymentState `json:"payment"`
	// Rebook wants the same seats again, if the booking ran out.
	Rebook bool `json:"rebook"`
}

// DecideLate decides about late money. The database decides and stores the decision,
// because what the caller read of the booking may be stale.
func (s *Seats) DecideLate(ctx context.Context, req LateRequest) (booking.LateDecision, error) {
	decision, err := s.Inventory.DecideLate(ctx, req.Payment, req.Rebook)
	return decision, toTemporal(ctx, err)
}

// PlanRebooking says which booking would stand in for one that ran out before
// its money arrived. Only an expired booking is made again: one that was
// cancelled, refused or confirmed by another payment gets its money back. So does
// one whose show was moved since, because its customer did not pay for the new time.
func (s *Seats) PlanRebooking(ctx context.Context, late booking.PaymentState) (Rebooking, error) {
	old, err := s.Inventory.Booking(ctx, late.BookingID)
	if err != nil {
		return Rebooking{}, toTemporal(ctx, err)
	}
	changed, err := s.Choices.Changed(ctx, late.BookingID)
	if err != nil {
		return Rebooking{}, toTemporal(ctx, err)
	}
	return Rebooking{
		Possible: old.Status == booking.StatusExpired && !changed && late.Pays(old.Quote.Total),
		// Derived, so that a repeat plans the same booking.
		BookingID:  uuid.NewSHA1(uuid.MustParse(old.ID), []byte(late.Provider+"/"+late.Reference)).String(),
		CustomerID: old.CustomerID,
		ShowID:     old.Show.ID,
		TheaterID:  old.Show.TheaterID,
		Seats:      old.Seats,
		Refunds:    old.Refunds,
	}, nil
}
