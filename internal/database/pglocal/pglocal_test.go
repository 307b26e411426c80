package pglocal_test

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/database/pglocal"
)

// The test binary starts itself with these to be a parent that gets killed.
const (
	parentDir     = "PGLOCAL_TEST_PARENT_DIR"
	parentDurable = "PGLOCAL_TEST_PARENT_DURABLE"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentDir); dir != "" {
		beParent(dir, os.Getenv(parentDurable) == "true")
	}
	os.Exit(m.Run())
}

func beParent(dir string, durable bool) {
	server, err := pglocal.Start(context.Background(), pglocal.Options{DataDir: dir, Durable: durable})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("pid", server.PID())
	select {} // until killed
}

func TestDataSurvivesStopAndKill(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)

	server := start(t, pglocal.Options{DataDir: dir, Durable: true})
	execute(t, server, "CREATE TABLE kept (n int)")
	execute(t, server, "INSERT INTO kept VALUES (1)")
	require.NoError(t, server.Stop(t.Context()))
	require.False(t, running(server.PID()))

	server = start(t, pglocal.Options{DataDir: dir, Durable: true})
	execute(t, server, "INSERT INTO kept VALUES (2)")
	server.Kill()
	require.False(t, running(server.PID()))

	server = start(t, pglocal.Options{DataDir: dir, Durable: true})
	assert.Equal(t, 2, count(t, server, "kept"))
}

func TestServerOfAKilledParent(t *testing.T) {
	t.Parallel()

	t.Run("durable: replaced", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		pid := startAndKillParent(t, dir, true)
		require.True(t, running(pid), "a durable server outlives its parent")

		server := start(t, pglocal.Options{DataDir: dir, Durable: true})
		assert.False(t, running(pid))
		requireNoRecovery(t, server)
	})

	t.Run("durable: stopped", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		pid := startAndKillParent(t, dir, true)

		found, err := pglocal.StopLeftover(t.Context(), dir)
		require.NoError(t, err)
		assert.True(t, found)
		assert.False(t, running(pid))
		found, err = pglocal.StopLeftover(t.Context(), dir)
		require.NoError(t, err)
		assert.False(t, found)
		requireNoRecovery(t, start(t, pglocal.Options{DataDir: dir, Durable: true}))
	})

	t.Run("durable, in a copy of its directory: left alone", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		pid := startAndKillParent(t, dir, true)
		lock, err := os.ReadFile(filepath.Join(dir, "cluster", "postmaster.pid"))
		require.NoError(t, err)
		copied := dataDir(t)
		require.NoError(t, os.MkdirAll(filepath.Join(copied, "cluster"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(copied, "cluster", "postmaster.pid"), lock, 0o600))

		found, err := pglocal.StopLeftover(t.Context(), copied)
		require.NoError(t, err)
		assert.False(t, found)
		assert.True(t, running(pid))
		_, err = pglocal.StopLeftover(t.Context(), dir)
		require.NoError(t, err)
	})

	t.Run("durable, another port wanted: replaced", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		pid := startAndKillParent(t, dir, true)

		port := freePort(t)
		server := start(t, pglocal.Options{DataDir: dir, Durable: true, Port: port})
		assert.Equal(t, port, server.Port())
		assert.False(t, running(pid))
	})

	t.Run("throwaway: gone", func(t *testing.T) {
		t.Parallel()
		pid := startAndKillParent(t, dataDir(t), false)
		require.Eventually(t, func() bool { return !running(pid) }, 10*time.Second, 20*time.Millisecond)
	})
}

func TestPidFileOfSomebodyElse(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	server := start(t, pglocal.Options{DataDir: dir, Durable: true})
	pidFile := filepath.Join(server.DataDir(), "cluster", "postmaster.pid")
	content, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	server.Kill()

	// After a reboot the old id may be another process's: here, this test's.
	_, rest, _ := strings.Cut(string(content), "\n")
	require.NoError(t, os.WriteFile(pidFile, fmt.Appendf(nil, "%d\n%s", os.Getpid(), rest), 0o600))

	server = start(t, pglocal.Options{DataDir: dir, Durable: true})
	assert.NotEqual(t, os.Getpid(), server.PID())
}

func TestInterruptedInitialization(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "cluster.unfinished", "base"), 0o755))
	start(t, pglocal.Options{DataDir: dir})
}

func TestDirectoryThatPostgresCannotReach(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root has to move the data")
	}
	private := t.TempDir()
	require.NoError(t, os.Chmod(private, 0o700))
	wanted := filepath.Join(private, "postgres")

	server := start(t, pglocal.Options{DataDir: wanted})
	require.NotEqual(t, wanted, server.DataDir())
	link, err := os.Readlink(wanted)
	require.NoError(t, err)
	assert.Equal(t, server.DataDir(), link)

	require.NoError(t, server.Stop(t.Context()))
	assert.NoDirExists(t, server.DataDir(), "throwaway data is not left behind")
}

func TestDataThatRootTookBack(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	dir := dataDir(t)
	server := start(t, pglocal.Options{DataDir: dir, Durable: true})
	require.NoError(t, server.Stop(t.Context()))
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		require.NoError(t, err)
		return os.Lchown(path, 0, 0)
	}))
	start(t, pglocal.Options{DataDir: dir, Durable: true})
}

func TestNoBinaries(t *testing.T) {
	t.Parallel()
	_, err := pglocal.Start(t.Context(), pglocal.Options{DataDir: t.TempDir(), BinDir: t.TempDir()})
	assert.ErrorIs(t, err, pglocal.ErrNoBinaries)
}

func TestOtherMajorVersion(t *testing.T) {
	t.Parallel()
	requireBinaries(t)
	dir := dataDir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "cluster"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cluster", "PG_VERSION"), []byte("9\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "password"), []byte("x"), 0o600))

	_, err := pglocal.Start(t.Context(), pglocal.Options{DataDir: dir})
	assert.ErrorContains(t, err, "written by PostgreSQL 9")
}

func TestTakenPort(t *testing.T) {
	t.Parallel()
	requireBinaries(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()

	port := listener.Addr().(*net.TCPAddr).Port
	_, err = pglocal.Start(t.Context(), pglocal.Options{DataDir: dataDir(t), Port: port})
	require.ErrorContains(t, err, fmt.Sprintf("postgres on port %d", port))
	assert.ErrorContains(t, err, "Address already in use")
}

func TestStandbyFollows(t *testing.T) {
	t.Parallel()
	primary := start(t, pglocal.Options{DataDir: dataDir(t), Replicable: true})
	execute(t, primary, "CREATE TABLE kept (n int)")
	standby, err := primary.StartStandby(t.Context(), dataDir(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, standby.Stop(context.Background())) })

	execute(t, primary, "INSERT INTO kept VALUES (1)")
	require.Eventually(t, func() bool { return count(t, standby, "kept") == 1 }, 10*time.Second, 10*time.Millisecond)
	_, err = connect(t, standby).Exec(t.Context(), "INSERT INTO kept VALUES (2)")
	require.ErrorContains(t, err, "read-only")

	require.NoError(t, primary.Stop(t.Context()))
	execute(t, standby, "SELECT pg_promote()")
	execute(t, standby, "INSERT INTO kept VALUES (2)")
	assert.Equal(t, 2, count(t, standby, "kept"))
}

func TestOnlyReplicableServersHaveStandbys(t *testing.T) {
	t.Parallel()
	server := start(t, pglocal.Options{DataDir: dataDir(t)})
	_, err := server.StartStandby(t.Context(), dataDir(t))
	require.ErrorContains(t, err, "replicable")
}

// dataDir is one that the postgres account can reach as well: temporary
// directories are private.
func dataDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, parent := range []string{dir, filepath.Dir(dir)} {
		require.NoError(t, os.Chmod(parent, 0o755))
	}
	return filepath.Join(dir, "postgres")
}

func start(t *testing.T, opts pglocal.Options) *pglocal.Server {
	t.Helper()
	requireBinaries(t)
	server, err := pglocal.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop(context.Background())) })
	return server
}

func requireBinaries(t *testing.T) {
	t.Helper()
	if _, err := pglocal.FindBinaries(); err != nil {
		t.Skip(err)
	}
}

// startAndKillParent returns the id of the server that a killed process had
// started.
func startAndKillParent(t *testing.T, dir string, durable bool) int {
	t.Helper()
	requireBinaries(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentDir+"="+dir, fmt.Sprintf("%s=%t", parentDurable, durable))
	output, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() { _ = parent.Process.Kill() })

	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	var pid int
	_, err = fmt.Sscanf(line, "pid %d", &pid)
	require.NoError(t, err, line)
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	return pid
}

// requireNoRecovery makes sure that the server before this one was shut down in order.
func requireNoRecovery(t *testing.T, server *pglocal.Server) {
	t.Helper()
	log, err := os.ReadFile(server.LogFile())
	require.NoError(t, err)
	require.Contains(t, string(log), "database system was shut down at")
	require.NotContains(t, string(log), "automatic recovery in progress")
}

// running looks past zombies: in a container there may be no parent that reaps an orphan.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return os.IsNotExist(err) && syscall.Kill(pid, 0) == nil
	}
	_, state, _ := strings.Cut(string(status), ") ")
	return !strings.HasPrefix(state, "Z")
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func connect(t *testing.T, server *pglocal.Server) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.URL("postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execute(t *testing.T, server *pglocal.Server, statement string) {
	t.Helper()
	_, err := connect(t, server).Exec(t.Context(), statement)
	require.NoError(t, err)
}

func count(t *testing.T, server *pglocal.Server, table string) (n int) {
	t.Helper()
	require.NoError(t, connect(t, server).QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
	return n
}
