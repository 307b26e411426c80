package bookings

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/api/saga"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/showchanges"
	"github.com/boxoffice/boxoffice/workflows"
)

// bookingChange says what happened to the booking's show, and what the customer may choose.
func (s *service) bookingChange(w http.ResponseWriter, r *http.Request) error {
	b, changed, err := s.changedBooking(r)
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, changeAnswer{changed, s.moves(r.Context(), b, changed)})
}

func (s *service) changedBooking(r *http.Request) (booking.Booking, showchanges.BookingChange, error) {
	b, err := s.ownBooking(r)
	if err != nil {
		return b, showchanges.BookingChange{}, err
	}
	change, err := s.Changes.BookingChange(r.Context(), b.ID)
	return b, change, err
}

// maxSeatName keeps what cannot be a seat out of workflow histories.
const maxSeatName = 20

// choice is what the customer of a moved show asks for.
type choice struct {
	Choice booking.ChangeChoice `json:"choice"`
	ShowID string               `json:"show_id"`
	Seats  []string             `json:"seats"`
}

func (c choice) check() error {
	var fieldErrors booking.FieldErrors
	moves := c.Choice == booking.ChoiceMove
	switch c.Choice {
	case booking.ChoiceKeep, booking.ChoiceMove, booking.ChoiceRefund:
	default:
		fieldErrors.Add("choice", "Must be keep, move or refund.")
	}
	switch _, err := uuid.Parse(c.ShowID); {
	case !moves && c.ShowID != "":
		fieldErrors.Add("show_id", "Belongs to the choice to move.")
	case moves && err != nil:
		fieldErrors.Add("show_id", "This is not an id.")
	}
	switch {
	case !moves && len(c.Seats) > 0:
		fieldErrors.Add("seats", "Belongs to the choice to move.")
	case moves && (len(c.Seats) == 0 || len(c.Seats) > booking.MaxSeats):
		fieldErrors.Add("seats", "Choose from 1 to %d seats.", booking.MaxSeats)
	}
	for i, seat := range c.Seats {
		if len(seat) > maxSeatName {
			fieldErrors.Add(fmt.Sprintf("seats[%d]", i), "There is no such seat.")
		}
	}
	return fieldErrors.Err()
}

// chooseChange has the booking's workflow carry out the customer's choice about a moved
// show. The database decides whether there is time to choose; here a repeated choice gets
// its answer again.
func (s *service) chooseChange(w http.ResponseWriter, r *http.Request) error {
	var wish choice
	b, change, err := s.changedBooking(r)
	if err == nil {
		err = rest.Decode(w, r, &wish)
	}
	if err == nil {
		err = wish.check()
	}
	if err == nil && b.Status == booking.StatusHeld {
		err = booking.E(booking.CodeConflict, "Pay for the booking first; then choose.")
	}
	if err != nil {
		return err
	}
	done, err := settledBefore(b, change, wish)
	switch {
	case err != nil || done:
	case b.Status.Terminal():
		err = saga.ErrEnded // or as good as that: there may still be money under way
	default:
		err = s.Saga.Update(r.Context(), b.ID, workflows.UpdateChoose, workflows.ChangeDecision{
			ChangeID: change.ID, Choice: wish.Choice, ShowID: wish.ShowID, Seats: wish.Seats,
		})
	}
	if saga.IsOver(err) {
		err = s.choiceOfEnded(r, wish)
	}
	return s.answerOwn(w, r, err)
}

// settledBefore tells whether the wish was carried out before, and refuses a wish that
// differs from the choice.
func settledBefore(b booking.Booking, change showchanges.BookingChange, wish choice) (bool, error) {
	switch {
	case change.Kind != booking.ChangeRescheduled:
		return false, booking.E(booking.CodeChoiceClosed, "The show was cancelled; all the money goes back.")
	case change.Choice == "":
		return false, nil
	case change.Choice != wish.Choice:
		return false, booking.E(booking.CodeChoiceClosed, "The choice was made already: %s.", change.Choice)
	case wish.Choice == booking.ChoiceMove && !sameSeats(b, wish):
		return false, booking.E(booking.CodeChoiceClosed, "The choice was made already: to move to another show or other seats.")
	default:
		// A refund may be stored and not carried out yet.
		return wish.Choice != booking.ChoiceRefund || b.Status.Terminal(), nil
	}
}

func sameSeats(b booking.Booking, wish choice) bool {
	return b.Show.ID == wish.ShowID && slices.Equal(booking.SortSeats(b.Seats), booking.SortSeats(wish.Seats))
}

// choiceOfEnded answers for a workflow that is over. It may have done just before what it
// is asked for. Or staff terminated it: then the choice is stored here, and the workflow of
// the show's change makes the refund.
func (s *service) choiceOfEnded(r *http.Request, wish choice) error {
	b, change, err := s.changedBooking(r)
	if err != nil {
		return err
	}
	if done, err := settledBefore(b, change, wish); err != nil || done {
		return err
	}
	_, err = s.Changes.Choose(r.Context(), booking.Choice{
		BookingID: b.ID, ChangeID: change.ID, Choice: wish.Choice, ShowID: wish.ShowID, Seats: wish.Seats,
	})
	return err
}
