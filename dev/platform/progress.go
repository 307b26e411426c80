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
	out   io.Writer // of everything; may be nil
	worse io.Writer // of trouble, when out is nil; may be nil
	start time.Time
}

func newProgress(out, worse io.Writer) *progress {
	return &progress{out: out, worse: worse, start: time.Now()}
}

func (p *progress) printf(format string, args ...any) { p.print(p.out, format, args...) }

// trouble reports what goes wrong without ending the platform: nothing else
// would say it.
func (p *progress) trouble(format string, args ...any) {
	if p.out != nil {
		p.print(p.out, format, args...)
		return
	}
	p.print(p.worse, format, args...)
}

func (p *progress) print(to io.Writer, format string, args ...any) {
	if to == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(to, "%7.1fs  %s\n", time.Since(p.start).Seconds(), fmt.Sprintf(format, args...))
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
