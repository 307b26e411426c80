package platform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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
		progress: newProgress(&printed),
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
	c, _ := script(t, `echo no such database; exit 3`, func(context.Context) error { return errors.New("connection refused") })

	err := c.start(t.Context())
	require.ErrorContains(t, err, "exit status 3")
	assert.ErrorContains(t, err, "no such database", "the end of its log says why")
	assert.ErrorContains(t, err, "connection refused", "and so does what was waited for")
	assert.Zero(t, c.process(), "it is not tried for ever")
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
	assert.Error(t, c.kill(), "a signal to a child that is gone must not reach anybody else")
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
