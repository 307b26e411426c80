package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/internal/documents"
)

type models struct{ store }

// Put implements documents.Models.
func (s models) Put(ctx context.Context, m documents.Model) error {
	if err := m.Check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, workWithin)
	defer cancel()
	notes := m.Notes
	if notes == nil {
		notes = map[string]string{}
	}
	var stored string
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		// A writer of the same version waits here for the first one to end.
		inserted, err := tx.Exec(ctx, `INSERT INTO documents.models (name, version, made_at, stored_at, sum, notes)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name, version) DO NOTHING`,
			m.Name, m.Version, documents.Milliseconds(m.MadeAt), s.options.Moment(), m.Sum(), notes)
		if err != nil {
			return err
		}
		if inserted.RowsAffected() == 0 {
			return tx.QueryRow(ctx, `SELECT sum FROM documents.models WHERE name = $1 AND version = $2`, m.Name, m.Version).Scan(&stored)
		}
		for i, part := range m.Parts() {
			if _, err := tx.Exec(ctx, `INSERT INTO documents.model_parts (name, version, part, content) VALUES ($1, $2, $3, $4)`,
				m.Name, m.Version, i, part); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && stored != "" && stored != m.Sum() {
		return documents.Conflict("The version %q of the model %q is there with other content. Give the new one another name.", m.Version, m.Name)
	}
	return explain(err, "keep a model")
}

// foreignKeyViolation is SQLSTATE 23503.
const foreignKeyViolation = "23503"

// Swap implements documents.Models.
func (s models) Swap(ctx context.Context, name, from, to string) error {
	if err := documents.CheckSwap(from, to); err != nil {
		return err
	}
	statement := `UPDATE documents.models_in_use SET current = $3, previous = $2, since = $4 WHERE name = $1 AND current = $2`
	args := []any{name, from, to, s.options.Moment()}
	if from == "" {
		statement = `INSERT INTO documents.models_in_use (name, current, since) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING`
		args = []any{name, to, s.options.Moment()}
	}
	swapped, err := s.exec(ctx, "swap a model", statement, args...)
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.Code == foreignKeyViolation:
		return documents.NoModel(name, to)
	case err != nil || swapped > 0:
		return err
	}
	used, err := s.InUse(ctx, name)
	if err != nil {
		return err
	}
	return documents.Swapped(used, name, from, to)
}

// InUse implements documents.Models.
func (s models) InUse(ctx context.Context, name string) (used documents.InUse, err error) {
	_, err = s.one(ctx, "read which model is in use", `SELECT current, coalesce(previous, ''), since FROM documents.models_in_use WHERE name = $1`,
		[]any{name}, []any{&used.Current, &used.Previous, &used.Since})
	return used, err
}

// Read implements documents.Models.
func (s models) Read(ctx context.Context, name, version string) (documents.Model, error) {
	ctx, cancel := context.WithTimeout(ctx, workWithin)
	defer cancel()
	m := documents.Model{Name: name, Version: version}
	// One statement, so that a prune in between takes nothing away.
	rows, err := s.db.Query(ctx, `
		SELECT m.made_at, m.sum, m.notes, p.content
		FROM documents.models m LEFT JOIN documents.model_parts p USING (name, version)
		WHERE m.name = $1 AND m.version = $2 ORDER BY p.part`, name, version)
	if err != nil {
		return documents.Model{}, explain(err, "read a model")
	}
	var (
		sum  string
		part []byte
	)
	if _, err = pgx.ForEachRow(rows, []any{&m.MadeAt, &sum, &m.Notes, &part}, func() error {
		m.Content = append(m.Content, part...)
		return nil
	}); err != nil {
		return documents.Model{}, explain(err, "read a model")
	}
	if sum == "" {
		return documents.Model{}, documents.NoModel(name, version)
	}
	return m, m.CheckSum(sum)
}

// Prune implements documents.Models.
func (s models) Prune(ctx context.Context, name string, newest int) (int, error) {
	return s.execWithin(ctx, workWithin, "prune models", `
		DELETE FROM documents.models m WHERE name = $1
			AND NOT EXISTS (SELECT FROM documents.models_in_use u WHERE u.name = m.name AND m.version IN (u.current, u.previous))
			AND version NOT IN (SELECT version FROM documents.models WHERE name = $1 ORDER BY made_at DESC, version DESC LIMIT $2)`,
		name, max(newest, 0))
}
