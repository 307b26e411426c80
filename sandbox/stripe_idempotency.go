package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Stripe forgets a key after a day. https://docs.stripe.com/api/idempotent_requests
const idempotencyTTL = 24 * time.Hour

// idempotencyRecord is the first answer given under a key.
type idempotencyRecord struct {
	Hash   string
	At     time.Time
	Answer stripeAnswer
}

// inFlight knows the keys whose first request is still being worked on.
type inFlight struct {
	mu   sync.Mutex
	keys map[string]struct{}
}

func newInFlight() *inFlight { return &inFlight{keys: map[string]struct{}{}} }

// acquire takes the key until release is called; busy when someone has it.
func (f *inFlight) acquire(key string) (release func(), busy bool) {
	if key == "" {
		return func() {}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, taken := f.keys[key]; taken {
		return nil, true
	}
	f.keys[key] = struct{}{}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.keys, key)
	}, false
}

// once runs a writing operation, or replays what the key answered before. The
// caller holds the key.
func (a *stripeAPI) once(op operation, c *call, hit *faultHit) stripeAnswer {
	if c.key == "" {
		answer, _ := a.execute(op, c, nil)
		return answer
	}
	known, err := a.recall(c)
	if err != nil {
		return a.settleError(c, stripeAnswer{}, err)
	}
	if known != nil {
		if known.Hash != c.hash {
			return errorAnswer(idempotencyError(http.StatusBadRequest, "",
				"Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '"+c.key+"' if you meant to execute a different request."), c.requestID)
		}
		return known.Answer
	}
	answer, stored := a.execute(op, c, func(t *tx, answer stripeAnswer) error {
		if hit.Done && hit.Store {
			answer = errorAnswer(apiError(hit.Status), c.requestID)
		}
		return rememberIn(t, c, answer)
	})
	if !stored && answer.executed {
		if err := a.remember(c, answer); err != nil {
			return a.settleError(c, stripeAnswer{}, err)
		}
	}
	return answer
}

// execute runs the operation in one transaction together with its idempotency
// record, so a process killed in between forgets both. kept tells whether the
// transaction was committed.
func (a *stripeAPI) execute(op operation, c *call, record func(*tx, stripeAnswer) error) (answer stripeAnswer, kept bool) {
	err := a.store.update(func(t *tx) error {
		object, err := op.run(a, t, c)
		var refusal *stripeError
		switch {
		case errors.As(err, &refusal) && refusal.changed:
			answer = errorAnswer(refusal, c.requestID)
		case err != nil:
			return err
		default:
			if answer, err = a.render(t, c, object); err != nil {
				return err
			}
		}
		if record == nil {
			return nil
		}
		return record(t, answer)
	})
	if err == nil {
		return answer, true
	}
	answer = a.settleError(c, answer, err)
	return answer, false
}

// knows tells whether the call's key has an answer. The caller holds the key.
func (a *stripeAPI) knows(c *call) bool {
	if c.key == "" {
		return false
	}
	known, err := a.recall(c)
	return err == nil && known != nil
}

func (a *stripeAPI) recall(c *call) (*idempotencyRecord, error) {
	var known *idempotencyRecord
	err := a.store.view(func(t *tx) (err error) {
		known, err = get[idempotencyRecord](t, bucketIdempotency, c.key)
		return err
	})
	if known != nil && c.now.Sub(known.At) > idempotencyTTL {
		known = nil
	}
	return known, err
}

// remember keeps an answer that changed nothing else, unless the key has one.
func (a *stripeAPI) remember(c *call, answer stripeAnswer) error {
	known, err := a.recall(c)
	if err != nil || known != nil {
		return err
	}
	return a.store.update(func(t *tx) error { return rememberIn(t, c, answer) })
}

func rememberIn(t *tx, c *call, answer stripeAnswer) error {
	return t.put(bucketIdempotency, c.key, idempotencyRecord{Hash: c.hash, At: c.now, Answer: answer})
}

// forgetOldKeys drops what a day has made useless.
func forgetOldKeys(s *store, now time.Time) error {
	return s.update(func(t *tx) error {
		var old []string
		err := each(t, bucketIdempotency, func(key string, r *idempotencyRecord) (bool, error) {
			if now.Sub(r.At) > idempotencyTTL {
				old = append(old, key)
			}
			return true, nil
		})
		for _, key := range old {
			err = errors.Join(err, t.delete(bucketIdempotency, key))
		}
		return err
	})
}

// requestHash is equal for requests that ask for the same.
func requestHash(method, path string, f *form) string {
	h := sha256.New()
	h.Write([]byte(method + " " + path + "\n"))
	var add func(prefix string, f *form)
	add = func(prefix string, f *form) {
		if f.isSet {
			h.Write([]byte(prefix + "=" + f.value + "\x00"))
		}
		for _, name := range slices.Sorted(maps.Keys(f.kids)) {
			add(prefix+"["+name+"]", f.kids[name])
		}
	}
	add("", f)
	return hex.EncodeToString(h.Sum(nil))
}
