package databasetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/schema/functions"
	"github.com/boxoffice/boxoffice/schema/migrations"
)

// templateLock makes test binaries that share a server build the template once.
const templateLock = 0x74657374 // "test"

// server is where tests get their databases, and the migrated database that they
// are copies of.
type server struct {
	admin    *url.URL
	template string
}

func newServer(ctx context.Context, admin *url.URL) (*server, error) {
	digest, err := schemaDigest()
	if err != nil {
		return nil, err
	}
	s := &server{admin: admin, template: "boxoffice_template_" + digest}
	if err := s.ensureTemplate(ctx); err != nil {
		return nil, fmt.Errorf("prepare the template database: %w", err)
	}
	return s, nil
}

// schemaDigest names the schema, so that a changed migration or function gets a
// new template and two checkouts can share a server.
func schemaDigest() (string, error) {
	hash := sha256.New()
	for _, source := range []fs.FS{migrations.FS, functions.FS} {
		err := fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(source, path)
			fmt.Fprintf(hash, "%s %d\n%s", path, len(content), content)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:6]), nil
}

func (s *server) ensureTemplate(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.admin.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, templateLock); err != nil {
		return err
	}
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, s.template).Scan(&exists); err != nil || exists {
		return err
	}

	// It gets its name only when it is complete: a killed test run must not
	// leave half a schema to the runs after it.
	draft := s.template + "_draft"
	if _, err := conn.Exec(ctx, fmt.Sprintf(`DROP DATABASE IF EXISTS %s WITH (FORCE)`, draft)); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, fmt.Sprintf(`CREATE DATABASE %s`, draft)); err != nil {
		return err
	}
	if err := migrateDatabase(ctx, s.url(draft)); err != nil {
		return err
	}
	// Postgres refuses to copy a database that has a connection.
	if _, err := conn.Exec(ctx, fmt.Sprintf(`ALTER DATABASE %s WITH ALLOW_CONNECTIONS false`, draft)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, fmt.Sprintf(`ALTER DATABASE %s RENAME TO %s`, draft, s.template))
	return err
}

func migrateDatabase(ctx context.Context, url string) error {
	db, err := database.Open(ctx, url)
	if err != nil {
		return err
	}
	defer db.Close()
	return database.Migrate(ctx, db, nil)
}

func (s *server) execute(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.admin.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

func (s *server) url(name string) string {
	u := *s.admin
	u.Path = "/" + name
	return u.String()
}
