package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/dev/platform"
)

// The test binary starts itself with this to be the command.
const beTheCommand = "BOXOFFICE_DEV_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(beTheCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

type ended struct {
	code           int
	stdout, stderr string
}

// command runs boxoffice-dev over the repository at root.
func command(t *testing.T, root string, env []string, args ...string) ended {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"--root", root}, args...)...)
	cmd.Env = append(append(os.Environ(), beTheCommand+"=1"), env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return ended{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

const repositoryRoot = ".."

// broken is a copy of the repository with one file that is not right, and with
// the Temporal server that the repository has built.
func broken(t *testing.T, name, content string) (root string) {
	t.Helper()
	require.NoError(t, platform.BuildTemporal(t.Context(), repositoryRoot, os.Stderr))
	root = t.TempDir()
	for _, dir := range []string{root, filepath.Dir(root)} { // for the account of Postgres
		require.NoError(t, os.Chmod(dir, 0o755))
	}
	require.NoError(t, copyTree(root, repositoryRoot))
	require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(content), 0o600))

	bin := filepath.Join(".boxoffice", "bin")
	require.NoError(t, os.MkdirAll(filepath.Join(root, bin), 0o755))
	for _, built := range []string{"boxoffice-temporal", "boxoffice-temporal.sum"} {
		from, err := filepath.Abs(filepath.Join(repositoryRoot, bin, built))
		require.NoError(t, err)
		require.NoError(t, os.Symlink(from, filepath.Join(root, bin, built)))
	}
	return root
}

func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case name == ".git", name == ".boxoffice":
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		default:
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(to, name), content, 0o644)
		}
	})
}

// ports are free ones for a whole platform.
func ports(t *testing.T) (env []string) {
	t.Helper()
	for _, name := range []string{"BOXOFFICE_PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT", "SANDBOX_PORT", "POSTGRES_PORT", "REDIS_PORT"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		env = append(env, fmt.Sprintf("%s=%d", name, listener.Addr().(*net.TCPAddr).Port))
	}
	return env
}

func TestMigrationThatFails(t *testing.T) {
	root := broken(t, "schema/migrations/29991231000000_broken.up.sql", "ALTER TABLE popcorn ADD COLUMN salt int;\n")
	up := command(t, root, ports(t), "up")
	assert.Equal(t, 1, up.code)
	assert.Contains(t, up.stderr, "migrate the database (boxoffice migrate): exit status 1", "the step")
	assert.Contains(t, up.stderr, `relation "popcorn" does not exist`, "what the program said last")
	log := filepath.Join(root, ".boxoffice", "logs", "migrate.log")
	assert.Contains(t, up.stderr, "The whole log is "+log)
	content, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Contains(t, string(content), "popcorn")
	down := command(t, root, nil, "down")
	assert.Contains(t, down.stdout, "nothing is running", "nothing is left behind")
}

func TestBuildThatFails(t *testing.T) {
	root := broken(t, "cmd/boxoffice/broken.go", "package main\n\nvar seats int = \"two\"\n")
	for _, args := range [][]string{{"up"}, {"with", "--only", "sandbox", "--", "true"}} {
		run := command(t, root, ports(t), args...)
		assert.Equal(t, 1, run.code, args)
		assert.Contains(t, run.stderr, "build boxoffice: exit status 1", args)
		assert.Contains(t, run.stderr, "broken.go:3", args)
		log := filepath.Join(root, ".boxoffice", "logs", "build-boxoffice.log")
		assert.Contains(t, run.stderr, "The whole log is "+log, args)
		assert.FileExists(t, log)
	}
}

func TestBuildOfTemporalThatFails(t *testing.T) {
	root := broken(t, "dev/temporal/broken.go", "package main\n\nvar seats int = \"two\"\n")
	built := command(t, root, nil, "build")
	assert.Equal(t, 1, built.code)
	assert.Contains(t, built.stderr, "build the Temporal server: exit status 1")
	assert.Contains(t, built.stderr, "broken.go:3")
	assert.Contains(t, built.stderr, "build-boxoffice-temporal.log")
}

// The command's own exit code is the answer, and what it printed all there is.
func TestWithReturnsTheCommandsExitCode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		script string
		code   int
	}{
		{"echo fine", 0}, {"echo fine; exit 1", 1}, {"echo fine; exit 42", 42}, {"echo fine; kill -9 $$", 137},
	} {
		run := command(t, repositoryRoot, nil, "with", "--only", "redis", "--", "sh", "-c", test.script)
		assert.Equal(t, ended{code: test.code, stdout: "fine\n"}, run, test.script)
	}
}

func TestWithNamesACommandThatIsNotThere(t *testing.T) {
	t.Parallel()
	run := command(t, repositoryRoot, nil, "with", "--only", "redis", "--", "popcorn-machine")
	assert.Equal(t, 1, run.code)
	assert.Contains(t, run.stderr, "popcorn-machine")
}

// A part that dies during the command is reported, and its log is still there when the
// command is done.
func TestWithSaysThatAPartCrashed(t *testing.T) {
	t.Parallel()
	require.NoError(t, platform.BuildTemporal(t.Context(), repositoryRoot, os.Stderr))
	run := command(t, repositoryRoot, nil, "with", "--only", "temporal", "--", "sh", "-c",
		`kill -9 $(pgrep -P $PPID boxoffice-tempo) && sleep 1; exit 7`)
	assert.Equal(t, 7, run.code)
	require.Contains(t, run.stderr, "temporal stopped (signal: killed), starting it again")
	_, rest, _ := strings.Cut(run.stderr, "its log is ")
	log, _, _ := strings.Cut(rest, "\n")
	assert.FileExists(t, log)
	require.NoError(t, os.RemoveAll(filepath.Dir(filepath.Dir(log))))
}

func TestStateThatCannotBeKept(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(t *testing.T, state string)
		says    string
	}{
		"the state is a file": {func(t *testing.T, state string) {
			require.NoError(t, os.WriteFile(state, nil, 0o600))
		}, "create the state directory: "},
		"the lock is a directory": {func(t *testing.T, state string) {
			require.NoError(t, os.MkdirAll(filepath.Join(state, "lock"), 0o755))
		}, "open the lock: "},
		"the ports cannot be written": {func(t *testing.T, state string) {
			require.NoError(t, os.MkdirAll(filepath.Join(state, "ports.json"), 0o755))
		}, "remember the ports: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			state := stateDir(root)
			test.prepare(t, state)
			up := command(t, root, ports(t), "up")
			assert.Equal(t, 1, up.code)
			assert.Contains(t, up.stderr, test.says)
			assert.Contains(t, up.stderr, state)
		})
	}
}

func TestDownDoesNotGuess(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(stateDir(root), "lock"), 0o755))
	down := command(t, root, nil, "down")
	assert.Equal(t, 1, down.code)
	assert.NotContains(t, down.stdout, "nothing is running")
	assert.Contains(t, down.stderr, "find out what is running: ")
}
