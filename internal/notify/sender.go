package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// Sender is one messaging vendor. Errors are *VendorError; any other error is
// taken for an unknown outcome.
type Sender interface {
	// Name is how records and logs call the vendor.
	Name() string
	// Send hands the message over, in one request that is never repeated inside.
	Send(ctx context.Context, message booking.Message) (vendorID string, err error)
	// Find asks whether the vendor has the message, handed over after since.
	Find(ctx context.Context, message booking.Message, since time.Time) (vendorID string, found bool, err error)
}

// Outcome is what a failed call to a vendor means for the message.
type Outcome int

// The outcomes. Only OutcomeUnknown leaves open whether the vendor has the
// message.
const (
	// OutcomeUnknown: the request may have arrived and no answer tells.
	OutcomeUnknown Outcome = iota
	// OutcomeNotAccepted: the vendor is away, failed, or told us to slow down.
	OutcomeNotAccepted
	// OutcomeRefused: the vendor refuses this message, and would again.
	OutcomeRefused
	// OutcomeDenied: the vendor refuses us, not the message: wrong key, suspended
	// account, wrong address of the API. Staff can repair it.
	OutcomeDenied
	// OutcomeUnaskable: the vendor does not tell us what it has.
	OutcomeUnaskable
	// OutcomeGone: there is no such recipient any more.
	OutcomeGone
)

// String names the outcome for the records.
func (o Outcome) String() string {
	switch o {
	case OutcomeNotAccepted:
		return "not accepted"
	case OutcomeRefused:
		return "refused"
	case OutcomeDenied:
		return "denied"
	case OutcomeUnaskable:
		return "cannot be asked"
	case OutcomeGone:
		return "recipient is gone"
	default:
		return "outcome unknown"
	}
}

// VendorError is a failed call to a vendor. It ends up in logs and in the
// notifications table, so Reason never holds an address, a number or a text:
// vendors like to quote them in their messages.
type VendorError struct {
	Vendor  string
	Outcome Outcome
	Status  int    // the HTTP status, 0 when there was no answer
	Reason  string // the vendor's error code, or what happened on the wire
	// RetryAfter is how long the vendor wants to be left alone; zero when it does not say.
	RetryAfter time.Duration
}

// Error implements error.
func (e *VendorError) Error() string {
	text := e.Vendor + ": " + e.Outcome.String()
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

func outcomeOf(err error) Outcome {
	var vendor *VendorError
	if errors.As(err, &vendor) {
		return vendor.Outcome
	}
	return OutcomeUnknown
}
