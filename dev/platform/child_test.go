package platform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script is a child that runs a shell script in a directory of its own.
func script(t *testing.T, text string, ready func(context.Context) error) (*child, *lines) {
	t.Helper()
	var printed lines
	c := &child{
		name:     "script",
		path:     "/bin/sh",
		args:     []string{"-c", text},
		env:      os.Environ(),
		logPath:  filepath.Join(t.TempDir(), "script.log"),
		ready:    ready,
		progress: newProgress(&printed, nil),
	}
	t.Cleanup(func() { assert.NoError(t, c.stop(context.Background())) })
	return c, &printed
}

func TestChildThatCrashesIsStartedAgain(t *testing.T) {
	t.Parallel()
	c, printed := script(t, `echo run >> runs; exec sleep 60`, func(context.Context) error { return nil })
	runs := filepath.Join(filepath.Dir(c.logPath), "runs")
	require.NoError(t, c.start(t.Context()))
	require.Eventually(t, func() bool { return exists(runs) && c.process() != 0 }, 5*time.Second, 10*time.Millisecond)

	first := c.process()
	require.NoError(t, c.kill())
	require.Eventually(t, func() bool { pid := c.process(); return pid != 0 && pid != first }, 10*time.Second, 10*time.Millisecond)
	assert.Contains(t, printed.String(), "script stopped (signal: killed), starting it again")
}

func TestChildThatNeverAnswered(t *testing.T) {
	t.Parallel()
	c, printed := script(t, `echo no such database; exit 3`, func(context.Context) error { return errors.New("connection refused") })
	require.NoError(t, os.WriteFile(c.logPath, []byte("of a run long ago\n"), 0o600))

	err := c.start(t.Context())
	require.ErrorContains(t, err, "start script: ")
	assert.ErrorContains(t, err, "exit status 3")
	assert.ErrorContains(t, err, "  | no such database", "its last words say why")
	assert.ErrorContains(t, err, c.logPath)
	assert.NotContains(t, err.Error(), "long ago")
	assert.ErrorContains(t, err, "connection refused", "and so does what was waited for")
	assert.Zero(t, c.process(), "it is not retried forever")
	assert.Empty(t, printed.String(), "no message says that it is started again")
}

func TestChildThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	c, _ := script(t, "", func(context.Context) error { return errors.New("connection refused") })
	c.path = "/nowhere/script"
	err := c.start(t.Context())
	require.ErrorContains(t, err, "start script: ")
	assert.ErrorContains(t, err, "/nowhere/script: no such file")
}

// A child that answered and then keeps crashing is reported with its output, and restarted.
func TestChildThatKeepsDying(t *testing.T) {
	t.Parallel()
	c, printed := script(t, `test ! -e answered || { echo out of ideas; exit 4; }; touch answered; exec sleep 60`, nil)
	c.ready = func(context.Context) error {
		if !exists(filepath.Join(filepath.Dir(c.logPath), "answered")) {
			return errors.New("not yet")
		}
		return nil
	}
	require.NoError(t, c.start(t.Context()))
	require.NoError(t, c.kill())
	require.Eventually(t, func() bool {
		return strings.Contains(printed.String(), "script stopped (exit status 4), starting it again")
	}, 10*time.Second, 10*time.Millisecond)
	assert.Contains(t, printed.String(), c.logPath)
}

func TestFirstCrashQuotesTheProgram(t *testing.T) {
	t.Parallel()
	c, printed := script(t, `touch up; while test ! -e die; do sleep 0.01; done; echo out of ideas; exit 4`, nil)
	dir := filepath.Dir(c.logPath)
	c.ready = func(context.Context) error {
		if !exists(filepath.Join(dir, "up")) {
			return errors.New("not yet")
		}
		return nil
	}
	require.NoError(t, c.start(t.Context()))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "die"), nil, 0o600))
	require.Eventually(t, func() bool { return strings.Contains(printed.String(), "exit status 4") }, 10*time.Second, 10*time.Millisecond)
	assert.Contains(t, printed.String(), "  | out of ideas")
}

func TestChildThatStopsBadly(t *testing.T) {
	t.Parallel()
	c, printed := script(t, `trap 'echo books are open; exit 5' TERM; touch up; while :; do sleep 0.01; done`, nil)
	c.ready = func(context.Context) error {
		if !exists(filepath.Join(filepath.Dir(c.logPath), "up")) {
			return errors.New("not yet")
		}
		return nil
	}
	require.NoError(t, c.start(t.Context()))
	require.NoError(t, c.stop(t.Context()))
	assert.Contains(t, printed.String(), "script was told to stop and ended with exit status 5")
	assert.Contains(t, printed.String(), "books are open")
}

func TestNoisyChildDoesNotFillTheDisk(t *testing.T) {
	t.Parallel()
	const noise = 5 * maxLogMegabytes << 20
	c, _ := script(t, `yes "the same words, many times over" | head -c `+strconv.Itoa(noise)+`; echo the last line; touch done; exec sleep 60`, nil)
	dir := filepath.Dir(c.logPath)
	c.ready = func(context.Context) error {
		if !exists(filepath.Join(dir, "done")) {
			return errors.New("still making noise")
		}
		return nil
	}
	require.NoError(t, c.start(t.Context()))

	const bound = maxLogMegabytes << 20 * (1 + oldLogs)
	var size int64
	require.Eventually(t, func() bool { size = sizeOf(t, dir); return size <= bound }, 10*time.Second, 10*time.Millisecond,
		"old logs are removed")
	assert.Greater(t, size, int64(maxLogMegabytes<<20), "something is kept")
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(c.logPath)
		return err == nil && strings.HasSuffix(string(content), "the last line\n")
	}, 10*time.Second, 10*time.Millisecond, "the end is in the file that has the name")
}

func sizeOf(t *testing.T, dir string) (bytes int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}

// A full disk costs the log, not the program.
func TestChildWhoseLogCannotBeWritten(t *testing.T) {
	t.Parallel()
	c, printed := script(t, `while :; do echo words; sleep 0.01; done`, func(context.Context) error { return nil })
	dir := filepath.Dir(c.logPath)
	c.logPath = filepath.Join(dir, "full.log")
	require.NoError(t, os.Symlink("/dev/full", c.logPath))
	require.NoError(t, c.start(t.Context()))
	require.Eventually(t, func() bool {
		return strings.Contains(printed.String(), "script runs, but its log cannot be written: ")
	}, 10*time.Second, 10*time.Millisecond)
	assert.Contains(t, printed.String(), "no space left on device")
	// The program may write before its starter has noted the process.
	require.Eventually(t, func() bool { return c.process() != 0 }, 5*time.Second, 10*time.Millisecond, "it runs on")
	assert.Equal(t, 1, strings.Count(printed.String(), "cannot be written"), "said once")
}

func TestStoppedChildStaysStopped(t *testing.T) {
	t.Parallel()
	c, printed := script(t, `trap 'exit 0' TERM; while :; do sleep 0.01; done`, func(context.Context) error { return nil })
	require.NoError(t, c.start(t.Context()))
	require.ErrorContains(t, c.start(t.Context()), "already running")
	require.Eventually(t, func() bool { return c.process() != 0 }, 5*time.Second, 10*time.Millisecond)

	require.NoError(t, c.stop(t.Context()))
	assert.Zero(t, c.process())
	assert.Empty(t, printed.String())
	assert.Error(t, c.kill(), "a signal to a child that is gone must not reach another process")
}

// lines is written by one goroutine and read by another.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
