package recommendations

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

const (
	// answerWithin is how long a list waits for the store of documents.
	answerWithin = 250 * time.Millisecond
	// leaveAlone is how long a store that did not answer is not asked again by lists.
	leaveAlone = time.Second
	// rememberedProfiles is how many people's profiles a process remembers, for the time when
	// the store is away.
	rememberedProfiles = 10_000
)

// profiles reads what people said, and remembers it for when the store is away: what is not
// for a person, or for a child, must not come back then.
type profiles struct {
	store    documents.Preferences
	last     *lru.Cache[uuid.UUID, documents.Profile]
	awayTill atomic.Int64 // Unix nanoseconds; 0 while the store answers
}

func newProfiles(store documents.Preferences) *profiles {
	last, err := lru.New[uuid.UUID, documents.Profile](rememberedProfiles)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &profiles{store: store, last: last}
}

// of gives a profile, and whether the store answered. Without an answer it is the last one that
// this process saw; known is false when it never did.
func (p *profiles) of(ctx context.Context, person uuid.UUID) (profile documents.Profile, known, answered bool) {
	if p.mayAsk() {
		asking, cancel := context.WithTimeout(ctx, answerWithin)
		defer cancel()
		read, err := p.store.Get(asking, person)
		if err == nil {
			p.answered()
			p.last.Add(person, read)
			return read, true, true
		}
		// A profile that cannot be read says nothing about those of others.
		if ctx.Err() == nil && !p.away(err) {
			p.answered()
		}
	}
	profile, known = p.last.Get(person)
	return profile, known, false
}

// there tells whether the store answered when it was last asked, or will be asked again.
func (p *profiles) there() bool { return time.Now().UnixNano() >= p.awayTill.Load() }

// mayAsk tells whether to ask the store. One that did not answer is asked by one request at a time:
// a slow store would have all of that moment wait. Who asks says what came of it, by answered or
// away; another may ask a moment later in any case.
func (p *profiles) mayAsk() bool {
	till, now := p.awayTill.Load(), time.Now()
	if till == 0 {
		return true
	}
	return now.UnixNano() >= till && p.awayTill.CompareAndSwap(till, now.Add(leaveAlone).UnixNano())
}

// answered says that the store is there.
func (p *profiles) answered() {
	if p.awayTill.Load() != 0 {
		p.awayTill.Store(0)
	}
}

// failed leaves the store alone for a moment, so that not each request waits for it.
func (p *profiles) failed() { p.awayTill.Store(time.Now().Add(leaveAlone).UnixNano()) }

// away tells whether an error says that the store is away, and leaves it alone then.
func (p *profiles) away(err error) bool {
	if err == nil || booking.CodeOf(err) != booking.CodeUnavailable {
		return false
	}
	p.failed()
	return true
}
