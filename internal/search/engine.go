package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// catalog is what an index is made of. version is cheap and changes with every change of
// what load would return.
type catalog interface {
	version(ctx context.Context) (string, error)
	load(ctx context.Context) (Snapshot, error)
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

// version is that of the index in use; empty before the first.
func (e *Engine) version() string { return e.Index().version }

// Ready says whether there is an index to answer from.
func (e *Engine) Ready(context.Context) error {
	if e.version() == "" {
		return errors.New("search: the catalog is not loaded yet")
	}
	return nil
}

// Refresh rebuilds the index when the source has another version. After an
// error the old one stays in use.
func (e *Engine) Refresh(ctx context.Context, source catalog) error {
	version, err := source.version(ctx)
	if err != nil {
		return fmt.Errorf("search: reading the catalog's version: %w", err)
	}
	if version == e.version() {
		return nil
	}
	start := time.Now()
	snapshot, err := source.load(ctx)
	if err != nil {
		return fmt.Errorf("search: loading the catalog at %s: %w", version, err)
	}
	loaded := time.Since(start)
	x := Build(snapshot)
	e.index.Store(x)
	e.log.InfoContext(ctx, "search index rebuilt", "version", x.version, "movies", len(x.movies), "shows", len(x.shows),
		"load", loaded, "build", time.Since(start)-loaded)
	return nil
}

// Run keeps the index fresh until the context ends. A hint asks for a look now;
// the poll is what can be relied on, since hints get lost with the connection
// they come on. Hints that arrive during a rebuild lead to one more look.
func (e *Engine) Run(ctx context.Context, source catalog, hints <-chan struct{}, poll time.Duration) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		if err := e.Refresh(ctx, source); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "search index not refreshed", "error", err, "in_use", e.version())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		case _, open := <-hints:
			if !open {
				hints = nil
			}
			for len(hints) > 0 { // one look answers them all
				<-hints
			}
		}
	}
}
