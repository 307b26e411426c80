package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/documents"
)

type preferences struct{ store }

// Get implements documents.Preferences.
func (s preferences) Get(ctx context.Context, person uuid.UUID) (p documents.Profile, err error) {
	_, err = s.one(ctx, "read a profile", `SELECT body, version, changed_at FROM documents.profiles WHERE person = $1`,
		[]any{person}, []any{&p, &p.Version, &p.ChangedAt})
	return p, err
}

// Put implements documents.Preferences.
func (s preferences) Put(ctx context.Context, person uuid.UUID, p documents.Profile) (version int64, err error) {
	if err := p.Check(); err != nil {
		return 0, err
	}
	// An update alone: a profile that was deleted meanwhile stays deleted.
	statement := `UPDATE documents.profiles SET version = $2 + 1, changed_at = $3, body = $4 WHERE person = $1 AND version = $2 RETURNING version`
	args := []any{person, p.Version, s.options.Moment(), p}
	if p.Version == 0 {
		statement = `INSERT INTO documents.profiles (person, version, changed_at, body) VALUES ($1, $2, $3, $4)
			ON CONFLICT (person) DO NOTHING RETURNING version`
		args[1] = documents.FirstVersion(s.options.Now())
	}
	written, err := s.one(ctx, "write a profile", statement, args, []any{&version})
	if err == nil && !written {
		err = changedMeanwhile()
	}
	return version, err
}

func changedMeanwhile() error {
	return documents.Conflict("The preferences were changed meanwhile. Read them again, then repeat the change.")
}

// Delete implements documents.Preferences.
func (s preferences) Delete(ctx context.Context, person uuid.UUID) error {
	_, err := s.exec(ctx, "delete a profile", `DELETE FROM documents.profiles WHERE person = $1`, person)
	return err
}

// DeleteVersion implements documents.Preferences.
func (s preferences) DeleteVersion(ctx context.Context, person uuid.UUID, version int64) error {
	n, err := s.exec(ctx, "delete a profile", `DELETE FROM documents.profiles WHERE person = $1 AND version = $2`, person, version)
	if err == nil && n == 0 {
		err = changedMeanwhile()
	}
	return err
}
