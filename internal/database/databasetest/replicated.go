package databasetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/pglocal"
)

// Replicated is a primary with a standby that streams from it, both of the
// test's own: it may stop, pause or promote them.
type Replicated struct {
	// DB is the primary, with the current schema and nothing in it.
	DB      *database.DB
	Primary *pglocal.Server
	Standby *pglocal.Server
}

// replicatedName is the database on both servers.
const replicatedName = "boxoffice_replicated"

// NewServer starts a server of the test's own, with nothing in it. The test may kill it and start
// it again (Restart). It ends with the test.
func NewServer(t testing.TB) *pglocal.Server {
	t.Helper()
	return startServer(t, pglocal.Options{DataDir: dirForPostgres(t)})
}

// Restart starts a server again that was killed, at the same address and with what was in it.
func Restart(t testing.TB, killed *pglocal.Server) *pglocal.Server {
	t.Helper()
	<-killed.Done()
	return startServer(t, pglocal.Options{DataDir: killed.DataDir(), Port: killed.Port()})
}

func startServer(t testing.TB, options pglocal.Options) *pglocal.Server {
	t.Helper()
	server, err := pglocal.Start(t.Context(), options)
	if errors.Is(err, pglocal.ErrNoBinaries) && os.Getenv("CI") == "" {
		t.Skipf("needs PostgreSQL's server binaries: %v", err)
	}
	require.NoError(t, err)
	endServer(t, server)
	return server
}

func endServer(t testing.TB, server *pglocal.Server) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
		defer cancel()
		select {
		case <-server.Done(): // killed by the test
		default:
			require.NoError(t, server.Stop(ctx))
		}
	})
}

// NewReplicated starts both servers. They end with the test.
func NewReplicated(t testing.TB) *Replicated {
	t.Helper()
	primary := startServer(t, pglocal.Options{DataDir: dirForPostgres(t), Replicable: true})
	executeOn(t, primary, "postgres", "CREATE DATABASE "+replicatedName)
	require.NoError(t, migrateDatabase(t.Context(), primary.URL(replicatedName)))
	standby, err := primary.StartStandby(t.Context(), dirForPostgres(t))
	require.NoError(t, err)
	endServer(t, standby)

	r := &Replicated{Primary: primary, Standby: standby}
	r.DB, err = database.Open(t.Context(), r.PrimaryURL(), database.WithMaxConns(maxConns), database.WithName(t.Name()))
	require.NoError(t, err)
	t.Cleanup(r.DB.Close)
	return r
}

// PrimaryURL is the address of the database that takes writes.
func (r *Replicated) PrimaryURL() string { return r.Primary.URL(replicatedName) }

// StandbyURL is the address of its copy.
func (r *Replicated) StandbyURL() string { return r.Standby.URL(replicatedName) }

// OnStandby runs a statement there, pg_wal_replay_pause() for example.
func (r *Replicated) OnStandby(t testing.TB, statement string) {
	t.Helper()
	executeOn(t, r.Standby, replicatedName, statement)
}

func executeOn(t testing.TB, server *pglocal.Server, name, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.URL(name))
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), statement)
	require.NoError(t, err)
}

// dirForPostgres is a directory that the postgres account can reach as well:
// temporary directories are private.
func dirForPostgres(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, parent := range []string{dir, filepath.Dir(dir)} {
		require.NoError(t, os.Chmod(parent, 0o755))
	}
	return filepath.Join(dir, "postgres")
}
