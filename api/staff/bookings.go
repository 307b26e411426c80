package staff

import (
	"fmt"
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/api/saga"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/workflows"
)

const maxExtraMinutes = 60

// staffBooking is a booking with the additional fields for staff. It lacks the secrets that
// only the payer needs.
type staffBooking struct {
	booking.Booking
	CustomerID string `json:"customer_id"`
}

func forStaff(b booking.Booking) staffBooking {
	if b.Payment != nil {
		payment := *b.Payment
		payment.ClientSecret, payment.CheckoutURL = "", ""
		b.Payment = &payment
	}
	return staffBooking{b, b.CustomerID}
}

func (s *service) mountBookings() {
	s.Get("/v1/admin/bookings", s.listBookings)
	s.Get("/v1/admin/bookings/{id}", s.getBooking)
	s.Post("/v1/admin/bookings/{id}/resend", s.resend)
	s.Post("/v1/admin/bookings/{id}/extend-hold", s.extendHold)
	s.Post("/v1/admin/bookings/{id}/refund", s.refund)
}

func (s *service) listBookings(w http.ResponseWriter, r *http.Request) error {
	limit, limitErr := rest.Limit(r)
	status, statusErr := rest.BookingStatus(r)
	if err := rest.Invalid(limitErr, statusErr); err != nil {
		return err
	}
	query := r.URL.Query()
	filter := bookings.Filter{ShowID: query.Get("show_id"), CustomerID: query.Get("customer_id"), Status: status}
	items, next, err := s.Bookings.AdminBookings(r.Context(), filter, limit, query.Get("cursor"))
	if err != nil {
		return err
	}
	shown := make([]staffBooking, len(items))
	for i, b := range items {
		shown[i] = forStaff(b)
	}
	return rest.Answer(w, http.StatusOK, rest.PageOf(shown, next))
}

func (s *service) getBooking(w http.ResponseWriter, r *http.Request) error {
	b, err := s.anyBooking(r)
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, forStaff(b))
}

func (s *service) anyBooking(r *http.Request) (booking.Booking, error) {
	id, err := rest.PathID(r, "booking")
	if err != nil {
		return booking.Booking{}, err
	}
	return s.Bookings.Booking(r.Context(), id)
}

// resend sends the confirmation again.
func (s *service) resend(w http.ResponseWriter, r *http.Request) error {
	var request workflows.ResendRequest
	if err := rest.DecodeOptional(w, r, &request); err != nil {
		return err
	}
	switch request.Channel {
	case "", booking.ChannelEmail, booking.ChannelSMS:
	default:
		return booking.Invalid(booking.FieldError{Field: "channel", Message: "Must be email or sms, or left out for all."})
	}
	return s.command(w, r, booking.E(booking.CodeConflict, "This booking is over; there is nothing to send again."),
		asked{"resend", request}, workflows.UpdateResend, request)
}

// extendHold gives the customer more time to pay.
func (s *service) extendHold(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Minutes int `json:"minutes"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if request.Minutes < 1 || request.Minutes > maxExtraMinutes {
		return booking.Invalid(booking.FieldError{
			Field: "minutes", Message: fmt.Sprintf("Must be from 1 to %d.", maxExtraMinutes)})
	}
	return s.command(w, r, booking.E(booking.CodeConflict, "This booking is no longer held."),
		asked{"extend-hold", request}, workflows.UpdateExtend, workflows.ExtendRequest{By: time.Duration(request.Minutes) * time.Minute})
}

// refundBody is what a refund asks for.
type refundBody struct {
	Percent *int64 `json:"percent"`
	Reason  string `json:"reason"`
}

func (request *refundBody) check(least int64) error {
	var fieldErrors booking.FieldErrors
	if request.Percent == nil || *request.Percent < least || *request.Percent > 100 {
		fieldErrors.Add("percent", "Must be from %d to 100.", least)
	}
	fieldErrors = append(fieldErrors, rest.Reason(&request.Reason, 1, " Say why.")...)
	return fieldErrors.Err()
}

func (request refundBody) by(r *http.Request) workflows.RefundRequest {
	return workflows.RefundRequest{Percent: *request.Percent, Reason: request.Reason, Staff: rest.CallerOf(r).AccountID}
}

// refund gives back a share of a booking's total. Before the show begins it cancels the
// booking. After that, the money is refunded and the booking stays.
func (s *service) refund(w http.ResponseWriter, r *http.Request) error {
	var request refundBody
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := request.check(0); err != nil {
		return err
	}
	b, err := s.anyBooking(r)
	if err == nil {
		err = s.noteCommand(r, b, asked{"refund", request})
	}
	if err == nil {
		err = s.giveBack(r, b, request.by(r))
	}
	if err != nil {
		return err
	}
	return s.getBooking(w, r)
}

// giveBack asks the booking's workflow or, when that is over, its aftercare.
func (s *service) giveBack(r *http.Request, b booking.Booking, request workflows.RefundRequest) error {
	err := saga.ErrEnded
	if !b.Status.Terminal() {
		err = s.Saga.Update(r.Context(), b.ID, workflows.UpdateRefund, request)
	}
	if !saga.IsOver(err) {
		return err
	}
	switch back := b.Refund; {
	case b.Ticket == nil:
		return booking.E(booking.CodeNotCancellable, "This booking cannot be cancelled.") // it was never sold
	case back != nil && back.Status == booking.MovementDone && back.Amount.Amount >= b.Quote.Share(request.Percent).Amount:
		return nil // as much is back already
	}
	return s.Saga.GiveBack(r.Context(), b, request, s.Policy)
}

// asked is a command as the audit log tells it.
type asked struct {
	action  string
	request any
}

// command sends a staff update and answers with the booking as it is then. over is the
// answer when the booking's workflow has ended. The request is logged first, so that the
// audit log also has the requests that fail.
func (s *service) command(w http.ResponseWriter, r *http.Request, over error, note asked, update string, request any) error {
	b, err := s.anyBooking(r)
	if err != nil {
		return err
	}
	if err := s.noteCommand(r, b, note); err != nil {
		return err
	}
	if b.Status.Terminal() || update == workflows.UpdateExtend && b.Status != booking.StatusHeld {
		return over // the database knows; the workflow need not be asked
	}
	err = s.Saga.Update(r.Context(), b.ID, update, request)
	if saga.IsOver(err) {
		err = over
	}
	if err != nil {
		return err
	}
	return s.getBooking(w, r)
}
