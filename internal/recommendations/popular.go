package recommendations

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"github.com/boxoffice/boxoffice/internal/documents"
)

const (
	// popularDays is how far back bookings make a movie popular, popularHalf the number of days
	// after which one counts half.
	popularDays = 28
	popularHalf = 5
	// popularFor is how long the popularity of a city is kept.
	popularFor = time.Minute
	// catalogShare is what the catalog's own popularity, from 0 to 100, counts in bookings at
	// most: it orders what no one has booked yet.
	catalogShare = 0.5
)

// popularity keeps how popular movies are in each city. What it knows stays when the store is
// away.
type popularity struct {
	counters documents.Counters
	store    *profiles // knows whether the store is away
	asking   singleflight.Group

	mu     sync.Mutex
	cities map[uuid.UUID]popular
}

type popular struct {
	readAt time.Time
	films  map[string]float64
}

// of gives a score for each movie that people have booked in a city; nil while nothing is known.
func (p *popularity) of(city uuid.UUID) map[string]float64 {
	p.mu.Lock()
	kept, known := p.cities[city]
	p.mu.Unlock()
	if known && time.Since(kept.readAt) < popularFor || !p.store.mayAsk() {
		return kept.films
	}
	reading := p.asking.DoChan(city.String(), func() (any, error) { return nil, p.read(city) })
	if !known {
		<-reading // the first list of a city waits: read ends by itself
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.cities[city].films
	}
	return kept.films
}

func (p *popularity) read(city uuid.UUID) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	today := documents.DayOf(time.Now())
	top, err := p.counters.Top(ctx, documents.TopQuery{
		City: city, From: today - popularDays, To: today, HalfLife: popularHalf, Limit: 1000, // an account has one event of a film in a city
		Weights: map[documents.Kind]float64{documents.KindBooking: 1, documents.KindBookingWithdrawn: -1},
	})
	if err != nil {
		if !p.store.away(err) {
			p.store.answered()
		}
		return err
	}
	p.store.answered()
	films := make(map[string]float64, len(top))
	for _, scored := range top {
		films[scored.Film.String()] = scored.Score
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.cities) >= mostCities {
		clear(p.cities)
	}
	p.cities[city] = popular{time.Now(), films}
	return nil
}
