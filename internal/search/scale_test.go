package search

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// scale is what an index of so many titles costs and finds. Times are of the
// thread (see threadTime); wall is the 99th percentile as the clock saw it.
type scale struct {
	titles, people, shows int
	build                 time.Duration
	bytes                 uint64
	titlesOnly, whole     spread
	recall                map[string]float64 // at 5
}

// spread is how long queries took.
type spread struct{ p50, p99, worst, wall time.Duration }

func (s spread) String() string {
	us := func(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
	return fmt.Sprintf("p50 %v p99 %v worst %v (p99 by the clock %v)", us(s.p50), us(s.p99), us(s.worst), us(s.wall))
}

// timed asks all queries twice and takes the lesser time of each: a neighbor on
// the processor empties its caches, which the thread's own time includes.
func timed(queries []judged, ask func(string)) spread {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	took, wall := make([]time.Duration, len(queries)), make([]time.Duration, len(queries))
	for round := range 2 {
		for i, q := range queries {
			start, clock := threadTime(), time.Now()
			ask(q.query)
			thread, passed := threadTime()-start, time.Since(clock)
			if round == 0 || thread < took[i] {
				took[i] = thread
			}
			if round == 0 || passed < wall[i] {
				wall[i] = passed
			}
		}
	}
	slices.Sort(took)
	slices.Sort(wall)
	at := func(list []time.Duration, percent int) time.Duration { return list[(len(list)-1)*percent/100] }
	return spread{at(took, 50), at(took, 99), took[len(took)-1], at(wall, 99)}
}

// mixed are queries as they come: whole titles, with a typo, with two, and
// still being typed, a quarter each.
func mixed(list []film, n int, seed uint64) []judged {
	random := rand.New(rand.NewPCG(seed, 3))
	out := make([]judged, 0, n)
	for at, i := range sample(list, n, 4, seed) {
		q := strings.ToLower(list[i].Title)
		switch at % 4 {
		case 1:
			q = typo(random, q)
		case 2:
			q = typo(random, typo(random, q))
		case 3:
			q = beginning(0.6)(q)
		}
		out = append(out, judged{query: q, film: i})
	}
	return out
}

// showing adds 200 theaters in 10 cities and 20,000 shows of the first movies.
func showing(movies []Movie) Snapshot {
	random := rand.New(rand.NewPCG(5, 5))
	s := Snapshot{Version: "1", Movies: movies}
	for c := range 10 {
		slug := fmt.Sprintf("city-%d", c)
		s.Cities = append(s.Cities, City{id(slug), slug, slug})
		for h := range 20 {
			s.Theaters = append(s.Theaters, Theater{
				ID: id(fmt.Sprint(slug, h)), CityID: id(slug), Slug: fmt.Sprint(slug, h), TimeZone: "Asia/Kolkata",
				Name: fmt.Sprintf("Theater %d, %s", h, slug), Lat: 10 + float64(c) + random.Float64()/5, Lon: 75 + random.Float64()/5,
			})
		}
	}
	for i := range 20_000 {
		s.Shows = append(s.Shows, Show{
			ID: id(fmt.Sprint("show", i)), MovieID: movies[random.IntN(300)].ID,
			TheaterID: s.Theaters[random.IntN(len(s.Theaters))].ID, StartsAt: noon.Add(time.Duration(random.IntN(14*24*60)) * time.Minute),
			Format: []string{"2D", "3D", "IMAX"}[random.IntN(3)], Language: []string{"en", "hi", "ta"}[random.IntN(3)],
			PriceMin: 15_000, PriceMax: 60_000, Currency: "INR",
		})
	}
	return s
}

func measure(list []film) scale {
	snapshot := showing(moviesOf(list))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := threadTime()
	runtime.LockOSThread()
	x := Build(snapshot)
	s := scale{build: threadTime() - start, recall: map[string]float64{}}
	runtime.UnlockOSThread()
	runtime.GC()
	runtime.ReadMemStats(&after)
	s.bytes = after.HeapAlloc - before.HeapAlloc
	s.titles, s.people, s.shows = len(x.movies), len(x.people), len(x.shows)

	queries := mixed(list, 4000, 11)
	s.titlesOnly = timed(queries, func(q string) { x.byMovie.find(queryWords(q)) })
	s.whole = timed(queries, func(q string) {
		x.Search(Query{Text: q, Filters: Filters{City: "city-3", Date: "weekend", Formats: []string{"2D", "IMAX"}}, Now: noon})
	})
	for kind, name := range []string{"exact", "one typo", "two typos", "60 % typed"} {
		var of []judged
		for at := kind; at < len(queries); at += 4 {
			of = append(of, queries[at])
		}
		v, _ := judge(x.byMovie, list, of)
		s.recall[name] = v.at5()
	}
	return s
}

var large = flag.Bool("scale", false, "measure at 100,000 titles too, which takes a while (make bench)")

// TestScale prints what the index costs at the size of the real list and at
// 100,000 titles, in the thread's own time, since the clock also measures who else
// is on the machine; the clock's figure is printed beside it. What it asserts is
// that size costs no recall; speed is printed, never asserted.
func TestScale(t *testing.T) {
	list := films(t)
	sizes := []int{len(list)}
	if *large {
		sizes = append(sizes, 100_000)
	}
	for _, n := range sizes {
		s := measure(permuted(list, n))
		t.Logf("%d titles, %d people, %d shows: build %v, %.1f MB", s.titles, s.people, s.shows, s.build.Round(time.Millisecond), float64(s.bytes)/1e6)
		t.Logf("    titles alone         %v", s.titlesOnly)
		t.Logf("    search with filters  %v", s.whole)
		t.Logf("    recall at 5          %v", s.recall)
		assert.GreaterOrEqual(t, s.recall["one typo"], 0.95)
		assert.GreaterOrEqual(t, s.recall["two typos"], 0.95)
	}
}

// BenchmarkSearch asks the same mix, one query per round.
func BenchmarkSearch(b *testing.B) {
	list := films(b)
	for _, n := range []int{len(list), 100_000} {
		b.Run(fmt.Sprintf("%d titles", n), func(b *testing.B) {
			list := permuted(list, n)
			x := Build(showing(moviesOf(list)))
			queries := mixed(list, 1000, 13)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				x.Search(Query{Text: queries[i%len(queries)].query, Now: noon})
			}
		})
	}
}

// BenchmarkBuild makes the whole index.
func BenchmarkBuild(b *testing.B) {
	list := films(b)
	for _, n := range []int{len(list), 100_000} {
		b.Run(fmt.Sprintf("%d titles", n), func(b *testing.B) {
			snapshot := showing(moviesOf(permuted(list, n)))
			b.ReportAllocs()
			for b.Loop() {
				Build(snapshot)
			}
		})
	}
}

// TestOddQueries asks what would make a careless index slow or fall, and prints
// what each takes.
func TestOddQueries(t *testing.T) {
	list := films(t)
	x := Build(showing(moviesOf(list)))
	for _, q := range []string{
		"", "t", "th", "the", "the the the the the the the the the the the", strings.Repeat("a ", 100),
		strings.Repeat("e", 200), "of the and a in to", "the of the man and the woman in the night of the dead 2",
		strings.Repeat("lotr ", 40), strings.Repeat("1999 ", 40), "s t a r w a r s", strings.Repeat("ि", 60), "one two three four five six",
		"aeiourstln", "thethethethethethethethethe", "abcdefghijklmnopqrstuvwxyz 0123456789",
	} {
		const page = 5
		ask := func(text string) {
			assert.LessOrEqual(t, len(x.Search(Query{Text: text, Now: noon, Limit: page}).Items), page, "%q", text)
			x.Suggest(text, "city-1", noon)
		}
		s := timed([]judged{{query: q}}, ask)
		t.Logf("%-40.40q %v", q, s.p50)
	}
}
