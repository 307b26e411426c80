package search

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/internal/search/judged"
)

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

// BenchmarkSearch asks the same mix, one query per round.
func BenchmarkSearch(b *testing.B) {
	list := films(b)
	for _, n := range []int{len(list), 100_000} {
		b.Run(fmt.Sprintf("%d titles", n), func(b *testing.B) {
			list := judged.Grow(list, n)
			x := Build(showing(moviesOf(list)))
			queries := judged.Mixed(list, 1000)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				x.Search(Query{Text: queries[i%len(queries)].Text, Now: noon})
			}
		})
	}
}

// BenchmarkBuild makes the whole index.
func BenchmarkBuild(b *testing.B) {
	list := films(b)
	for _, n := range []int{len(list), 100_000} {
		b.Run(fmt.Sprintf("%d titles", n), func(b *testing.B) {
			snapshot := showing(moviesOf(judged.Grow(list, n)))
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
		start := time.Now()
		ask(q)
		t.Logf("%-40.40q %v", q, time.Since(start).Round(10*time.Microsecond))
	}
}
