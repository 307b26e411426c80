package servicekeys

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
)

// Store makes, reads and revokes keys.
type Store struct {
	pool *pgxpool.Pool
	now  func() time.Time
}

// New makes a Store over the database: the primary, or a key that was revoked would pass for
// a while.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool, now: time.Now} }

// Holder is who calls with a key.
type Holder struct {
	ID     uuid.UUID
	Scopes []booking.KeyScope
	// Theaters are those that the key is limited to; none is no limit.
	Theaters []uuid.UUID
	// PerMinute is how many requests it may make.
	PerMinute int
}

// Has tells whether the key was given a scope.
func (h Holder) Has(scope booking.KeyScope) bool { return slices.Contains(h.Scopes, scope) }

// Reason is why a key is refused. It is for the log: a caller is not told.
type Reason string

// The reasons.
const (
	NotWhole    Reason = "not a whole key"
	Unknown     Reason = "unknown"
	WrongSecret Reason = "wrong secret"
	Revoked     Reason = "revoked"
	Expired     Reason = "expired"
)

// Refusal is the error for a key that does not count.
type Refusal struct {
	ID     uuid.UUID // zero when the key is not whole
	Reason Reason
}

func (r *Refusal) Error() string { return fmt.Sprintf("service key %s: %s", r.ID, r.Reason) }

// Identify finds out who calls with a key, and notes the use. It asks the database each time,
// so a key counts no more from the moment on when it is revoked. The error is a *Refusal, or
// the database's.
func (s *Store) Identify(ctx context.Context, text string) (Holder, error) {
	id, ok := idOf(text)
	if !ok {
		return Holder{}, &Refusal{Reason: NotWhole}
	}
	h, err := Holder{ID: id}, error(nil)
	hash := make([]byte, len(hashOf("")))
	var revoked, expired, stale bool
	err = s.pool.QueryRow(ctx, `SELECT hash, scopes, theater_ids, per_minute, revoked_at IS NOT NULL, expires_at <= now(),
			last_used_at IS NULL OR last_used_at <= now() - interval '1 minute'
		FROM service_keys WHERE id = $1`, id).Scan(&hash, &h.Scopes, &h.Theaters, &h.PerMinute, &revoked, &expired, &stale)
	unknown := errors.Is(err, pgx.ErrNoRows)
	if err != nil && !unknown {
		return Holder{}, fmt.Errorf("read a service key: %w", err)
	}
	refused := func(reason Reason) (Holder, error) { return Holder{}, &Refusal{ID: id, Reason: reason} }
	// Compared first, and for an unknown key too: without the secret, no time tells more of a key.
	same := subtle.ConstantTimeCompare(hash, hashOf(text)) == 1
	switch {
	case unknown:
		return refused(Unknown)
	case !same:
		return refused(WrongSecret)
	case revoked:
		return refused(Revoked)
	case expired:
		return refused(Expired)
	}
	if stale {
		s.noteUse(ctx, id)
	}
	return h, nil
}

// noteUse writes down the time of a use, at most once a minute. A use that cannot be written
// down is still one. A row that is locked is left: another request writes it, or it is being
// revoked.
func (s *Store) noteUse(ctx context.Context, id uuid.UUID) {
	_, err := s.pool.Exec(ctx, `UPDATE service_keys SET last_used_at = now() WHERE id = (SELECT id FROM service_keys
		WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= now() - interval '1 minute') FOR UPDATE SKIP LOCKED)`, id)
	if err != nil {
		slog.WarnContext(ctx, "the use of a service key was not noted", "service_key", id, "error", err)
	}
}

// ReachesTheater tells whether a key is for a theater, by its id or slug. A theater that does
// not exist is one that a limited key is not for.
func (s *Store) ReachesTheater(ctx context.Context, h Holder, idOrSlug string) (bool, error) {
	if len(h.Theaters) == 0 {
		return true, nil
	}
	if id, err := uuid.Parse(idOrSlug); err == nil {
		return slices.Contains(h.Theaters, id), nil
	}
	return s.has(ctx, `SELECT EXISTS (SELECT FROM theaters WHERE id = ANY($1) AND slug = $2)`, h.Theaters, idOrSlug)
}

// ReachesShow tells whether a key is for the theater of a show.
func (s *Store) ReachesShow(ctx context.Context, h Holder, show string) (bool, error) {
	if len(h.Theaters) == 0 {
		return true, nil
	}
	id, err := uuid.Parse(show)
	if err != nil {
		return false, nil // there is no such show
	}
	return s.has(ctx, `SELECT EXISTS (SELECT FROM shows WHERE theater_id = ANY($1) AND id = $2)`, h.Theaters, id)
}

func (s *Store) has(ctx context.Context, query string, args ...any) (found bool, err error) {
	if err := s.pool.QueryRow(ctx, query, args...).Scan(&found); err != nil {
		return false, fmt.Errorf("look for the theater of a service key: %w", err)
	}
	return found, nil
}
