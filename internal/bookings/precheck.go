package bookings

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// Answer is the stored answer to a request that carried an Idempotency-Key.
type Answer struct {
	RequestHash string
	Status      int
	Body        []byte
}

// PrecheckRequest asks whether a request to book is worth starting a workflow.
type PrecheckRequest struct {
	CustomerID string
	Key        string // the Idempotency-Key
	// BookingID is the id that follows from customer and key. Seats that this booking holds
	// already do not count as taken.
	BookingID string
	ShowID    string
	Seats     []string
	// Accessible as in booking.HoldRequest.
	Accessible *bool
}

// Precheck is what is known of a request before it is processed.
type Precheck struct {
	// Answer is the stored answer of an earlier request with this key; nil without one.
	Answer *Answer
	// Begun tells that the booking exists although no answer was stored: the
	// process that made it died before it could answer. Ask its workflow again.
	Begun bool
	// RequestHash is that of the request that made the booking; set with Begun.
	RequestHash string
}

// Precheck refuses a request that cannot succeed, for the price of a share in one round
// trip: most requests of a rush end here. It promises nothing; Hold decides. Codes:
// validation_failed, show_not_on_sale, seats_unavailable.
func (s *Store) Precheck(ctx context.Context, req PrecheckRequest) (Precheck, error) {
	ids, err := parseRequest(req.BookingID, req.CustomerID, req.ShowID)
	if err != nil {
		return Precheck{}, err
	}
	question := &question{requestIDs: ids, key: req.Key, seats: req.Seats}
	if len(question.seats) > booking.MaxSeats {
		question.seats = nil // refused below; the database need not look them up
	}
	found, err := s.gate.ask(ctx, question)
	if err != nil {
		return Precheck{}, err
	}
	// An answered or begun request stays so, even if show and seats have changed since.
	if found.answer != nil || found.begun {
		return Precheck{Answer: found.answer, Begun: found.begun, RequestHash: found.requestHash}, nil
	}
	return Precheck{}, s.refuse(ctx, ids.show.String(), req, found)
}

func (s *Store) refuse(ctx context.Context, showID string, req PrecheckRequest, found finding) error {
	if !found.showExists {
		return shows.UnknownShow(booking.E(booking.CodeNotFound, "There is no such show."))
	}
	at, err := s.shows.ShowAt(ctx, showID, found.termsVersion)
	if err != nil {
		return shows.UnknownShow(err)
	}
	if err := at.Sellable(req.Seats, req.Accessible, found.at); err != nil {
		return err
	}
	if !found.onSale {
		return shows.NotOnSale()
	}
	if len(found.taken) > 0 {
		return booking.SeatsUnavailable(found.taken)
	}
	return nil
}

// SaveAnswer stores the answer to a request with an Idempotency-Key, and returns the stored
// answer: the first writer wins, and all requests get that answer.
func (s *Store) SaveAnswer(ctx context.Context, customerID, key string, answer Answer) (Answer, error) {
	return s.saveAnswer(ctx, customerID, key, answer, `INSERT INTO idempotency_keys (customer_id, key, request_hash, status, body)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (customer_id, key) DO NOTHING`)
}

// SaveFetched is SaveAnswer for an answer that tells of a booking: with it a hold
// counts as fetched, so its seats wait until the hold ends. Code: hold_lost, and
// nothing is stored, when the hold waited too long and another booking has taken seats of
// it.
func (s *Store) SaveFetched(ctx context.Context, customerID, key, bookingID string, answer Answer) (Answer, error) {
	id, err := shows.ParseID("booking", bookingID)
	if err != nil {
		return Answer{}, err
	}
	return s.saveAnswer(ctx, customerID, key, answer, `WITH fetched AS MATERIALIZED (SELECT fetch_hold($6))
		INSERT INTO idempotency_keys (customer_id, key, request_hash, status, body)
		SELECT $1, $2, $3, $4, $5 FROM fetched ON CONFLICT (customer_id, key) DO NOTHING`, id)
}

func (s *Store) saveAnswer(
	ctx context.Context, customerID, key string, answer Answer, statement string, more ...any,
) (stored Answer, err error) {
	customer, err := shows.ParseID("account", customerID)
	if err != nil {
		return Answer{}, err
	}
	args := append([]any{customer, key, answer.RequestHash, answer.Status, answer.Body}, more...)
	inserted, err := s.pool.Exec(ctx, statement, args...)
	if err != nil {
		return Answer{}, translate("save answer", err)
	}
	if inserted.RowsAffected() == 1 {
		return answer, nil
	}
	err = s.pool.QueryRow(ctx, `SELECT request_hash, status, body FROM idempotency_keys
		WHERE customer_id = $1 AND key = $2`, customer, key).Scan(&stored.RequestHash, &stored.Status, &stored.Body)
	if errors.Is(err, pgx.ErrNoRows) { // removed for its age in between
		return Answer{}, shows.Unavailable(fmt.Errorf("bookings: save answer: %w", err))
	}
	return stored, translate("read answer", err)
}

// question is a precheck on its way to the database.
type question struct {
	requestIDs
	key   string
	seats []string

	found    finding
	err      error
	answered chan struct{}
}

// finding is what the database says to a question.
type finding struct {
	answer       *Answer
	begun        bool
	requestHash  string
	showExists   bool
	onSale       bool
	termsVersion int64
	at           time.Time // by the database's clock
	taken        []string
}
