package recommendations

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"github.com/boxoffice/boxoffice/internal/database"
)

// Freshness says how old what a list is made from may be.
type Freshness struct {
	// Fresh is the age up to which a city's program is taken as it is. An older one is read
	// again in the background.
	Fresh time.Duration
	// Oldest is the age from which a request waits for a new one.
	Oldest time.Duration
}

// DefaultFreshness keeps a city's program for a moment: hundreds of people ask for it at once,
// and holding the seats decides anyway.
func DefaultFreshness() Freshness { return Freshness{Fresh: 2 * time.Second, Oldest: 10 * time.Second} }

// mostCities is how many programs are kept.
const mostCities = 200

// programs keeps the programs of cities for a moment.
type programs struct {
	db      *database.DB
	ages    Freshness
	reading singleflight.Group

	mu     sync.Mutex
	cities map[uuid.UUID]*program
}

// of gives the program of a city, at most ages.Oldest old.
func (p *programs) of(ctx context.Context, city uuid.UUID) (*program, error) {
	p.mu.Lock()
	kept := p.cities[city]
	p.mu.Unlock()
	if kept != nil {
		switch age := time.Since(kept.readAt); {
		case age <= p.ages.Fresh:
			return kept, nil
		case age <= p.ages.Oldest:
			p.read(city) // for the next one
			return kept, nil
		}
	}
	select {
	case result := <-p.read(city):
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*program), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// readWithin ends a read that hangs.
const readWithin = 5 * time.Second

// read reads once for all who ask. It is no part of one request: others wait for it, too.
func (p *programs) read(city uuid.UUID) <-chan singleflight.Result {
	return p.reading.DoChan(city.String(), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), readWithin)
		defer cancel()
		read, err := loadProgram(ctx, p.db.Bun, city)
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.cities) >= mostCities {
			clear(p.cities) // a platform with more cities reads some again
		}
		p.cities[city] = read
		return read, nil
	})
}
