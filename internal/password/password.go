// Package password turns passwords into hashes and compares them. It knows no
// accounts.
package password

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/alexedwards/argon2id"
)

// params follow OWASP's Password Storage Cheat Sheet for argon2id: 19 MiB, two
// passes, one lane. A stored hash carries its own, so that these may change.
var params = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

var (
	// busy has room for one hash on every second processor: the others are for sales, and
	// each hash takes memory.
	busy = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))
	// queue bounds who waits for that. At about 60 ms each, the last one waits for some
	// seconds; more would only wait for nothing.
	queue = make(chan struct{}, 64*cap(busy))
)

// ErrBusy is the answer when too many wait already.
var ErrBusy = errors.New("password: too many wait for their turn")

// Hash gives the argon2id hash of a password in its usual encoding.
func Hash(ctx context.Context, password string) (string, error) {
	if err := enter(ctx); err != nil {
		return "", err
	}
	defer leave()
	hash, err := argon2id.CreateHash(password, &params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// Matches compares a password with a hash. An empty hash matches nothing, and
// takes as long as one that does not match: the time must not tell whether an
// account exists.
func Matches(ctx context.Context, password, hash string) (bool, error) {
	nobody := hash == ""
	if nobody {
		var err error
		if hash, err = decoy(); err != nil {
			return false, err
		}
	}
	if err := enter(ctx); err != nil {
		return false, err
	}
	defer leave()
	matches, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare a password: %w", err)
	}
	return matches && !nobody, nil
}

var decoy = sync.OnceValues(func() (string, error) {
	return argon2id.CreateHash("nobody's", &params)
})

func enter(ctx context.Context) error {
	select {
	case queue <- struct{}{}:
		defer func() { <-queue }()
	default:
		return ErrBusy
	}
	select {
	case busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a turn to hash: %w", ctx.Err())
	}
}

func leave() { <-busy }
