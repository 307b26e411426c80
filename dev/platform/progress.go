package platform

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// progress prints one line for each thing worth knowing, with the time since
// the start.
type progress struct {
	mu    sync.Mutex
	out   io.Writer
	start time.Time
}

func newProgress(out io.Writer) *progress {
	if out == nil {
		out = io.Discard
	}
	return &progress{out: out, start: time.Now()}
}

func (p *progress) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "%7.1fs  %s\n", time.Since(p.start).Seconds(), fmt.Sprintf(format, args...))
}

// logger prints what a part logs as progress.
func (p *progress) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(progressWriter{p}, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			if attr.Key == slog.TimeKey || attr.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return attr
		},
	}))
}

type progressWriter struct{ progress *progress }

func (w progressWriter) Write(line []byte) (int, error) {
	w.progress.printf("%s", strings.TrimSpace(string(line)))
	return len(line), nil
}
