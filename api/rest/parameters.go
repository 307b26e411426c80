package rest

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/internal/text"
)

const (
	maxReason    = 500 // characters
	maxKeyLength = 255
)

// PathID reads the UUID in the path. Anything else names nothing: 404.
func PathID(r *http.Request, what string) (string, error) {
	id, err := PathUUID(r, what)
	if err != nil {
		return "", err
	}
	return id.String(), nil
}

// PathUUID is PathID in its parsed form.
func PathUUID(r *http.Request, what string) (uuid.UUID, error) {
	id, err := uuid.Parse(mux.Vars(r)["id"])
	if err != nil {
		return uuid.Nil, booking.E(booking.CodeNotFound, "There is no such %s.", what)
	}
	return id, nil
}

// Limit reads ?limit.
func Limit(r *http.Request) (int, error) { return ParseLimit(r.URL.Query().Get("limit")) }

// ParseLimit reads a limit: empty is paging.Default. Code: validation_failed.
func ParseLimit(text string) (int, error) {
	if text == "" {
		return paging.Default, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > paging.Largest {
		return 0, booking.Invalid(booking.FieldError{
			Field: "limit", Message: fmt.Sprintf("Must be a whole number from 1 to %d.", paging.Largest),
		})
	}
	return limit, nil
}

// WrongPoint says how to write a point.
const WrongPoint = "Write latitude,longitude in degrees, for example 19.076,72.8777."

// Point reads latitude,longitude in degrees.
func Point(text string) (lat, lon float64, ok bool) {
	latitude, longitude, _ := strings.Cut(text, ",")
	lat, okLat := degrees(latitude, 90)
	lon, okLon := degrees(longitude, 180)
	return lat, lon, okLat && okLon
}

func degrees(text string, most float64) (float64, bool) {
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return value, err == nil && math.Abs(value) <= most // NaN compares as false
}

// BookingStatus reads ?status.
func BookingStatus(r *http.Request) (booking.Status, error) {
	all := []booking.Status{booking.StatusHeld, booking.StatusConfirmed, booking.StatusCancelled,
		booking.StatusExpired, booking.StatusPaymentFailed, booking.StatusRejected}
	status := booking.Status(r.URL.Query().Get("status"))
	if status == "" || slices.Contains(all, status) {
		return status, nil
	}
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = string(s)
	}
	return "", booking.Invalid(booking.FieldError{
		Field: "status", Message: "Must be one of: " + strings.Join(names, ", ") + "."})
}

// Reason gives a reason that a person wrote its stored form. least is 0 or 1
// characters; more goes on with what to write.
func Reason(reason *string, least int, more string) booking.FieldErrors {
	*reason = text.Paragraphs(*reason)
	wrong := text.WrongParagraphs(*reason, least, maxReason)
	if wrong == "" {
		return nil
	}
	return booking.FieldErrors{{Field: "reason", Message: wrong + more}}
}

// Invalid joins validation errors, so that a caller sees all of them at once.
func Invalid(errs ...error) error {
	var fields booking.FieldErrors
	for _, err := range errs {
		if e, ok := err.(*booking.Error); ok && e != nil { // made by the readers above, never wrapped
			fields = append(fields, e.Fields...)
		}
	}
	return fields.Err()
}

// IdempotencyKey reads the header of that name. Codes: idempotency_key_missing,
// malformed_request.
func IdempotencyKey(r *http.Request) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	switch {
	case key == "":
		return "", booking.E(booking.CodeKeyMissing,
			"Send an Idempotency-Key header with a value of your own choice, new for every booking.")
	case len(key) > maxKeyLength || strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }):
		e := booking.E(booking.CodeMalformed, "The Idempotency-Key cannot be used.")
		e.Fields = []booking.FieldError{{Field: "Idempotency-Key",
			Message: fmt.Sprintf("Must be 1 to %d visible ASCII characters without spaces.", maxKeyLength)}}
		return "", e
	}
	return key, nil
}
