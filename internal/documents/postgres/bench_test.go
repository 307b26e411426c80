package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/documents"
)

// The world of the measurements: 100,000 events of 2,000 people in 10 cities about 60 films,
// over 30 days.
const (
	benchEvents = 100_000
	benchPeople = 2_000
	benchDays   = 30
)

var benchKinds = []documents.Kind{documents.KindImpression, documents.KindImpression, documents.KindImpression, documents.KindView, documents.KindBooking}

type benchWorld struct {
	*documents.Store
	people, cities, films []uuid.UUID
}

func newBenchWorld(b *testing.B) benchWorld {
	b.Helper()
	store, _ := open(b, documents.Options{})
	many := func(n int) (ids []uuid.UUID) {
		for range n {
			ids = append(ids, uuid.New())
		}
		return ids
	}
	return benchWorld{store, many(benchPeople), many(10), many(60)}
}

func (w benchWorld) event() documents.Event {
	return documents.Event{
		ID: uuid.New(), Kind: benchKinds[rand.N(len(benchKinds))], At: time.Now().Add(-rand.N(benchDays * 24 * time.Hour)),
		Person: w.people[rand.N(len(w.people))], City: w.cities[rand.N(len(w.cities))], Film: w.films[rand.N(len(w.films))],
		EventFacts: documents.EventFacts{List: uuid.NewString(), Position: 1 + rand.N(10), Propensity: 0.5, Model: "2026-11-28"},
	}
}

func (w benchWorld) append(b *testing.B, n int) {
	b.Helper()
	batch := make([]documents.Event, n)
	for i := range batch {
		batch[i] = w.event()
	}
	done, err := w.Events.Append(b.Context(), batch)
	require.NoError(b, err)
	require.Equal(b, n, done.New)
}

func (w benchWorld) fill(b *testing.B) {
	b.Helper()
	for range benchEvents / documents.MostAppended {
		w.append(b, documents.MostAppended)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 50, documents.MostAppended} {
		b.Run(fmt.Sprintf("batches of %d", size), func(b *testing.B) {
			w := newBenchWorld(b)
			for b.Loop() {
				w.append(b, size)
			}
			b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// Among 100,000 events: the last 50 of a person, a page of a scan, counting a day, reading
// counters, the top films by counters.
func BenchmarkAmongManyEvents(b *testing.B) {
	w := newBenchWorld(b)
	w.fill(b)
	today := documents.DayOf(time.Now())
	kinds := []documents.Kind{documents.KindImpression, documents.KindView, documents.KindBooking}
	require.NoError(b, w.Counters.Fold(b.Context(), today-benchDays, today, kinds...))
	b.Run("last 50 of a person", func(b *testing.B) {
		for b.Loop() {
			page, err := w.Events.Recent(b.Context(), documents.RecentQuery{Person: w.people[rand.N(len(w.people))]})
			require.NoError(b, err)
			require.NotEmpty(b, page.Events)
		}
	})
	b.Run("a page of 1000 of a scan", func(b *testing.B) {
		for b.Loop() {
			page, err := w.Events.Scan(b.Context(), documents.ScanQuery{Kind: documents.KindBooking})
			require.NoError(b, err)
			require.Len(b, page.Events, 1000)
		}
	})
	b.Run("count a day", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, w.Counters.Fold(b.Context(), today-1, today-1, kinds...))
		}
	})
	b.Run("a week of a city's counters", func(b *testing.B) {
		for b.Loop() {
			page, err := w.Counters.Range(b.Context(), documents.RangeQuery{City: w.cities[0], From: today - 6, To: today})
			require.NoError(b, err)
			require.NotEmpty(b, page.Counts)
		}
	})
	for name, city := range map[string]uuid.UUID{"top 20 of a city": w.cities[0], "top 20 of all cities": uuid.Nil} {
		b.Run(name, func(b *testing.B) {
			q := documents.TopQuery{City: city, From: today - benchDays, To: today, HalfLife: 7, Weights: map[documents.Kind]float64{documents.KindBooking: 1}}
			for b.Loop() {
				top, err := w.Counters.Top(b.Context(), q)
				require.NoError(b, err)
				require.Len(b, top, 20)
			}
		})
	}
}

func BenchmarkPreferences(b *testing.B) {
	w := newBenchWorld(b)
	p := documents.Profile{Genres: []string{"Drama", "Comedy"}, Languages: []string{"hi", "en"}, NotForMe: w.films[:5]}
	for _, person := range w.people {
		_, err := w.Preferences.Put(b.Context(), person, p)
		require.NoError(b, err)
	}
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			_, err := w.Preferences.Get(b.Context(), w.people[rand.N(len(w.people))])
			require.NoError(b, err)
		}
	})
	b.Run("get and put", func(b *testing.B) {
		for b.Loop() {
			person := w.people[rand.N(len(w.people))]
			p, err := w.Preferences.Get(b.Context(), person)
			require.NoError(b, err)
			_, err = w.Preferences.Put(b.Context(), person, p)
			require.NoError(b, err)
		}
	})
}

func BenchmarkLists(b *testing.B) {
	w := newBenchWorld(b)
	list := func(key string) documents.List {
		l := documents.List{Key: key, ID: uuid.NewString(), MadeAt: time.Now()}
		for _, film := range w.films[:20] {
			l.Items = append(l.Items, documents.Item{Film: film, Score: rand.Float64()})
		}
		return l
	}
	b.Run("put", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, w.Lists.Put(b.Context(), list(fmt.Sprint(rand.N(1000))), time.Hour))
		}
	})
	require.NoError(b, w.Lists.Put(b.Context(), list("k"), time.Hour))
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			_, found, err := w.Lists.Get(b.Context(), "k")
			require.NoError(b, err)
			require.True(b, found)
		}
	})
}

func BenchmarkModels(b *testing.B) {
	w := newBenchWorld(b)
	content := make([]byte, 32<<20) // 2,000 films
	for i := range content {
		content[i] = byte(rand.Uint32())
	}
	m := documents.Model{Name: "taste", MadeAt: time.Now(), Content: content}
	n := 0
	b.Run("put 32 MiB", func(b *testing.B) {
		for b.Loop() {
			n++
			m.Version = fmt.Sprint(n)
			require.NoError(b, w.Models.Put(b.Context(), m))
		}
	})
	b.Run("read 32 MiB", func(b *testing.B) {
		for b.Loop() {
			_, err := w.Models.Read(b.Context(), "taste", m.Version)
			require.NoError(b, err)
		}
	})
}
