package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/seats"
	"github.com/boxoffice/boxoffice/workflows"
)

const (
	maxKeyLength  = 255
	maxSeatLength = 20
)

// bookingNamespace makes the ids of bookings from customers and their keys
// (RFC 9562, section 5.5): a repeat reaches the booking of its first time.
var bookingNamespace = uuid.MustParse("6d0f9f5e-5f0b-4a57-8f0a-1c7f0d2b9e64")

type bookingRequest struct {
	ShowID  string        `json:"show_id"`
	Seats   []string      `json:"seats"`
	Payment paymentChoice `json:"payment"`
	// Accessible as in booking.HoldRequest.
	Accessible *bool `json:"accessible"`
}

type paymentChoice struct {
	Provider string `json:"provider"`
}

// attempt is one request to book, on its way.
type attempt struct {
	customer, key, hash string
	bookingID           string
	request             bookingRequest
}

// createBooking holds seats and opens the payment. The cheap read comes first, so
// that most of a rush for the same seats ends without a workflow; what the
// workflow then says is stored under the key, and everybody who asks with that
// key gets the stored bytes.
func (a *api) createBooking(w http.ResponseWriter, r *http.Request) {
	try, err := a.readAttempt(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	leave, answered := a.takeTurn(w, r, try)
	if answered {
		return
	}
	defer leave()
	a.begin(w, r, try)
}

// turnWithin is how long a request waits for others that want the same seats.
const turnWithin = 3 * time.Second

// takeTurn looks whether the request has any hope, and waits while somebody else
// tries for the same seats: most of those who wait are turned away by the next
// look, without a workflow. Whoever has waited long enough goes on all the same.
func (a *api) takeTurn(w http.ResponseWriter, r *http.Request, try attempt) (leave func(), answered bool) {
	patience, cancel := context.WithTimeout(r.Context(), turnWithin)
	defer cancel()
	for {
		if a.precheck(w, r, try) {
			return nil, true
		}
		leave, wait := a.turnstile.Enter(try.request.ShowID, try.request.Seats)
		if leave != nil {
			return leave, false
		}
		select {
		case <-wait:
		case <-patience.Done():
			return func() {}, false
		}
	}
}

// precheck answers a request that is known already or has no hope.
func (a *api) precheck(w http.ResponseWriter, r *http.Request, try attempt) (answered bool) {
	known, err := a.Seats.Precheck(r.Context(), seats.PrecheckRequest{
		CustomerID: try.customer, Key: try.key, BookingID: try.bookingID,
		ShowID: try.request.ShowID, Seats: try.request.Seats, Accessible: try.request.Accessible,
	})
	switch {
	case err != nil:
		a.fail(w, r, err)
	case known.Answer != nil && known.Answer.RequestHash != try.hash,
		known.Begun && known.RequestHash != try.hash:
		a.fail(w, r, keyReused())
	case known.Answer != nil:
		w.Header().Set("Idempotent-Replayed", "true")
		a.tell(w, r, try, *known.Answer)
	default:
		return false
	}
	return true
}

// begin has the workflow hold the seats, and stores what came of it.
func (a *api) begin(w http.ResponseWriter, r *http.Request, try attempt) {
	status, body, err := a.hold(r.Context(), try)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	stored, err := a.Seats.SaveAnswer(r.Context(), try.customer, try.key, try.hash, status, body)
	switch {
	case err != nil:
		a.fail(w, r, err)
	case stored.RequestHash != try.hash:
		a.fail(w, r, keyReused())
	default:
		a.tell(w, r, try, stored)
	}
}

// hold gives the answer to be stored. An error is an answer that is not: the
// same request may end otherwise when it is repeated.
func (a *api) hold(ctx context.Context, try attempt) (status int, body []byte, err error) {
	show, err := a.showSummary(ctx, try.request.ShowID)
	if err != nil {
		return 0, nil, err
	}
	held, err := a.Saga.Hold(ctx, workflows.BookingInput{
		BookingID:   try.bookingID,
		CustomerID:  try.customer,
		ShowID:      show.ID,
		Seats:       booking.SortSeats(try.request.Seats),
		Provider:    try.request.Payment.Provider,
		RequestHash: try.hash,
		Policy:      a.Policy,
		Accessible:  try.request.Accessible,
	}, show)
	// Whatever came of it, who looks at the seats next sees it here at once.
	a.Feed.Changed(show.ID)
	switch {
	case errors.Is(err, ErrEnded):
		// Temporal no longer knows. The database does, if there ever was a hold.
	case isFinal(err) && held.RequestHash != "" && held.RequestHash != try.hash:
		return 0, nil, keyReused()
	case isFinal(err):
		return renderRefusal(err)
	case err != nil:
		return 0, nil, err
	case held.RequestHash != try.hash:
		return 0, nil, keyReused()
	}
	b, err := a.Seats.CustomerBooking(ctx, try.customer, try.bookingID)
	if booking.CodeOf(err) == booking.CodeNotFound {
		return renderRefusal(booking.E(booking.CodeConflict, "The first request with this key held no seats.").Wrap(err))
	}
	if err != nil {
		return 0, nil, err
	}
	if b.Status == booking.StatusHeld && b.Payment == nil {
		// Half made: whoever waited for the rest was cut off. The same key finds it.
		return 0, nil, booking.E(booking.CodeUnavailable,
			"The booking is still being worked on. Ask again with the same Idempotency-Key in a moment.")
	}
	a.addCheckoutSecret(b.Payment)
	if body, err = json.Marshal(b); err != nil {
		return 0, nil, fmt.Errorf("render booking %s: %w", b.ID, err)
	}
	return http.StatusCreated, body, nil
}

// renderRefusal is for an answer that is final: its workflow has ended, and the
// key with it.
func renderRefusal(err error) (status int, body []byte, _ error) {
	document, kind := problemOf(err)
	if kind.retryAfter != "" || document.Code == booking.CodeConflict {
		document.Detail += " Use a new Idempotency-Key to try again."
	}
	if body, err = json.Marshal(document); err != nil {
		return 0, nil, fmt.Errorf("render problem %s: %w", document.Code, err)
	}
	return kind.status, body, nil
}

// tell sends a stored answer.
func (a *api) tell(w http.ResponseWriter, r *http.Request, try attempt, answer seats.Answer) {
	exchangeOf(r.Context()).subject = try.bookingID
	w.Header().Set("Cache-Control", "no-store")
	if answer.Status == http.StatusCreated {
		w.Header().Set("Location", "/v1/bookings/"+try.bookingID)
		write(w, answer.Status, jsonType, answer.Body)
		return
	}
	var stored struct {
		Code booking.Code `json:"code"`
	}
	if err := json.Unmarshal(answer.Body, &stored); err != nil {
		a.fail(w, r, fmt.Errorf("stored answer of booking %s: %w", try.bookingID, err))
		return
	}
	kind := problems[stored.Code]
	kind.status = answer.Status
	writeProblem(w, kind, stored.Code, answer.Body)
}

func (a *api) readAttempt(w http.ResponseWriter, r *http.Request) (attempt, error) {
	try := attempt{customer: principalOf(r).AccountID}
	var err error
	if try.key, err = idempotencyKey(r); err != nil {
		return try, err
	}
	if err = decode(w, r, &try.request); err != nil {
		return try, err
	}
	if problems := a.checkRequest(&try.request); len(problems) > 0 {
		return try, booking.Invalid(problems...)
	}
	try.bookingID = uuid.NewSHA1(bookingNamespace, []byte(try.customer+"\n"+try.key)).String()
	try.hash = requestHash(try.request)
	return try, nil
}

func idempotencyKey(r *http.Request) (string, error) {
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

// checkRequest finds what can be told without a look at the show; the rest is the
// precheck's.
func (a *api) checkRequest(request *bookingRequest) []booking.FieldError {
	var problems []booking.FieldError
	if id, err := uuid.Parse(request.ShowID); err != nil {
		problems = append(problems, booking.FieldError{Field: "show_id", Message: "This is not a show's id."})
	} else {
		request.ShowID = id.String()
	}
	for i, seat := range request.Seats {
		if seat == "" || len(seat) > maxSeatLength || strings.ContainsFunc(seat, unicode.IsControl) {
			problems = append(problems, booking.FieldError{
				Field: fmt.Sprintf("seats[%d]", i), Message: "This is not the name of a seat."})
		}
		if i == booking.MaxSeats {
			break // too many anyhow, which the precheck says better
		}
	}
	if problem, ok := a.checkProvider("payment.provider", request.Payment.Provider); !ok {
		problems = append(problems, problem)
	}
	return problems
}

func (a *api) checkProvider(field, provider string) (booking.FieldError, bool) {
	if _, ok := a.Providers[provider]; ok {
		return booking.FieldError{}, true
	}
	choices := slices.Sorted(maps.Keys(a.Providers))
	return booking.FieldError{Field: field, Message: "Must be one of: " + strings.Join(choices, ", ") + "."}, false
}

// requestHash tells one request from another under the same key. The order of
// the seats says nothing.
func requestHash(request bookingRequest) string {
	hash := sha256.New()
	write := func(text string) { fmt.Fprintf(hash, "%d:%s,", len(text), text) }
	write(request.ShowID)
	write(request.Payment.Provider)
	for _, seat := range booking.SortSeats(request.Seats) {
		write(seat)
	}
	if request.Accessible != nil { // or a request of before would be another one now
		write(fmt.Sprintf("accessible=%t", *request.Accessible))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func keyReused() error {
	return booking.E(booking.CodeKeyReused,
		"This Idempotency-Key was used for a different request. Use a new one.")
}
