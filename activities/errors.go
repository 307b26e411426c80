package activities

import (
	"context"
	"errors"
	"strings"

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
	booking.CodeUnpaidHolds:         {retry: false, benign: true},
	booking.CodeHoldLimit:           {retry: false, benign: true},
	booking.CodeStartedLate:         {retry: false, benign: true},
	booking.CodeNotCancellable:      {retry: false, benign: true},
	booking.CodeNotPayable:          {retry: false, benign: true},
	booking.CodeKeyReused:           {retry: false, benign: true},
	booking.CodeChoiceClosed:        {retry: false, benign: true},
	booking.CodeHoldNotExtendable:   {retry: false, benign: true},
	booking.CodeHoldLost:            {retry: false, benign: true},
	booking.CodePaymentRefused:      {retry: false, benign: true},
	booking.CodePaymentMismatch:     {retry: false, benign: false},
	booking.CodeProviderUnavailable: {retry: true, benign: true},
	booking.CodeHouseUnavailable:    {retry: true, benign: true},
	booking.CodeHouseRefused:        {retry: false, benign: false},
	booking.CodePriceChanged:        {retry: false, benign: true},
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
	if why := databaseFault(err); why != "" && e.Code == booking.CodeInternal {
		e = booking.E(booking.CodeDatabaseRefused, "The database refuses this step: %s. Trying again cannot fix that; "+
			"the step goes on when somebody has.", why).Wrap(err)
	}
	if cause := e.Unwrap(); cause != nil {
		activity.GetLogger(ctx).Warn("activity failed", "code", e.Code, "cause", cause)
	}
	return fromError(e)
}

// databaseFaults are the classes of SQLSTATE for which a retry cannot help (PostgreSQL,
// Appendix A), in words that reveal no internals.
var databaseFaults = map[string]string{
	"0A": "it does not support what was asked",
	"21": "a statement gave more rows than it may",
	"22": "a value does not fit its type",
	"23": "a value breaks a rule of its table",
	"3F": "a schema is missing",
	"42": "a table, column or function is missing or is not as expected",
	"44": "a value breaks a rule of its view",
	"P0": "a function of ours gave up",
	"XX": "something in it is damaged",
}

// databaseFault describes a database error that a retry cannot fix, with its class; empty
// for any other error.
func databaseFault(err error) string {
	var refused interface{ SQLState() string }
	if !errors.As(err, &refused) {
		return ""
	}
	for class, meaning := range databaseFaults {
		if strings.HasPrefix(refused.SQLState(), class) {
			return meaning + " (SQLSTATE class " + class + ")"
		}
	}
	return ""
}

// fromError is the Temporal form of a booking.Error, without its cause.
func fromError(e *booking.Error) error {
	rule, known := outcomes[e.Code]
	if !known {
		rule.retry = true
	}
	options := temporal.ApplicationErrorOptions{
		NonRetryable: !rule.retry,
		// Zero leaves it to the step's own pauses.
		NextRetryDelay: e.RetryAfter,
		Details:        []any{booking.Refusal{Fields: e.Fields, Seats: e.Seats, Reason: e.Reason, RetryAfter: e.RetryAfter}},
	}
	if rule.benign {
		options.Category = temporal.ApplicationErrorCategoryBenign
	}
	return temporal.NewApplicationErrorWithOptions(e.Message, string(e.Code), options)
}
