package office

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/boxoffice/boxoffice/booking"
)

// The statuses of answers.
const (
	statusOK             = 0
	statusFailed         = 1 // nothing was done
	statusFailedAfter    = 2 // it was done, and then something failed
	statusBusy           = 3
	statusFeedStarts     = 5 // the schedule no longer knows the version
	statusNoShow         = 10
	statusNotOnSale      = 11
	statusTaken          = 12
	statusNoPlace        = 13
	statusWrongCategory  = 14
	statusKnownReference = 15
	statusNoOrder        = 20
	statusOver           = 21 // deleted, or its time has passed
	statusConfirmed      = 22
	statusWrongAmount    = 23
	statusConfirming     = 24
	statusSold           = 25 // cannot be deleted
	statusTooLate        = 26
	statusCancelled      = 27
)

// refusal is an answer whose status is not 0. Its text stays out of errors.
type refusal struct {
	status int
	text   string
	taken  []place
}

// Error implements error.
func (r *refusal) Error() string { return fmt.Sprintf("status %d", r.status) }

// said is the status of an answer; statusOK when there is no refusal.
func said(err error) int {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.status
	}
	return statusOK
}

// httpStatus is an answer that did not come from the office's own program.
type httpStatus int

// Error implements error.
func (s httpStatus) Error() string { return fmt.Sprintf("HTTP %d", int(s)) }

// fail sorts an error by its meaning for the caller. An error that has a code keeps it.
func (h *House) fail(ctx context.Context, key string, err error) error {
	var known *booking.Error
	if errors.As(err, &known) {
		return err
	}
	var transport *url.Error
	if errors.As(err, &transport) {
		err = transport.Err // without the address
	}
	coded := classify(err)
	h.log.LogAttrs(ctx, slog.LevelWarn, "the ticket office said no", slog.String("order", key),
		slog.String("code", string(coded.Code)), slog.Any("error", err))
	return coded.Wrap(err)
}

func classify(err error) *booking.Error {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.classify()
	}
	var status httpStatus
	if errors.As(err, &status) {
		switch status {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
			// Wrong credentials, or a wrong address: ours to correct, and nothing was done.
			return booking.E(booking.CodeHouseError, "The theater's system did not let us in.")
		}
	}
	return silent()
}

// silent is every case without an answer: no connection, a timeout, or a reply that cannot be
// read. The outcome is unknown.
func silent() *booking.Error {
	return booking.E(booking.CodeHouseUnavailable, "The theater's system did not answer.")
}

func (r *refusal) classify() *booking.Error {
	switch r.status {
	case statusFailed:
		return booking.E(booking.CodeHouseError, "The theater's system reported a failure of its own.")
	case statusFailedAfter, statusBusy, statusConfirming:
		return silent()
	case statusNoShow, statusNoOrder:
		return booking.E(booking.CodeNotFound, "The theater's system does not know it.")
	case statusNotOnSale:
		return booking.E(booking.CodeShowNotOnSale, "The theater does not sell this show.")
	case statusTaken:
		return booking.SeatsUnavailable(nil)
	case statusOver:
		return holdLost()
	case statusWrongAmount:
		return priceChanged()
	case statusConfirmed, statusSold:
		return booking.E(booking.CodeConflict, "The theater has sold these seats.")
	case statusTooLate:
		return booking.E(booking.CodeNotCancellable, "The theater cancels no tickets for this show any more.")
	default:
		return booking.E(booking.CodeHouseRefused, "The theater's system refused the request.")
	}
}

func holdLost() *booking.Error {
	return booking.E(booking.CodeHoldLost, "The theater no longer holds these seats.")
}

func priceChanged() *booking.Error {
	return booking.E(booking.CodePriceChanged, "The theater has changed its prices.")
}
