package deployment

import (
	"context"
	_ "embed"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// formerRelease is the commit of the former release; `make close-release` writes
// it.
//
//go:embed former-release.txt
var formerRelease string

// release is the boxoffice program of a version, and how to run it.
type release struct {
	name    string
	program string
	env     []string
	logs    string
}

// formerProgram builds the former release from the history of this repository,
// once. A clone without history, or without git, has nothing to build it from.
func formerProgram(t *testing.T) string {
	t.Helper()
	commit := strings.TrimSpace(formerRelease)
	repository, err := filepath.Abs(root)
	require.NoError(t, err)
	program := filepath.Join(repository, ".boxoffice", "bin", "boxoffice-"+commit[:12])
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if output, err := exec.Command("git", "-C", repository, "cat-file", "-e", commit+"^{commit}").CombinedOutput(); err != nil {
		const why = "!! SKIPPED: the former release's commit %s is not in this clone, so that nothing says whether it runs on the new schema (git fetch --unshallow): %v %s"
		t.Skipf(why, commit, err, output)
	}
	sources := t.TempDir()
	archive := exec.CommandContext(t.Context(), "sh", "-c", `git -C "$1" archive "$2" | tar -x -C "$3"`, "sh", repository, commit, sources)
	output, err := archive.CombinedOutput()
	require.NoError(t, err, string(output))

	// Another run must not find half a program.
	built := program + "." + filepath.Base(sources)
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", built, "./cmd/boxoffice")
	build.Dir = sources
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err = build.CombinedOutput()
	require.NoError(t, err, string(output))
	require.NoError(t, os.Rename(built, program))
	return program
}

// run runs a command to its end.
func (r release) run(t *testing.T, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), r.program, args...)
	cmd.Env, cmd.Dir = r.env, r.logs
	said, err := cmd.CombinedOutput()
	return string(said), err
}

// start starts a process. It ends when the test says so, at its end at the
// latest.
func (r release) start(t *testing.T, command string) (stop func()) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(r.logs, r.name+"-"+command+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, r.program, command)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = r.env, r.logs, log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	require.NoError(t, cmd.Start())
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer log.Close()
		_ = cmd.Wait()
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Logf("the end of %s:\n%s", filepath.Base(log.Name()), said[max(0, len(said)-4000):])
		}
	})
	return stop
}

// awaitReady waits until an API answers that all it needs is there.
func awaitReady(t *testing.T, api string) {
	t.Helper()
	require.Eventually(t, func() bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api+"/readyz", nil)
		if err != nil {
			return false
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond, "%s/readyz", api)
}

func environ(env map[string]string) []string {
	var environ []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		environ = append(environ, name+"="+env[name])
	}
	return environ
}
