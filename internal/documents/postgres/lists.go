package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/boxoffice/boxoffice/internal/documents"
)

type lists struct{ store }

// Put implements documents.Lists.
func (s lists) Put(ctx context.Context, l documents.List, ttl time.Duration) error {
	if err := l.Check(ttl); err != nil {
		return err
	}
	now := s.options.Moment()
	_, err := s.exec(ctx, "keep a list", `
		INSERT INTO documents.lists AS l (key, person, made_at, kept_until, body) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (key) DO UPDATE
		SET person = excluded.person, made_at = excluded.made_at, kept_until = excluded.kept_until, body = excluded.body
		WHERE l.made_at <= excluded.made_at OR l.kept_until <= $6`,
		l.Key, perhaps(l.Person), documents.Milliseconds(l.MadeAt), now.Add(ttl), l, now)
	return err
}

// Get implements documents.Lists.
func (s lists) Get(ctx context.Context, key string) (l documents.List, found bool, err error) {
	var person pgtype.UUID
	found, err = s.one(ctx, "read a list", `SELECT body, key, person, made_at FROM documents.lists WHERE key = $1 AND kept_until > $2`,
		[]any{key, s.options.Moment()}, []any{&l, &l.Key, &person, &l.MadeAt})
	l.Person = person.Bytes
	return l, found, err
}

// Drop implements documents.Lists.
func (s lists) Drop(ctx context.Context, key string) error {
	_, err := s.exec(ctx, "drop a list", `DELETE FROM documents.lists WHERE key = $1`, key)
	return err
}

// Forget implements documents.Lists.
func (s lists) Forget(ctx context.Context, person uuid.UUID) (int, error) {
	return s.exec(ctx, "forget the lists of a person", `DELETE FROM documents.lists WHERE person = $1`, person)
}

// Expire implements documents.Lists.
func (s lists) Expire(ctx context.Context, limit int) (int, error) {
	return s.expire(ctx, "lists", limit)
}
