package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/database"
)

// reading is how an API process reads the catalog: from memory, from what others
// have made, from a standby, from the primary, in this order.
type reading struct {
	db        *database.DB
	watch     *catalog.Watch
	documents *cache.Documents
	helpful   map[string]func(context.Context) error
}

// openReading keeps watching the catalog's version until the process stops.
func (p *platform) openReading(ctx context.Context) (reading, error) {
	r := reading{helpful: map[string]func(context.Context) error{}}
	var replica *database.Replica
	if p.config.DatabaseReadURL != "" {
		var err error
		if replica, err = database.OpenReplica(ctx, p.config.DatabaseReadURL, p.log, database.WithName("boxoffice api reads")); err != nil {
			return r, err
		}
		p.closers = append(p.closers, replica.Close)
		r.helpful["postgres_replica"] = replica.Ready
	}
	shared, err := p.openShared(ctx)
	if err != nil {
		return r, err
	}
	r.db = p.db.Reading(replica)
	r.documents = cache.NewDocuments(cache.MostBytes, shared)
	r.watch = catalog.NewWatch(p.db, replica, p.log)

	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.watch.Run(ctx, r.watch.Hints(ctx), catalog.Poll)
	}()
	p.closers = append(p.closers, func() {
		cancel()
		<-ended
		r.documents.Close()
	})
	return r, nil
}

// openShared gives nil without a Redis.
func (p *platform) openShared(ctx context.Context) (*cache.Shared, error) {
	if p.config.RedisURL == "" {
		return nil, nil
	}
	identity, err := p.db.Identity(ctx)
	if err != nil { // some hosts keep it from their customers
		p.log.Warn("answers are not shared through Redis: the database does not say which it is", "error", err)
		return nil, nil
	}
	build, err := buildDigest()
	if err != nil {
		return nil, err
	}
	shared, err := cache.NewShared(p.config.RedisURL, p.log, build, identity)
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, func() {
		if err := shared.Close(); err != nil {
			p.log.Warn("close Redis", "error", err)
		}
	})
	return shared, nil
}

// buildDigest tells builds apart by the program itself: the version says nothing
// of a program that was built with local changes, or without its history.
func buildDigest() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find our own program: %w", err)
	}
	program, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read our own program: %w", err)
	}
	defer program.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, program); err != nil {
		return "", fmt.Errorf("read our own program: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
