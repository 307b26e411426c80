package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/search"
	"github.com/boxoffice/boxoffice/internal/search/judged"
)

// finder is one way to search: places in the list of films, the best first.
type finder struct {
	name  string
	find  func(text string) []int
	built time.Duration
	bytes uint64
}

// searchBenchmark asks our index and Postgres the same queries about the same
// titles: how often they are right, how long they take, and what they cost.
func searchBenchmark(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("search", flag.ExitOnError)
	grown := flags.Int("titles", 100_000, "titles of the larger catalog")
	most := flags.Int("queries", 500, "queries of a kind; they are the same for everybody")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var rated []int
	list, err := judged.Films()
	if err == nil {
		rated, err = judged.Ratings(list)
	}
	if errors.Is(err, judged.ErrNoFilms) || errors.Is(err, judged.ErrNoRatings) {
		fmt.Println("NOT MEASURED:", err)
		return nil
	}
	if err != nil {
		return err
	}
	pg, err := openTrigrams(ctx)
	if err != nil {
		return err
	}
	defer pg.close()
	for _, size := range []int{len(list), *grown} {
		if err := compareSearches(ctx, pg, judged.Grow(list, size), rated, *most); err != nil {
			return err
		}
	}
	return nil
}

func compareSearches(ctx context.Context, pg *trigrams, list []judged.Film, rated []int, most int) error {
	popularity := make([]float64, len(list)) // invented titles have none
	copy(popularity, judged.Popularity(rated))
	ours, filtered := ourSearch(list, popularity)
	theirs, err := pg.load(ctx, list, popularity)
	if err != nil {
		return err
	}
	fmt.Printf("\n%d titles\n\n", len(list))
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	printRecall(out, list, []finder{ours, theirs}, searchSets(list, rated), most)
	printCosts(out, []finder{ours, filtered, theirs}, judged.Mixed(list, 4*most))
	return errors.Join(out.Flush(), pg.err)
}

// searchSets are the judged queries, those of a few letters included. Invented titles are
// queried, too, but not by few letters.
func searchSets(list []judged.Film, rated []int) []judged.Set {
	sets := judged.Sets(list)
	for _, b := range judged.ShortBeginnings(list[:len(rated)], rated) {
		sets = append(sets, b.Set)
	}
	return sets
}

func printRecall(out *tabwriter.Writer, list []judged.Film, finders []finder, sets []judged.Set, most int) {
	fmt.Fprint(out, "right\tqueries\t")
	for _, f := range finders {
		fmt.Fprintf(out, "%s @1\t@5\t", f.name)
	}
	fmt.Fprintln(out)
	for _, set := range sets {
		queries := set.Queries[:min(most, len(set.Queries))]
		fmt.Fprintf(out, "%s\t%d\t", set.Name, len(queries))
		for _, f := range finders {
			v, _ := judged.Judge(list, queries, f.find)
			fmt.Fprintf(out, "%.3f\t%.3f\t", v.At1(), v.At5())
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out)
}

// printCosts calls ours in this process and Postgres through a socket on this
// machine, as an API replica would do either. The ratios are to the first finder.
func printCosts(out *tabwriter.Writer, finders []finder, queries []judged.Query) {
	fmt.Fprintln(out, "takes\tbuild\tmemory\tp50\tp99\tworst\tratio p50\tp99\tp99 of our thread\t")
	var first spread
	for i, f := range finders {
		took := timed(f.find, queries)
		if i == 0 {
			first = took
		}
		fmt.Fprintf(out, "%s\t%v\t%.1f MB\t%v\t%v\t%v\t%.1f×\t%.1f×\t%v\t\n", f.name, f.built.Round(time.Millisecond), float64(f.bytes)/1e6,
			micros(took.p50), micros(took.p99), micros(took.worst),
			float64(took.p50)/float64(first.p50), float64(took.p99)/float64(first.p99), micros(took.thread))
	}
}

// spread is how long queries took by the clock, which also measures who else is
// on the machine, and in the time of the thread, which does not.
type spread struct{ p50, p99, worst, thread time.Duration }

func micros(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// timed takes the lesser time of two rounds for each query: a neighbor on the
// processor empties its caches.
func timed(find func(string) []int, queries []judged.Query) spread {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	clock, thread := make([]time.Duration, len(queries)), make([]time.Duration, len(queries))
	for round := range 2 {
		for i, q := range queries {
			began, start := threadTime(), time.Now()
			find(q.Text)
			passed, worked := time.Since(start), threadTime()-began
			if round == 0 {
				clock[i], thread[i] = passed, worked
			}
			clock[i], thread[i] = min(clock[i], passed), min(thread[i], worked)
		}
	}
	slices.Sort(clock)
	slices.Sort(thread)
	at := func(list []time.Duration, percent int) time.Duration { return list[(len(list)-1)*percent/100] }
	return spread{at(clock, 50), at(clock, 99), clock[len(clock)-1], at(thread, 99)}
}

// ourSearch is the whole search over a catalog with people, theaters and shows;
// filtered is the same with filters. Both count facets.
func ourSearch(list []judged.Film, popularity []float64) (plain, filtered finder) {
	now := time.Now()
	snapshot := catalogOf(list, popularity, now)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	index := search.Build(snapshot)
	built := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	asking := func(filters search.Filters) func(string) []int {
		return func(text string) []int {
			var places []int
			for _, hit := range index.Search(search.Query{Text: text, Filters: filters, Limit: 5, Now: now}).Items {
				place, _ := strconv.Atoi(hit.Slug)
				places = append(places, place)
			}
			return places
		}
	}
	plain = finder{"ours", asking(search.Filters{}), built, after.HeapAlloc - before.HeapAlloc}
	filtered = finder{"ours, three filters", asking(search.Filters{City: "city-3", Date: "weekend", Formats: []string{"2D", "IMAX"}}), built, plain.bytes}
	return plain, filtered
}

// catalogOf adds 200 theaters in 10 cities and 20,000 shows of 300 movies. A
// movie's slug is its place in the list.
func catalogOf(list []judged.Film, popularity []float64, now time.Time) search.Snapshot {
	id := func(text string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(text)) }
	s := search.Snapshot{Version: "1"}
	for i, f := range list {
		m := search.Movie{
			ID: id(fmt.Sprint("film ", i)), Slug: strconv.Itoa(i), Title: f.Title, Year: f.Year,
			Popularity: popularity[i], Genres: f.Genres, Languages: []string{"en"},
		}
		for _, name := range f.Cast {
			m.Credits = append(m.Credits, search.Credit{Name: name, Job: "actor"})
		}
		s.Movies = append(s.Movies, m)
	}
	random := rand.New(rand.NewPCG(5, 5))
	for c := range 10 {
		city := fmt.Sprintf("city-%d", c)
		s.Cities = append(s.Cities, search.City{ID: id(city), Slug: city, Name: city})
		for h := range 20 {
			name := fmt.Sprintf("Theater %d, %s", h, city)
			s.Theaters = append(s.Theaters, search.Theater{
				ID: id(name), CityID: id(city), Slug: name, Name: name, TimeZone: "Asia/Kolkata",
				Lat: 10 + float64(c) + random.Float64()/5, Lon: 75 + random.Float64()/5,
			})
		}
	}
	for i := range 20_000 {
		s.Shows = append(s.Shows, search.Show{
			ID: id(fmt.Sprint("show ", i)), MovieID: s.Movies[random.IntN(300)].ID,
			TheaterID: s.Theaters[random.IntN(len(s.Theaters))].ID,
			StartsAt:  now.Add(time.Duration(1+random.IntN(14*24*60)) * time.Minute),
			Format:    []string{"2D", "3D", "IMAX"}[random.IntN(3)], Language: []string{"en", "hi", "ta"}[random.IntN(3)],
			PriceMin: 15_000, PriceMax: 60_000, Currency: "INR",
		})
	}
	return s
}
