package servicekeys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/internal/text"
)

const (
	// longestLife is from the making of a key to its end.
	longestLife = 365 * 24 * time.Hour
	// defaultPerMinute and mostPerMinute are requests. More than the most would be refused by
	// the budgets of addresses first (docs/limits.md).
	defaultPerMinute, mostPerMinute = 600, 6000
	longestName                     = 80 // characters
	mostTheaters                    = 200
)

// Item is a key as administrators see it. Its secret is not in the database.
type Item struct {
	ID      uuid.UUID `json:"id"`
	Begins  string    `json:"begins"` // the part of the key that is no secret
	Name    string    `json:"name"`
	Partner string    `json:"partner"`
	State   string    `json:"state"` // active, expired or revoked

	Scopes    []booking.KeyScope `json:"scopes"`
	Theaters  []uuid.UUID        `json:"theater_ids"`
	PerMinute int                `json:"per_minute"`

	CreatedBy  uuid.UUID  `json:"created_by"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"` // to the minute
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	RevokedBy  *uuid.UUID `json:"revoked_by,omitempty"`
}

// Made is a new key, with its text: nothing shows it again.
type Made struct {
	Item
	Key string `json:"key"`
}

// Wanted is the key that an administrator asks for.
type Wanted struct {
	Name      string             `json:"name"`
	Partner   string             `json:"partner"`
	Scopes    []booking.KeyScope `json:"scopes"`
	Theaters  []string           `json:"theater_ids"` // uuids; none is no limit
	ExpiresAt string             `json:"expires_at"`  // RFC 3339
	PerMinute *int               `json:"per_minute"`  // nil is the default
}

const columns = `id, name, partner, scopes, theater_ids, per_minute, created_by, created_at, expires_at, last_used_at,
	revoked_at, revoked_by, CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired' ELSE 'active' END`

func scan(row pgx.CollectableRow) (i Item, err error) {
	err = row.Scan(&i.ID, &i.Name, &i.Partner, &i.Scopes, &i.Theaters, &i.PerMinute, &i.CreatedBy, &i.CreatedAt, &i.ExpiresAt,
		&i.LastUsedAt, &i.RevokedAt, &i.RevokedBy, &i.State)
	i.Begins, i.CreatedAt, i.ExpiresAt = public(i.ID), i.CreatedAt.UTC(), i.ExpiresAt.UTC()
	for _, at := range []*time.Time{i.LastUsedAt, i.RevokedAt} {
		if at != nil {
			*at = at.UTC()
		}
	}
	return i, err
}

// Create makes a key. Codes: validation_failed.
func (s *Store) Create(ctx context.Context, actor audit.Actor, w Wanted) (made Made, err error) {
	theaters, expires, err := w.check(s.now())
	if err != nil {
		return Made{}, err
	}
	id, secret := generate()
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := known(ctx, tx, theaters); err != nil {
			return err
		}
		made.Item, err = one(ctx, tx, `INSERT INTO service_keys (id, hash, name, partner, scopes, theater_ids, per_minute, created_by, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING `+columns,
			id, hashOf(secret), w.Name, w.Partner, w.Scopes, theaters, *w.PerMinute, actor.AccountID, expires)
		if err != nil {
			return fmt.Errorf("make a service key: %w", err)
		}
		return record(ctx, tx, made.Item, audit.Entry{Actor: actor, Action: "create"})
	})
	if err != nil {
		return Made{}, err
	}
	made.Key = secret
	return made, nil
}

// check gives what was asked for its stored form, or names everything that is wrong with it.
func (w *Wanted) check(now time.Time) (theaters []uuid.UUID, expires time.Time, err error) {
	var wrong booking.FieldErrors
	for _, line := range []struct {
		field string
		value *string
	}{{"name", &w.Name}, {"partner", &w.Partner}} {
		*line.value = text.Line(*line.value)
		if message := text.WrongLine(*line.value, 1, longestName); message != "" {
			wrong.Add(line.field, "%s", message)
		}
	}
	w.checkScopes(&wrong)
	theaters = w.checkTheaters(&wrong)
	if w.PerMinute == nil {
		usual := defaultPerMinute
		w.PerMinute = &usual
	}
	if *w.PerMinute < 1 || *w.PerMinute > mostPerMinute {
		wrong.Add("per_minute", "Must be from 1 to %d.", mostPerMinute)
	}
	expires, parseErr := time.Parse(time.RFC3339, w.ExpiresAt)
	switch {
	case parseErr != nil:
		wrong.Add("expires_at", "Write a time as RFC 3339, for example 2027-03-29T18:30:00Z.")
	case !expires.After(now) || expires.After(now.Add(longestLife)):
		wrong.Add("expires_at", "Must be within a year of 365 days from now.")
	}
	return theaters, expires, wrong.Err()
}

func (w *Wanted) checkScopes(wrong *booking.FieldErrors) {
	names := make([]string, 0, len(booking.KeyScopes()))
	for _, scope := range booking.KeyScopes() {
		names = append(names, string(scope))
	}
	if len(w.Scopes) == 0 || len(w.Scopes) > len(names) {
		wrong.Add("scopes", "Name one or more, each once: %s.", strings.Join(names, ", "))
		return
	}
	for i, scope := range w.Scopes {
		if !scope.Known() || slices.Contains(w.Scopes[:i], scope) {
			wrong.Add(fmt.Sprintf("scopes[%d]", i), "Must be one of these, each once: %s.", strings.Join(names, ", "))
		}
	}
}

func (w *Wanted) checkTheaters(wrong *booking.FieldErrors) []uuid.UUID {
	if len(w.Theaters) > mostTheaters {
		wrong.Add("theater_ids", "Name %d at most.", mostTheaters)
		return nil
	}
	all := []uuid.UUID{}
	for i, value := range w.Theaters {
		id, err := uuid.Parse(value)
		if err != nil || slices.Contains(all, id) {
			wrong.Add(fmt.Sprintf("theater_ids[%d]", i), "Write the id of a theater, each once.")
		}
		all = append(all, id)
	}
	return all
}

// known is an error unless all the theaters exist.
func known(ctx context.Context, tx pgx.Tx, theaters []uuid.UUID) error {
	var there int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM theaters WHERE id = ANY($1)`, theaters).Scan(&there); err != nil {
		return fmt.Errorf("look for the theaters of a service key: %w", err)
	}
	if there < len(theaters) {
		return booking.Invalid(booking.FieldError{Field: "theater_ids", Message: "One of these theaters does not exist."})
	}
	return nil
}

// List gives keys, the newest first, those that are over too. next is empty on the last page.
// Code: validation_failed.
func (s *Store) List(ctx context.Context, limit int, cursor string) (items []Item, next string, err error) {
	limit = paging.Size(limit)
	where, args := "true", []any{limit + 1}
	if cursor != "" {
		before, err := paging.ReadKey(cursor, "", isStamp)
		if err != nil {
			return nil, "", booking.Invalid(paging.Foreign())
		}
		where, args = `(created_at, id) < ($2::timestamptz, $3)`, append(args, before.Text, before.ID)
	}
	rows, err := s.pool.Query(ctx, `SELECT `+columns+` FROM service_keys WHERE `+where+` ORDER BY created_at DESC, id DESC LIMIT $1`, args...)
	if err == nil {
		items, err = pgx.CollectRows(rows, scan)
	}
	if err != nil {
		return nil, "", fmt.Errorf("list service keys: %w", err)
	}
	items, next = paging.Cut(items, limit, func(last Item) string {
		return paging.Key{Text: last.CreatedAt.Format(stamp), ID: last.ID}.String()
	})
	return items, next, nil
}

// stamp is what a cursor holds: times of Postgres, in UTC.
const stamp = "2006-01-02T15:04:05.000000Z"

func isStamp(text string) bool {
	at, err := time.Parse(stamp, text)
	return err == nil && at.Year() > 0 // Postgres has no year 0
}

// Revoke ends a key at once. A repeat changes nothing. Code: not_found.
func (s *Store) Revoke(ctx context.Context, actor audit.Actor, id uuid.UUID) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		before, err := one(ctx, tx, `SELECT `+columns+` FROM service_keys WHERE id = $1 FOR UPDATE`, id)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return booking.E(booking.CodeNotFound, "There is no such service key.")
		case err != nil:
			return fmt.Errorf("read a service key: %w", err)
		case before.RevokedAt != nil:
			return nil
		}
		after, err := one(ctx, tx, `UPDATE service_keys SET revoked_at = clock_timestamp(), revoked_by = $2 WHERE id = $1 RETURNING `+columns,
			id, actor.AccountID)
		if err != nil {
			return fmt.Errorf("revoke a service key: %w", err)
		}
		return record(ctx, tx, after, audit.Entry{Actor: actor, Action: "revoke", Before: before})
	})
}

func one(ctx context.Context, tx pgx.Tx, query string, args ...any) (Item, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return Item{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scan)
}

// record writes down a change of a key. The log never has its secret or its hash.
func record(ctx context.Context, tx pgx.Tx, now Item, e audit.Entry) error {
	e.Entity, e.EntityID, e.After = "service_key", now.ID.String(), now
	return audit.Record(ctx, audit.Pgx(tx), e)
}
