package payments

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
)

// Store is the books in Postgres. Every method is one statement.
type Store struct {
	pool    *pgxpool.Pool
	publish func(ctx context.Context, topic string)
}

// New makes the books. publish gets, after the commit, the topic of every booking that
// changed; nil without a listener.
func New(pool *pgxpool.Pool, publish func(context.Context, string)) *Store {
	if publish == nil {
		publish = func(context.Context, string) {}
	}
	return &Store{pool: pool, publish: publish}
}

// Record stores what a provider said of a payment. Code: not_found when there is
// no such booking.
func (s *Store) Record(ctx context.Context, state booking.PaymentState) error {
	owner, err := parseID(state.BookingID)
	if err != nil {
		return err
	}
	if err := s.alertReversals(ctx, state); err != nil {
		return err
	}
	if err := s.noteRelease(ctx, state); err != nil {
		return err
	}
	disputes := state.Disputes
	if disputes == nil {
		disputes = []booking.Dispute{} // not null
	}
	status := state.Status
	if status == booking.PaymentApproved {
		status = booking.PaymentOpen // no money is reserved
	}
	var changed *string
	err = s.pool.QueryRow(ctx,
		`SELECT record_payment($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		owner, state.Attempt, state.Provider, state.Reference, status,
		state.Amount, state.Authorized, state.Captured, state.Refunded, state.Currency,
		state.ClientSecret, state.CheckoutURL, state.Failure, details(state), state.RefundsFailed, disputes, state.AfterVoid).Scan(&changed)
	if err != nil {
		return wrap(err, "record payment %s of booking %s", state.Reference, state.BookingID)
	}
	s.announce(ctx, changed)
	return nil
}

// MarkInDoubt records that a provider has not answered about a booking's payment. It marks
// nothing when the payment never got a reference, or when its outcome is already known.
func (s *Store) MarkInDoubt(ctx context.Context, bookingID, provider, reference string) error {
	if reference == "" {
		return nil
	}
	var changed *string
	err := s.pool.QueryRow(ctx, `SELECT mark_payment_in_doubt($1, $2, $3)`, provider, reference, inDoubtDetail).Scan(&changed)
	if err != nil {
		return wrap(err, "mark payment %s of booking %s in doubt", reference, bookingID)
	}
	s.announce(ctx, changed)
	return nil
}

// SpentKeys tells how many idempotency keys of a step are spent.
func (s *Store) SpentKeys(ctx context.Context, step string) (spent int, err error) {
	err = s.pool.QueryRow(ctx, `SELECT coalesce(max(spent), 0) FROM payment_keys WHERE step = $1`, step).Scan(&spent)
	if err != nil {
		return 0, wrap(err, "keys of step %s", step)
	}
	return spent, nil
}

// SpendKey writes down that the first n keys of a step are spent, and answers how
// many are: another attempt may be ahead of this one.
func (s *Store) SpendKey(ctx context.Context, step string, n int) (spent int, err error) {
	err = s.pool.QueryRow(ctx, `
		INSERT INTO payment_keys AS k (step, spent) VALUES ($1, $2)
		ON CONFLICT (step) DO UPDATE SET spent = greatest(k.spent, excluded.spent), updated_at = now()
		RETURNING spent`, step, n).Scan(&spent)
	if err != nil {
		return 0, wrap(err, "spend key %d of step %s", n, step)
	}
	return spent, nil
}

// Adopt moves a payment to the booking made for it after its own had ended. Later states of
// the provider are recorded there too, even if the provider names another booking. Code:
// not_found.
func (s *Store) Adopt(ctx context.Context, provider, reference, bookingID string) error {
	owner, err := parseID(bookingID)
	if err != nil {
		return err
	}
	rows, err := s.pool.Query(ctx, `SELECT adopt_payment($1, $2, $3)`, provider, reference, owner)
	if err != nil {
		return wrap(err, "adopt payment %s for booking %s", reference, bookingID)
	}
	changed, err := pgx.CollectRows(rows, pgx.RowTo[*string])
	if err != nil {
		return wrap(err, "adopt payment %s for booking %s", reference, bookingID)
	}
	for _, id := range changed {
		s.announce(ctx, id)
	}
	return nil
}

// BookingOf finds the booking that a payment belongs to. Code: not_found.
func (s *Store) BookingOf(ctx context.Context, provider, reference string) (string, error) {
	var id string
	err := s.pool.QueryRow(ctx,
		`SELECT booking_id FROM payments WHERE provider = $1 AND reference = $2`, provider, reference).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", booking.E(booking.CodeNotFound, "There is no such payment.")
	}
	if err != nil {
		return "", wrap(err, "find the booking of payment %s", reference)
	}
	return id, nil
}

func (s *Store) announce(ctx context.Context, bookingID *string) {
	if bookingID != nil {
		s.publish(ctx, "booking:"+*bookingID)
	}
}

// parseID refuses ids that are no UUIDs: a provider's metadata may hold anything, and
// Postgres would call it an error of ours.
func parseID(id string) (uuid.UUID, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return uuid.Nil, booking.E(booking.CodeNotFound, "There is no such booking.").Wrap(err)
	}
	return parsed, nil
}

// missing is the SQLSTATE by which our functions say not found.
const missing = "BX008"

func wrap(err error, format string, args ...any) error {
	wrapped := fmt.Errorf("payments: "+format+": %w", append(args, err)...)
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) && refusal.Code == missing {
		return booking.E(booking.CodeNotFound, "There is no such booking or payment.").Wrap(wrapped)
	}
	return wrapped
}
