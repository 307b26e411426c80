package platform

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
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

// logger prints what a part logs as progress, in one plain line.
func (p *progress) logger() *slog.Logger { return slog.New(progressHandler{progress: p}) }

type progressHandler struct {
	progress *progress
	attrs    []slog.Attr
}

func (h progressHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

func (h progressHandler) Handle(_ context.Context, record slog.Record) error {
	line := record.Message
	for _, attr := range h.attrs {
		line += fmt.Sprintf(" %s=%v", attr.Key, attr.Value)
	}
	record.Attrs(func(attr slog.Attr) bool {
		line += fmt.Sprintf(" %s=%v", attr.Key, attr.Value)
		return true
	})
	h.progress.printf("%s", line)
	return nil
}

func (h progressHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(slices.Clone(h.attrs), attrs...)
	return h
}

// WithGroup ignores groups: a line has no room for them.
func (h progressHandler) WithGroup(string) slog.Handler { return h }
