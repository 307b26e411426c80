package pglocal

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// The server goes on writing after its log was emptied.
func TestTheLogIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, parent := range []string{dir, filepath.Dir(dir)} { // for the account of Postgres
		require.NoError(t, os.Chmod(parent, 0o755))
	}
	server, err := Start(t.Context(), Options{DataDir: filepath.Join(dir, "data")})
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop(t.Context()) })
	conn, err := pgx.Connect(t.Context(), server.URL("postgres"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	fail := func() {
		_, err := conn.Exec(t.Context(), "SELECT popcorn")
		require.Error(t, err)
	}
	size := func() int64 {
		info, err := os.Stat(server.LogFile())
		require.NoError(t, err)
		return info.Size()
	}

	const most = 8 << 10
	for size() <= most {
		fail()
	}
	go server.boundLog(most, time.Millisecond)
	require.Eventually(t, func() bool { return size() <= most }, 10*time.Second, time.Millisecond)
	before := size()
	fail()
	require.Eventually(t, func() bool { return size() > before }, 10*time.Second, time.Millisecond)
}
