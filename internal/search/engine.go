package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// Source reads the catalog. Version is cheap and changes with every change of
// what Load would return.
type Source interface {
	Version(ctx context.Context) (string, error)
	Load(ctx context.Context) (Snapshot, error)
}

// Engine holds the index in use. Readers take it as it is; a rebuild replaces
// it at once and whole, and what they hold stays valid.
type Engine struct {
	index atomic.Pointer[Index]
	log   *slog.Logger
}

// NewEngine starts with an index of nothing.
func NewEngine(log *slog.Logger) *Engine {
	e := &Engine{log: log}
	e.index.Store(Build(Snapshot{}))
	return e
}

// Index is the one in use. A caller that asks it twice gets answers of one
// version.
func (e *Engine) Index() *Index { return e.index.Load() }

// Version is that of the index in use; empty before the first.
func (e *Engine) Version() string { return e.Index().Version() }

// Ready says whether there is an index to answer from.
func (e *Engine) Ready(context.Context) error {
	if e.Version() == "" {
		return errors.New("search: the catalog is not loaded yet")
	}
	return nil
}

// Search answers from the index in use.
func (e *Engine) Search(q Query) Answer { return e.Index().Search(q) }

// Suggest completes from the index in use.
func (e *Engine) Suggest(text, city string) []Suggestion {
	return e.Index().Suggest(text, city, time.Now())
}

// Swap puts an index in use.
func (e *Engine) Swap(x *Index) { e.index.Store(x) }

// Refresh rebuilds the index when the source has another version. After an
// error the old one stays in use.
func (e *Engine) Refresh(ctx context.Context, source Source) error {
	version, err := source.Version(ctx)
	if err != nil {
		return fmt.Errorf("search: reading the catalog's version: %w", err)
	}
	if version == e.Version() {
		return nil
	}
	start := time.Now()
	snapshot, err := source.Load(ctx)
	if err != nil {
		return fmt.Errorf("search: loading the catalog at %s: %w", version, err)
	}
	loaded := time.Since(start)
	x := Build(snapshot)
	e.Swap(x)
	e.log.InfoContext(ctx, "search index rebuilt", "version", x.version, "movies", len(x.movies), "shows", len(x.shows),
		"load", loaded, "build", time.Since(start)-loaded)
	return nil
}

// Run keeps the index fresh until the context ends. A hint asks for a look now;
// the poll is what can be relied on, since hints get lost with the connection
// they come on. Hints that arrive during a rebuild lead to one more look.
func (e *Engine) Run(ctx context.Context, source Source, hints <-chan struct{}, poll time.Duration) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		if err := e.Refresh(ctx, source); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "search index not refreshed", "error", err, "in_use", e.Version())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		case _, open := <-hints:
			if !open {
				hints = nil
			}
			drain(hints)
		}
	}
}

// drain takes the hints that are waiting: one look answers them all.
func drain(hints <-chan struct{}) {
	for {
		select {
		case _, open := <-hints:
			if !open {
				return
			}
		default:
			return
		}
	}
}
