package seats

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/outage"
)

// The SQLSTATEs of the inventory's functions (schema/migrations, inventory).
const (
	stateSeatsUnavailable = "BX001"
	stateShowNotOnSale    = "BX002"
	stateTermsChanged     = "BX003"
	stateTooManyHolds     = "BX004"
	stateConflict         = "BX005"
	stateHoldLost         = "BX006"
	stateNotCancellable   = "BX007"
	stateNobodyWaits      = "BX008"
	stateNotEnded         = "BX009"
	stateNoChange         = "BX021"
	stateChoiceClosed     = "BX022"
	stateChosen           = "BX023"
	stateTooEarly         = "BX031"
)

// Postgres' own SQLSTATEs that are met here.
const (
	stateForeignKey = "23503"
	stateUnique     = "23505"
	stateExclusion  = "23P01"
)

// translate turns an error of a statement into one that crosses package
// boundaries. step names the statement for the log.
func translate(step string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("seats: %s: %w", step, err)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		// No answer: it may have happened or not. Every step can be repeated.
		return unavailable(err)
	}
	switch refused.Code {
	case stateSeatsUnavailable:
		return booking.SeatsUnavailable(takenSeats(refused)).Wrap(err)
	case stateShowNotOnSale:
		return notOnSale().Wrap(err)
	case stateTooManyHolds:
		return booking.E(booking.CodeTooManyHolds,
			"You are holding as many seats as you may. Pay for one of your bookings or let it go first.").Wrap(err)
	case stateConflict:
		return booking.E(booking.CodeConflict, "The booking's status does not allow this.").Wrap(err)
	case stateHoldLost:
		return booking.E(booking.CodeHoldLost, "The seats are no longer reserved for this booking.").Wrap(err)
	case stateNotCancellable:
		return booking.E(booking.CodeNotCancellable, "This booking can no longer be cancelled.").Wrap(err)
	case stateNobodyWaits:
		return booking.E(booking.CodeStartedLate, "It took too long to begin. Nothing was held.").Wrap(err)
	case stateNoChange:
		return booking.E(booking.CodeNotFound, "This booking's show was not changed.").Wrap(err)
	case stateChoiceClosed:
		return booking.E(booking.CodeChoiceClosed, "There is nothing to choose any more.").Wrap(err)
	case stateChosen:
		return booking.E(booking.CodeChoiceClosed, "The choice was made already: %s.", refused.Detail).Wrap(err)
	case stateForeignKey:
		return booking.E(booking.CodeForbidden, "This account can no longer book.").Wrap(err)
	case stateTermsChanged:
		return unavailable(err)
	}
	if outage.State(refused.Code) {
		return unavailable(err)
	}
	return booking.E(booking.CodeInternal, "Something went wrong on our side.").Wrap(err)
}

func unavailable(err error) error {
	return booking.E(booking.CodeUnavailable, "Booking is not possible at the moment. Try again shortly.").Wrap(err)
}

func notOnSale() *booking.Error {
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

// hasState tells whether Postgres refused with this SQLSTATE.
func hasState(err error, state string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == state
}
