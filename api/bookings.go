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
	"github.com/boxoffice/boxoffice/internal/bookings"
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
	// begun tells that an earlier request with this key made the booking, and that it
	// is not complete yet.
	begun bool
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
	leave, answered := a.takeTurn(w, r, &try)
	if answered {
		return
	}
	defer leave()
	answer, err := a.hold(r.Context(), try)
	a.settle(w, r, try, answer, err)
}

// turnWithin is how long a request waits for others that want the same seats.
const turnWithin = 3 * time.Second

// takeTurn looks whether the request has any hope, and waits while somebody else
// tries for the same seats: most of those who wait are turned away by the next
// look, without a workflow. Whoever has waited long enough goes on all the same.
func (a *api) takeTurn(w http.ResponseWriter, r *http.Request, try *attempt) (leave func(), answered bool) {
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

// precheck answers a request that is known already or has no hope. All of that is
// in the database: who repeats a request whose answer was lost does not wait for
// the workflow.
func (a *api) precheck(w http.ResponseWriter, r *http.Request, try *attempt) (answered bool) {
	known, err := a.Bookings.Precheck(r.Context(), bookings.PrecheckRequest{
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
		a.tell(w, r, *try, *known.Answer)
	case known.Begun:
		answer, err := a.outcome(r.Context(), *try, false)
		if errors.Is(err, errHalfMade) {
			try.begun = true
			return false
		}
		a.settle(w, r, *try, answer, err)
	default:
		return false
	}
	return true
}

// settle stores the answer and sends what is stored. An error is an answer that is
// not stored: the same request may end otherwise when it is repeated.
func (a *api) settle(w http.ResponseWriter, r *http.Request, try attempt, answer bookings.Answer, err error) {
	if err == nil {
		answer, err = a.store(r.Context(), try, answer)
	}
	switch {
	case err != nil:
		a.fail(w, r, err)
	case answer.RequestHash != try.hash:
		a.fail(w, r, keyReused())
	default:
		a.tell(w, r, try, answer)
	}
}

// store keeps the answer under the key. With the answer that tells of a booking its
// hold counts as fetched; one that was not fetched in time is lost.
func (a *api) store(ctx context.Context, try attempt, answer bookings.Answer) (bookings.Answer, error) {
	if answer.Status == http.StatusCreated {
		stored, err := a.Bookings.SaveFetched(ctx, try.customer, try.key, try.bookingID, answer)
		if booking.CodeOf(err) != booking.CodeHoldLost {
			return stored, err
		}
		if answer, err = renderRefusal(try, notFetched()); err != nil {
			return answer, err
		}
	}
	return a.Bookings.SaveAnswer(ctx, try.customer, try.key, answer)
}

// hold has the workflow hold the seats and open the payment, and gives the answer
// to be stored.
func (a *api) hold(ctx context.Context, try attempt) (bookings.Answer, error) {
	show, err := a.showSummary(ctx, try.request.ShowID)
	if err != nil {
		return bookings.Answer{}, err
	}
	held, err := a.askSaga(ctx, try, show)
	// Whatever came of it, who looks at the seats next sees it here at once.
	a.Feed.Changed(show.ID)
	switch {
	case errors.Is(err, ErrEnded):
		// Temporal no longer knows. The database does, if there ever was a hold.
	case isFinal(err) && held.RequestHash != "" && held.RequestHash != try.hash:
		return bookings.Answer{}, keyReused()
	case isFinal(err):
		return renderRefusal(try, err)
	case err != nil:
		return bookings.Answer{}, err
	case held.RequestHash != try.hash:
		return bookings.Answer{}, keyReused()
	}
	return a.outcome(ctx, try, true)
}

// askSaga starts the workflow or asks the one that runs. Only a new booking is
// refused while answers take too long.
func (a *api) askSaga(ctx context.Context, try attempt, show booking.ShowSummary) (held workflows.HoldAnswer, err error) {
	if !try.begun {
		done, full := a.starts[try.request.Payment.Provider].enter(ctx)
		if full != nil {
			return held, full
		}
		defer func() { done(err) }()
	}
	return a.Saga.Hold(ctx, workflows.BookingInput{
		BookingID:   try.bookingID,
		CustomerID:  try.customer,
		ShowID:      show.ID,
		Seats:       booking.SortSeats(try.request.Seats),
		Provider:    try.request.Payment.Provider,
		RequestHash: try.hash,
		Policy:      a.Policy,
		Accessible:  try.request.Accessible,
		StartWithin: answerWithin,
	}, show)
}

// errHalfMade is the answer while the payment of a booking is being opened: the
// request that waited for it was cut off. The same key finds it.
var errHalfMade = booking.E(booking.CodeUnavailable,
	"The booking is still being worked on. Ask again with the same Idempotency-Key in a moment.")

// outcome reads from the database what came of a request. Why a booking ended before
// it had a payment its workflow can tell, if it was not asked yet.
func (a *api) outcome(ctx context.Context, try attempt, asked bool) (bookings.Answer, error) {
	// Not read as the customer: that would count as fetched before anybody has it.
	b, err := a.Bookings.Booking(ctx, try.bookingID)
	switch {
	case booking.CodeOf(err) == booking.CodeNotFound, err == nil && b.CustomerID != try.customer:
		return renderRefusal(try, booking.E(booking.CodeConflict, "The first request with this key held no seats.").Wrap(err))
	case err != nil:
		return bookings.Answer{}, err
	case b.Payment == nil && b.Status == booking.StatusHeld:
		return a.halfMade(ctx, try)
	case b.Payment == nil && !asked:
		return bookings.Answer{}, errHalfMade
	case b.Payment == nil, b.Status == booking.StatusExpired:
		return renderRefusal(try, booking.E(booking.CodeHoldLost, "The hold of these seats is over, and they are free again."))
	}
	a.addCheckoutSecret(b.Payment)
	body, err := json.Marshal(b)
	if err != nil {
		return bookings.Answer{}, fmt.Errorf("render booking %s: %w", b.ID, err)
	}
	return bookings.Answer{RequestHash: try.hash, Status: http.StatusCreated, Body: body}, nil
}

// halfMade has the seats wait for a customer who keeps asking.
func (a *api) halfMade(ctx context.Context, try attempt) (bookings.Answer, error) {
	if a.Policy.FetchWithin > 0 {
		err := a.Bookings.KeepWaiting(ctx, try.bookingID, a.Policy.FetchWithin)
		switch {
		case booking.CodeOf(err) == booking.CodeHoldLost:
			return renderRefusal(try, notFetched())
		case err != nil:
			return bookings.Answer{}, err
		}
	}
	return bookings.Answer{}, errHalfMade
}

func notFetched() error {
	return booking.E(booking.CodeHoldLost,
		"The seats were held, but the answer was not fetched in time, and they are free again.")
}

// renderRefusal is for an answer that is final, and the key with it.
func renderRefusal(try attempt, err error) (bookings.Answer, error) {
	document, kind := problemOf(err)
	if kind.retryAfter != "" || document.Code == booking.CodeConflict || document.Code == booking.CodeHoldLost {
		document.Detail += " Use a new Idempotency-Key to try again."
	}
	body, err := json.Marshal(document)
	if err != nil {
		return bookings.Answer{}, fmt.Errorf("render problem %s: %w", document.Code, err)
	}
	return bookings.Answer{RequestHash: try.hash, Status: kind.status, Body: body}, nil
}

// tell sends a stored answer.
func (a *api) tell(w http.ResponseWriter, r *http.Request, try attempt, answer bookings.Answer) {
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
