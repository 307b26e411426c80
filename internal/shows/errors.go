package shows

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/outage"
)

// The SQLSTATEs of the database's functions (schema/functions) and of Postgres
// itself that a caller has an answer of its own to.
const (
	StateTermsChanged = "BX003"
	StateTooEarly     = "BX031"
	StateUnique       = "23505"
)

// The SQLSTATEs that Translate puts into words.
const (
	stateSeatsUnavailable = "BX001"
	stateShowNotOnSale    = "BX002"
	stateTooManyHolds     = "BX004"
	stateConflict         = "BX005"
	stateHoldLost         = "BX006"
	stateNotCancellable   = "BX007"
	stateTooLate          = "BX008"
	stateNoChange         = "BX021"
	stateChoiceClosed     = "BX022"
	stateChosen           = "BX023"
	stateHoarding         = "BX051"
	stateHeldLongEnough   = "BX052"
	stateCardLimit        = "BX053"
	stateHouseClosed      = "BX061"
	stateForeignKey       = "23503"
)

func translate(step string, err error) error { return Translate("shows: "+step, err) }

// Translate turns an error of a statement into one that crosses package
// boundaries. step names the package and the statement for the log.
func Translate(step string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", step, err)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		// No answer: it may have happened or not. Every step can be repeated.
		return Unavailable(err)
	}
	switch refused.Code {
	case stateSeatsUnavailable:
		return booking.SeatsUnavailable(takenSeats(refused)).Wrap(err)
	case stateShowNotOnSale:
		return NotOnSale().Wrap(err)
	case stateHouseClosed:
		return booking.TheaterPaused().Wrap(err)
	case stateTooManyHolds:
		return booking.E(booking.CodeTooManyHolds,
			"You are holding as many seats as you may. Pay for one of your bookings or let it go first.").Wrap(err)
	case stateHoarding:
		return hoarding(refused).Wrap(err)
	case stateHeldLongEnough:
		return booking.NotExtendable(booking.ReasonLimitReached).Wrap(err)
	case stateCardLimit:
		return booking.E(booking.CodePaymentRefused, "This card has bought as many seats of this show as one card may.").Wrap(err)
	case stateConflict:
		return booking.E(booking.CodeConflict, "The booking's status does not allow this.").Wrap(err)
	case stateHoldLost:
		return booking.E(booking.CodeHoldLost, "The seats are no longer reserved for this booking.").Wrap(err)
	case stateNotCancellable:
		return booking.E(booking.CodeNotCancellable, "This booking can no longer be cancelled.").Wrap(err)
	case stateTooLate:
		return booking.E(booking.CodeStartedLate, "It took too long to begin. Nothing was held.").Wrap(err)
	case stateNoChange:
		return booking.E(booking.CodeNotFound, "This booking's show was not changed.").Wrap(err)
	case stateChoiceClosed:
		return booking.E(booking.CodeChoiceClosed, "There is nothing to choose any more.").Wrap(err)
	case stateChosen:
		return booking.E(booking.CodeChoiceClosed, "The choice was made already: %s.", refused.Detail).Wrap(err)
	case stateForeignKey:
		return booking.E(booking.CodeForbidden, "This account can no longer book.").Wrap(err)
	case StateTermsChanged:
		return Unavailable(err)
	}
	if outage.State(refused.Code) {
		return Unavailable(err)
	}
	return booking.E(booking.CodeInternal, "Something went wrong on our side.").Wrap(err)
}

// Unavailable says that the database gave no answer in time.
func Unavailable(err error) error {
	return booking.E(booking.CodeUnavailable, "Booking is not possible at the moment. Try again shortly.").Wrap(err)
}

// NotOnSale refuses seats of a show that is not on sale.
func NotOnSale() *booking.Error {
	return booking.E(booking.CodeShowNotOnSale, "This show is not on sale.")
}

// takenSeats reads the seats that hold_seats names in its DETAIL.
func takenSeats(refused *pgconn.PgError) []string {
	var seats []string
	if json.Unmarshal([]byte(refused.Detail), &seats) != nil {
		return nil
	}
	return seats
}

// hoarding reads why a hold is refused.
func hoarding(refused *pgconn.PgError) *booking.Error {
	var why booking.HoldRefusal
	if json.Unmarshal([]byte(refused.Detail), &why) != nil {
		why = booking.HoldRefusal{}
	}
	return why.Refuse()
}

// UnknownShow makes a show that a request names and that is not there a problem
// of the request.
func UnknownShow(err error) error {
	if booking.CodeOf(err) == booking.CodeNotFound {
		return booking.Invalid(booking.FieldError{Field: "show_id", Message: "There is no such show."})
	}
	return err
}

// HasState tells whether Postgres refused with this SQLSTATE.
func HasState(err error, state string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == state
}
