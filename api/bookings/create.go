package bookings

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/api/saga"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/workflows"
)

const maxSeatLength = 20

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
	rules               *booking.HoldRules
	// begun tells that an earlier request with this key made the booking, and that it
	// is not complete yet.
	begun bool
}

// createBooking holds seats and opens the payment. The cheap read comes first, so that most
// of a rush for the same seats ends without a workflow. The workflow's answer is stored
// under the key, and every request with that key gets the stored bytes.
func (s *service) createBooking(w http.ResponseWriter, r *http.Request) error {
	try, err := s.readAttempt(w, r)
	if err != nil {
		return err
	}
	leave, answered, err := s.takeTurn(w, r, &try)
	if answered || err != nil {
		return err
	}
	defer leave()
	answer, err := s.hold(r.Context(), try)
	return s.settle(w, r, try, answer, err)
}

// turnWithin is how long a request waits for others that want the same seats.
const turnWithin = 3 * time.Second

// takeTurn checks whether the request can succeed, and waits while another request
// tries for the same seats. Most requests that wait are refused by the next check,
// without a workflow. After turnWithin a request goes on in any case.
func (s *service) takeTurn(w http.ResponseWriter, r *http.Request, try *attempt) (leave func(), answered bool, err error) {
	patience, cancel := context.WithTimeout(r.Context(), turnWithin)
	defer cancel()
	for {
		if answered, err := s.precheck(w, r, try); answered || err != nil {
			return nil, answered, err
		}
		leave, wait := s.turnstile.Enter(try.request.ShowID, try.request.Seats)
		if leave != nil {
			return leave, false, nil
		}
		select {
		case <-wait:
		case <-patience.Done():
			return func() {}, false, nil
		}
	}
}

// precheck answers a request that is known already or cannot succeed. The database knows
// both: a repeat of a request whose answer was lost does not wait for the workflow.
func (s *service) precheck(w http.ResponseWriter, r *http.Request, try *attempt) (answered bool, err error) {
	known, err := s.Bookings.Precheck(r.Context(), bookings.PrecheckRequest{
		CustomerID: try.customer, Key: try.key, BookingID: try.bookingID,
		ShowID: try.request.ShowID, Seats: try.request.Seats, Accessible: try.request.Accessible,
	})
	switch {
	case err != nil:
		return false, err
	case known.Answer != nil && known.Answer.RequestHash != try.hash,
		known.Begun && known.RequestHash != try.hash:
		return false, keyReused()
	case known.Answer != nil:
		w.Header().Set("Idempotent-Replayed", "true")
		return true, s.tell(w, r, *try, *known.Answer)
	case known.Begun:
		answer, err := s.outcome(r.Context(), *try, false)
		if errors.Is(err, errHalfMade) {
			try.begun = true
			return false, nil
		}
		return true, s.settle(w, r, *try, answer, err)
	default:
		return false, nil
	}
}

// settle stores the answer and sends what is stored. An error is an answer that is not
// stored: a repeat of the request may end differently.
func (s *service) settle(w http.ResponseWriter, r *http.Request, try attempt, answer bookings.Answer, err error) error {
	if err == nil {
		answer, err = s.store(r.Context(), try, answer)
	}
	switch {
	case err != nil:
		return err
	case answer.RequestHash != try.hash:
		return keyReused()
	default:
		return s.tell(w, r, try, answer)
	}
}

// store keeps the answer under the key. An answer with a booking marks its hold as fetched;
// a hold that was not fetched in time is lost.
func (s *service) store(ctx context.Context, try attempt, answer bookings.Answer) (bookings.Answer, error) {
	if answer.Status == http.StatusCreated {
		stored, err := s.Bookings.SaveFetched(ctx, try.customer, try.key, try.bookingID, answer)
		if booking.CodeOf(err) != booking.CodeHoldLost {
			return stored, err
		}
		if answer, err = renderRefusal(try, notFetched()); err != nil {
			return answer, err
		}
	}
	return s.Bookings.SaveAnswer(ctx, try.customer, try.key, answer)
}

// hold has the workflow hold the seats and open the payment, and gives the answer
// to be stored.
func (s *service) hold(ctx context.Context, try attempt) (bookings.Answer, error) {
	show, err := s.showSummary(ctx, try.request.ShowID)
	if err != nil {
		return bookings.Answer{}, err
	}
	held, err := s.askSaga(ctx, try, show)
	// Also after an error: the next read of the seats in this process must be current.
	s.Feed.Changed(show.ID)
	switch {
	case errors.Is(err, saga.ErrEnded):
		// Temporal no longer knows the booking. The database does, if there ever was a
		// hold.
	case saga.IsFinal(err) && held.RequestHash != "" && held.RequestHash != try.hash:
		return bookings.Answer{}, keyReused()
	case saga.IsFinal(err):
		return renderRefusal(try, err)
	case err != nil:
		return bookings.Answer{}, err
	case held.RequestHash != try.hash:
		return bookings.Answer{}, keyReused()
	}
	return s.outcome(ctx, try, true)
}

// askSaga starts the workflow, or asks the running workflow. While answers take too long,
// it refuses new bookings only.
func (s *service) askSaga(ctx context.Context, try attempt, show booking.ShowSummary) (held workflows.HoldAnswer, err error) {
	if !try.begun {
		err := s.Bookings.MayHold(ctx, booking.HoldRequest{
			BookingID: try.bookingID, CustomerID: try.customer, ShowID: show.ID, Seats: try.request.Seats, Rules: try.rules,
		})
		if err != nil {
			return held, err
		}
		if try.request.Payment.Provider, err = s.choose(ctx, "payment.provider", try.request.Payment.Provider, show.ID, nil); err != nil {
			return held, err
		}
		done, full := s.starts[try.request.Payment.Provider].enter(ctx)
		if full != nil {
			return held, full
		}
		defer func() { done(err) }()
	}
	provider := try.request.Payment.Provider
	if provider == "" { // begun: the workflow has one already
		provider = s.Providers[0]
	}
	input := workflows.BookingInput{
		BookingID:   try.bookingID,
		CustomerID:  try.customer,
		ShowID:      show.ID,
		Seats:       booking.SortSeats(try.request.Seats),
		Provider:    provider,
		RequestHash: try.hash,
		Policy:      s.Policy,
		Accessible:  try.request.Accessible,
		Rules:       try.rules,
		StartWithin: saga.AnswerWithin,
	}
	if try.begun {
		return s.Saga.Hold(ctx, input, show)
	}
	err = s.watching(ctx, provider, func(ctx context.Context) (err error) {
		held, err = s.Saga.Hold(ctx, input, show)
		return err
	})
	return held, err
}

// errHalfMade is the answer while the payment of a booking is being opened: the
// request that waited for it was cut off. The same key finds it.
var errHalfMade = booking.E(booking.CodeUnavailable,
	"The booking is still being worked on. Ask again with the same Idempotency-Key in a moment.")

// outcome reads the result of a request from the database. If a booking ended before it had
// a payment, its workflow can tell why, if it was not asked yet.
func (s *service) outcome(ctx context.Context, try attempt, asked bool) (bookings.Answer, error) {
	// Not read as the customer: that would count as fetched before a client has the answer.
	b, err := s.Bookings.Booking(ctx, try.bookingID)
	switch {
	case booking.CodeOf(err) == booking.CodeNotFound, err == nil && b.CustomerID != try.customer:
		return renderRefusal(try, booking.E(booking.CodeConflict, "The first request with this key held no seats.").Wrap(err))
	case err != nil:
		return bookings.Answer{}, err
	case b.Payment == nil && b.Status == booking.StatusHeld:
		return s.halfMade(ctx, try)
	case b.Payment == nil && !asked:
		return bookings.Answer{}, errHalfMade
	case b.Payment == nil, b.Status == booking.StatusExpired:
		return renderRefusal(try, booking.E(booking.CodeHoldLost, "The hold of these seats is over, and they are free again."))
	}
	s.completePayment(&b)
	s.offer(ctx, &b)
	body, err := json.Marshal(b)
	if err != nil {
		return bookings.Answer{}, fmt.Errorf("render booking %s: %w", b.ID, err)
	}
	return bookings.Answer{RequestHash: try.hash, Status: http.StatusCreated, Body: body}, nil
}

// halfMade keeps the seats for a customer who keeps asking.
func (s *service) halfMade(ctx context.Context, try attempt) (bookings.Answer, error) {
	if s.Policy.FetchWithin > 0 {
		err := s.Bookings.KeepWaiting(ctx, try.bookingID, s.Policy.FetchWithin)
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

// onceOnly are refusals that another request may not meet, besides those that pass by themselves.
var onceOnly = []booking.Code{booking.CodeConflict, booking.CodeHoldLost, booking.CodeHoldLimit}

// renderRefusal is for a final answer, which also makes the key final.
func renderRefusal(try attempt, err error) (bookings.Answer, error) {
	document := rest.ProblemOf(err)
	if document.Transient() || slices.Contains(onceOnly, document.Code) {
		document.Detail += " Use a new Idempotency-Key to try again."
	}
	body, err := json.Marshal(document)
	if err != nil {
		return bookings.Answer{}, fmt.Errorf("render problem %s: %w", document.Code, err)
	}
	return bookings.Answer{RequestHash: try.hash, Status: document.Status, Body: body}, nil
}

// tell sends a stored answer.
func (s *service) tell(w http.ResponseWriter, r *http.Request, try attempt, answer bookings.Answer) error {
	rest.Subject(r, try.bookingID)
	w.Header().Set("Cache-Control", "no-store")
	if answer.Status == http.StatusCreated {
		w.Header().Set("Location", "/v1/bookings/"+try.bookingID)
		rest.Write(w, answer.Status, rest.JSON, answer.Body)
		return nil
	}
	var stored struct {
		Code booking.Code `json:"code"`
	}
	if err := json.Unmarshal(answer.Body, &stored); err != nil {
		return fmt.Errorf("stored answer of booking %s: %w", try.bookingID, err)
	}
	rest.WriteProblem(w, answer.Status, stored.Code, answer.Body)
	return nil
}

func (s *service) readAttempt(w http.ResponseWriter, r *http.Request) (attempt, error) {
	try := attempt{customer: rest.CallerOf(r).AccountID}
	var err error
	if try.key, err = rest.IdempotencyKey(r); err != nil {
		return try, err
	}
	if err = rest.Decode(w, r, &try.request); err != nil {
		return try, err
	}
	if err = s.checkRequest(&try.request); err != nil {
		return try, err
	}
	try.bookingID = uuid.NewSHA1(bookingNamespace, []byte(try.customer+"\n"+try.key)).String()
	try.hash = requestHash(try.request)
	try.rules = s.Guard.Rules(device(w, r, s.Guard, s.HTTPS), s.ClientAddress(r))
	return try, nil
}

// checkRequest finds the errors that do not depend on the show; the precheck finds the
// others.
func (s *service) checkRequest(request *bookingRequest) error {
	var fieldErrors booking.FieldErrors
	if id, err := uuid.Parse(request.ShowID); err != nil {
		fieldErrors.Add("show_id", "This is not a show's id.")
	} else {
		request.ShowID = id.String()
	}
	for i, seat := range request.Seats {
		if seat == "" || len(seat) > maxSeatLength || strings.ContainsFunc(seat, unicode.IsControl) {
			fieldErrors.Add(fmt.Sprintf("seats[%d]", i), "This is not the name of a seat.")
		}
		if i == booking.MaxSeats {
			break // too many; the precheck has the better message
		}
	}
	if problem, ok := s.checkProvider("payment.provider", request.Payment.Provider); !ok && request.Payment.Provider != "" {
		fieldErrors = append(fieldErrors, problem)
	}
	return fieldErrors.Err()
}

func (s *service) checkProvider(field, provider string) (booking.FieldError, bool) {
	if slices.Contains(s.Providers, provider) {
		return booking.FieldError{}, true
	}
	choices := slices.Sorted(slices.Values(s.Providers))
	return booking.FieldError{Field: field, Message: "Must be one of: " + strings.Join(choices, ", ") + "."}, false
}

// requestHash tells one request from another under the same key. The order of the seats
// does not count.
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
