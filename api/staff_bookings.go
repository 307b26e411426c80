package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/workflows"
)

const maxExtraMinutes = 60

// staffBooking is a booking with what staff may know on top. What only the payer
// needs to pay is left out.
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

func (a *api) staffListBookings(w http.ResponseWriter, r *http.Request) {
	limit, limitErr := limitOf(r)
	status, statusErr := statusOf(r)
	if err := invalidTogether(limitErr, statusErr); err != nil {
		a.fail(w, r, err)
		return
	}
	query := r.URL.Query()
	filter := bookings.Filter{ShowID: query.Get("show_id"), CustomerID: query.Get("customer_id"), Status: status}
	items, next, err := a.Bookings.AdminBookings(r.Context(), filter, limit, query.Get("cursor"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	shown := make([]staffBooking, len(items))
	for i, b := range items {
		shown[i] = forStaff(b)
	}
	a.answer(w, r, http.StatusOK, pageOf(shown, next))
}

func (a *api) staffGetBooking(w http.ResponseWriter, r *http.Request) {
	b, err := a.anyBooking(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, forStaff(b))
}

func (a *api) anyBooking(r *http.Request) (booking.Booking, error) {
	id, err := pathID(r, "booking")
	if err != nil {
		return booking.Booking{}, err
	}
	return a.Bookings.Booking(r.Context(), id)
}

// resend sends the confirmation again.
func (a *api) resend(w http.ResponseWriter, r *http.Request) {
	var request workflows.ResendRequest
	if err := decodeOptional(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	switch request.Channel {
	case "", booking.ChannelEmail, booking.ChannelSMS:
	default:
		a.fail(w, r, booking.Invalid(booking.FieldError{Field: "channel", Message: "Must be email or sms, or left out for all."}))
		return
	}
	a.command(w, r, booking.E(booking.CodeConflict, "This booking is over; there is nothing to send again."),
		asked{"resend", request}, workflows.UpdateResend, request)
}

// extendHold gives the customer more time to pay.
func (a *api) extendHold(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Minutes int `json:"minutes"`
	}
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	if request.Minutes < 1 || request.Minutes > maxExtraMinutes {
		a.fail(w, r, booking.Invalid(booking.FieldError{
			Field: "minutes", Message: fmt.Sprintf("Must be from 1 to %d.", maxExtraMinutes)}))
		return
	}
	a.command(w, r, booking.E(booking.CodeConflict, "This booking is no longer held."),
		asked{"extend-hold", request}, workflows.UpdateExtend, workflows.ExtendRequest{By: time.Duration(request.Minutes) * time.Minute})
}

// refundBody is what a refund asks for.
type refundBody struct {
	Percent *int64 `json:"percent"`
	Reason  string `json:"reason"`
}

func (request *refundBody) check(least int64) error {
	var problems []booking.FieldError
	if request.Percent == nil || *request.Percent < least || *request.Percent > 100 {
		problems = append(problems, booking.FieldError{Field: "percent", Message: fmt.Sprintf("Must be from %d to 100.", least)})
	}
	problems = append(problems, checkReason(&request.Reason, 1, " Say why.")...)
	if len(problems) > 0 {
		return booking.Invalid(problems...)
	}
	return nil
}

func (request refundBody) by(r *http.Request) workflows.RefundRequest {
	return workflows.RefundRequest{Percent: *request.Percent, Reason: request.Reason, Staff: principalOf(r).AccountID}
}

// refund gives back a share of a booking's total. Before the show begins it cancels the
// booking; of one that is over, the money goes back and the booking stays.
func (a *api) refund(w http.ResponseWriter, r *http.Request) {
	var request refundBody
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	if err := request.check(0); err != nil {
		a.fail(w, r, err)
		return
	}
	b, err := a.anyBooking(r)
	if err == nil {
		err = a.noteCommand(r, b, asked{"refund", request})
	}
	if err == nil {
		err = a.giveBack(r, b, request.by(r))
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.staffGetBooking(w, r)
}

// giveBack asks the booking's workflow or, when that is over, its aftercare.
func (a *api) giveBack(r *http.Request, b booking.Booking, request workflows.RefundRequest) error {
	err := ErrEnded
	if !b.Status.Terminal() {
		err = a.Saga.Update(r.Context(), b.ID, workflows.UpdateRefund, request)
	}
	if !isOver(err) {
		return err
	}
	switch back := b.Refund; {
	case b.Ticket == nil:
		return notCancellable() // it was never sold
	case back != nil && back.Status == booking.MovementDone && back.Amount.Amount >= b.Quote.Share(request.Percent).Amount:
		return nil // as much is back already
	}
	return a.Saga.GiveBack(r.Context(), b, request, a.Policy)
}

// asked is a command as the audit log tells it.
type asked struct {
	action  string
	request any
}

// command sends a staff update and answers with the booking as it is then. over
// is the answer when the booking's workflow has ended. What was asked is written
// down first, so that the log also knows of what then fails.
func (a *api) command(w http.ResponseWriter, r *http.Request, over error, note asked, update string, request any) {
	b, err := a.anyBooking(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if err := a.noteCommand(r, b, note); err != nil {
		a.fail(w, r, err)
		return
	}
	if b.Status.Terminal() || update == workflows.UpdateExtend && b.Status != booking.StatusHeld {
		a.fail(w, r, over) // the database knows; the workflow need not be asked
		return
	}
	err = a.Saga.Update(r.Context(), b.ID, update, request)
	if isOver(err) {
		err = over
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.staffGetBooking(w, r)
}
