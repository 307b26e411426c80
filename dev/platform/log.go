package platform

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/DeRuina/timberjack"
)

const (
	// A part's log takes at most maxLogMegabytes*(1+oldLogs): the file that is
	// written, and the older ones beside it.
	maxLogMegabytes = 8
	oldLogs         = 2
	// lastBytes of what a program printed are kept for the error message.
	lastBytes = 4 << 10
	lastLines = 20
)

// output takes what one run of a program prints: all of it goes to the log,
// the end of it stays in memory. It never fails, because a program whose output
// is refused would die of it: a full disk costs the log only.
type output struct {
	complain func(error)

	mu     sync.Mutex
	log    io.WriteCloser
	failed bool
	last   []byte
}

// openOutput appends to a log that is replaced when it has grown too large.
func openOutput(path string, megabytes, old int, complain func(error)) *output {
	return &output{complain: complain, log: &timberjack.Logger{
		Filename: path, MaxSize: megabytes, MaxBackups: old, FileMode: 0o644,
	}}
}

// newOutput begins the log of a step that runs once: of its last run only.
func newOutput(path string) (*output, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("create the directory of logs: %w", err)
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create the log: %w", err)
	}
	return &output{log: file, complain: func(error) {}}, nil
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := o.log.Write(p); err != nil && !o.failed {
		o.failed = true
		o.complain(err)
	}
	o.last = append(o.last, p...)
	if surplus := len(o.last) - lastBytes; surplus > 0 {
		o.last = append(o.last[:0], o.last[surplus:]...)
	}
	return len(p), nil
}

func (o *output) Close() error { return o.log.Close() }

// tail is the last lines, at most n.
func (o *output) tail(n int) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := bytes.Split(bytes.TrimRight(o.last, "\n"), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-n):], []byte("\n")))
}

// failure says which step did not succeed, what its program printed last, and
// where the rest of that is.
type failure struct {
	step    string
	cause   error
	printed string
	logPath string
}

func (f *failure) Error() string {
	return fmt.Sprintf("%s: %v\n%s\nThe whole log is %s", f.step, f.cause, quoted(f.printed), f.logPath)
}

func (f *failure) Unwrap() error { return f.cause }

// quoted sets a program's own words apart from ours.
func quoted(printed string) string {
	if strings.TrimSpace(printed) == "" {
		return "  | (it printed nothing)"
	}
	return "  | " + strings.ReplaceAll(printed, "\n", "\n  | ")
}
