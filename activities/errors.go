package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/boxoffice/boxoffice/booking"
)

// outcome says how Temporal treats an error code: whether trying again can help,
// and whether it is part of normal business (benign) rather than a fault.
type outcome struct{ retry, benign bool }

// outcomes is the one table from codes to Temporal. A code that is not in it may
// be tried again and is a fault.
var outcomes = map[booking.Code]outcome{
	booking.CodeValidation:          {retry: false, benign: true},
	booking.CodeForbidden:           {retry: false, benign: true},
	booking.CodeNotFound:            {retry: false, benign: false},
	booking.CodeConflict:            {retry: false, benign: true},
	booking.CodeSeatsUnavailable:    {retry: false, benign: true},
	booking.CodeShowNotOnSale:       {retry: false, benign: true},
	booking.CodeTooManyHolds:        {retry: false, benign: true},
	booking.CodeNotCancellable:      {retry: false, benign: true},
	booking.CodeNotPayable:          {retry: false, benign: true},
	booking.CodeKeyReused:           {retry: false, benign: true},
	booking.CodeChoiceClosed:        {retry: false, benign: true},
	booking.CodeHoldLost:            {retry: false, benign: true},
	booking.CodePaymentRefused:      {retry: false, benign: true},
	booking.CodePaymentMismatch:     {retry: false, benign: false},
	booking.CodeProviderUnavailable: {retry: true, benign: true},
	booking.CodeFastPathSkipped:     {retry: true, benign: true},
	booking.CodeBusy:                {retry: true, benign: true},
	booking.CodeTooManyRequests:     {retry: false, benign: true},
}

// toTemporal turns an error into what Temporal understands. The cause stays in
// the log: workflow histories are read by support staff.
func toTemporal(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var e *booking.Error
	if !errors.As(err, &e) {
		e = booking.E(booking.CodeInternal, "Something went wrong inside.").Wrap(err)
	}
	if cause := e.Unwrap(); cause != nil {
		activity.GetLogger(ctx).Warn("activity failed", "code", e.Code, "cause", cause)
	}
	return FromError(e)
}

// FromError is the Temporal form of a booking.Error, without its cause.
func FromError(e *booking.Error) error {
	rule, known := outcomes[e.Code]
	if !known {
		rule.retry = true
	}
	options := temporal.ApplicationErrorOptions{
		NonRetryable: !rule.retry,
		Details:      []any{booking.Refusal{Fields: e.Fields, Seats: e.Seats}},
	}
	if rule.benign {
		options.Category = temporal.ApplicationErrorCategoryBenign
	}
	return temporal.NewApplicationErrorWithOptions(e.Message, string(e.Code), options)
}
