package booking

import "time"

// Extension moves the end of a hold.
type Extension struct {
	BookingID string `json:"booking_id"`
	// Known is when the hold ends as far as the caller knows. If it ends at another time,
	// an earlier try has moved it. Zero moves it in any case.
	Known time.Time     `json:"known"`
	By    time.Duration `json:"by"`
	// FromNow counts By from the database's time, and not from the end that the hold has.
	// The new end is then no later than the start of the show, and no earlier than the old
	// end.
	FromNow bool `json:"from_now,omitempty"`
	// AtMost is how long after it was made the hold may end, if FromNow; Unproved is the same
	// of a customer who has neither proved an address nor bought a ticket. Zero is no limit.
	AtMost   time.Duration `json:"at_most,omitempty"`
	Unproved time.Duration `json:"unproved,omitempty"`
}

// Why a customer's hold is not extended.
const (
	ReasonLimitReached   = "limit_reached"
	ReasonShowStartsSoon = "show_starts_soon"
	ReasonNotHeld        = "not_held" // it is paid, or over
	ReasonTheaterDecides = "theater_decides"
)

// NotExtendable refuses a customer more time to pay, for one of the reasons.
func NotExtendable(reason string) *Error {
	message := "These seats are not waiting for a payment any more."
	switch reason {
	case ReasonLimitReached:
		message = "The time to pay was extended as often as the theater allows. Pay before it is over."
	case ReasonShowStartsSoon:
		message = "The show starts too soon for more time. Pay before the time is over."
	case ReasonTheaterDecides:
		message = "The theater's own system holds these seats for no longer. Pay before the time is over."
	}
	e := E(CodeHoldNotExtendable, "%s", message)
	e.Reason = reason
	return e
}
