// Package password turns passwords into hashes and compares them. It knows no
// accounts.
package password

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
)

// Cost is what one hash costs.
type Cost struct {
	// Memory is in MiB.
	Memory int
	// Passes are over that memory.
	Passes int
}

// Usual is more than OWASP's Password Storage Cheat Sheet asks for at least (19 MiB, two
// passes): memory is what a guesser's hardware has least of.
var Usual = Cost{Memory: 64, Passes: 2}

// params are of new hashes. A stored hash carries its own, so that these may change.
var params = Usual.params()

func (c Cost) params() argon2id.Params {
	return argon2id.Params{Memory: uint32(c.Memory) * 1024, Iterations: uint32(c.Passes), Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// Use sets the cost of all hashes from now on. Call it before the first one, when the
// process starts.
func Use(c Cost) { params = c.params() }

// Lane is where a log-in waits for a turn. Each kind has its own, so that one does not wait
// for the other.
type Lane int

const (
	// Strangers may be anyone. They get every second processor, and while others wait, that
	// for half of the time: the rest is for sales.
	Strangers Lane = iota
	// Known are owners where they were seen before.
	Known
)

type lane struct {
	busy chan struct{}
	// queue bounds how many wait. At about 150 ms each, with their rests, the last one waits
	// for some ten seconds; more would only wait for nothing.
	queue chan struct{}
	// rests is how long a place stays empty while others wait, as a multiple of the time of
	// its last hash. On a busy machine a hash takes longer, and so does the rest.
	rests time.Duration
}

func newLane(atOnce int, rests time.Duration) lane {
	return lane{make(chan struct{}, atOnce), make(chan struct{}, 48*atOnce), rests}
}

var lanes = []lane{Strangers: newLane(max(1, runtime.GOMAXPROCS(0)/2), 1), Known: newLane(1, 0)}

// ErrBusy is the answer when too many wait already.
var ErrBusy = errors.New("password: too many wait for their turn")

// Hash gives the argon2id hash of a password in its usual encoding.
func Hash(ctx context.Context, in Lane, password string) (string, error) {
	if err := lanes[in].enter(ctx); err != nil {
		return "", err
	}
	defer lanes[in].leave(time.Now())
	hash, err := argon2id.CreateHash(password, &params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// Matches waits for a turn and compares a password with a hash.
func Matches(ctx context.Context, in Lane, password, hash string) (bool, error) {
	turn, err := Wait(ctx, in)
	if err != nil {
		return false, err
	}
	defer turn.End()
	return turn.Matches(password, hash)
}

// Turn is the right to work on one password now. End it.
type Turn struct {
	in    lane
	began time.Time
}

// Wait waits for a turn, or says at once that too many wait already (ErrBusy). A caller
// that reads the account before it waits does work for every guess.
func Wait(ctx context.Context, in Lane) (*Turn, error) {
	if err := lanes[in].enter(ctx); err != nil {
		return nil, err
	}
	return &Turn{lanes[in], time.Now()}, nil
}

// End lets the next one in.
func (t *Turn) End() { t.in.leave(t.began) }

// Matches compares a password with a hash. An empty hash matches nothing, and
// takes as long as one that does not match: the time must not tell whether an
// account exists.
func (t *Turn) Matches(password, hash string) (bool, error) {
	nobody := hash == ""
	if nobody {
		var err error
		if hash, err = decoy(); err != nil {
			return false, err
		}
	}
	matches, of, err := argon2id.CheckHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare a password: %w", err)
	}
	if !matches {
		if err := makeUpFor(of, password); err != nil {
			return false, err
		}
	}
	return matches && !nobody, nil
}

// makeUpFor takes the time that a hash of today's cost would have taken longer than one that
// is still stored. Otherwise a wrong password of an old account would be answered sooner
// than one of no account.
func makeUpFor(old *argon2id.Params, password string) error {
	missing := int64(params.Memory)*int64(params.Iterations) - int64(old.Memory)*int64(old.Iterations)
	if missing < 1024 {
		return nil
	}
	rest := params
	rest.Iterations, rest.Memory = 1, uint32(missing)
	if missing > int64(params.Memory) { // never more memory at a time than a hash has
		rest.Iterations, rest.Memory = params.Iterations, uint32(missing/int64(params.Iterations))
	}
	if _, err := argon2id.CreateHash(password, &rest); err != nil {
		return fmt.Errorf("hash a password: %w", err)
	}
	return nil
}

// Weak tells whether a stored hash costs less than new ones, or cannot be read.
func Weak(hash string) bool {
	of, _, _, err := argon2id.DecodeHash(hash)
	return err != nil || of.Memory < params.Memory || of.Iterations < params.Iterations
}

// Hash gives a new hash within the turn.
func (t *Turn) Hash(password string) (string, error) {
	hash, err := argon2id.CreateHash(password, &params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

var decoy = sync.OnceValues(func() (string, error) {
	return argon2id.CreateHash("nobody's", &params)
})

func (l lane) enter(ctx context.Context) error {
	select {
	case l.queue <- struct{}{}:
		defer func() { <-l.queue }()
	default:
		return ErrBusy
	}
	select {
	case l.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a turn to hash: %w", ctx.Err())
	}
}

func (l lane) leave(began time.Time) {
	if len(l.queue) > 0 && l.rests > 0 {
		time.AfterFunc(l.rests*time.Since(began), func() { <-l.busy })
		return
	}
	<-l.busy
}
