// Package databasetest gives every test a migrated Postgres database of its own,
// so that tests run in parallel on the real thing. Only tests import it.
package databasetest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/pglocal"
)

// envURL names the server to use instead of one of our own: a URL of any
// database on it, with the right to create databases.
const envURL = "TEST_DATABASE_URL"

// setupTimeout covers initdb on a busy machine.
const setupTimeout = 2 * time.Minute

// maxConns keeps many parallel tests below one server's max_connections.
const maxConns = 12

var (
	dataDir   string // where an own server lives; set by Main, which stops it
	own       *pglocal.Server
	databases atomic.Int64
)

// Main runs a package's tests and stops the server that they started:
//
//	func TestMain(m *testing.M) { databasetest.Main(m) }
func Main(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "boxoffice-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	dataDir = dir
	code := m.Run()
	if own != nil {
		ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
		defer cancel()
		if err := own.Stop(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "stop the test server:", err)
			return 1
		}
	}
	return code
}

// New opens a database of the test's own with the current schema and nothing in
// it. It is dropped when the test ends.
func New(t testing.TB) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), URL(t), database.WithMaxConns(maxConns), database.WithName(t.Name()))
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

// URL is New for code that connects by itself.
func URL(t testing.TB) string {
	t.Helper()
	server := serverFor(t)
	name := fmt.Sprintf("boxoffice_test_%d_%d", os.Getpid(), databases.Add(1))
	require.NoError(t, server.execute(t.Context(), fmt.Sprintf(`CREATE DATABASE %s TEMPLATE %s`, name, server.template)))
	t.Cleanup(func() {
		// The test's own context is over by now. Connections that the test
		// forgot must not keep the database.
		ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
		defer cancel()
		require.NoError(t, server.execute(ctx, fmt.Sprintf(`DROP DATABASE %s WITH (FORCE)`, name)))
	})
	return server.url(name)
}

func serverFor(t testing.TB) *server {
	t.Helper()
	server, err := ready()
	switch {
	case err == nil:
		return server
	case errors.Is(err, pglocal.ErrNoBinaries) && os.Getenv("CI") == "":
		t.Skipf("needs Postgres: set %s or install PostgreSQL's server binaries (%v)", envURL, err)
	default:
		t.Fatalf("needs Postgres: %v", err)
	}
	return nil
}

// ready finds or starts the server and prepares the template, once per process.
var ready = sync.OnceValues(func() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	address := os.Getenv(envURL)
	if address == "" {
		if dataDir == "" {
			return nil, fmt.Errorf("set %s, or add func TestMain(m *testing.M) { databasetest.Main(m) }", envURL)
		}
		started, err := pglocal.Start(ctx, pglocal.Options{DataDir: dataDir})
		if err != nil {
			return nil, err
		}
		own = started
		address = started.URL("postgres")
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL", envURL)
	}
	return newServer(ctx, parsed)
})
