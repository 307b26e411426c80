package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

// recommendBenchmark trains on a made-up city and asks for lists at a steady rate, the personal ones
// against those of popularity.
func recommendBenchmark(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("recommend", flag.ExitOnError)
	people := flags.Int("people", 10_000, "people who have booked")
	films := flags.Int("films", 12_833, "films")
	rate := flags.Int("rate", 100, "lists a second")
	lists := flags.Int("lists", 2_000, "lists of each kind")
	if err := flags.Parse(args); err != nil {
		return err
	}
	data := madeUpCity(*people, *films)
	likings := 0
	for _, row := range data.People {
		likings += len(row)
	}
	began, worked := time.Now(), processTime()
	model, err := recommend.Train(ctx, data, recommend.DefaultOptions())
	if err != nil {
		return err
	}
	trained, took := time.Since(began), processTime()-worked
	var kept bytes.Buffer
	if err := model.Write(&kept); err != nil {
		return err
	}
	fmt.Printf("%d people, %d films, %d likings: trained in %v, which took %v of processor time on %d processors and %s of memory at most; the file has %.0f MB\n\n",
		*people, *films, likings, trained.Round(time.Second/10), took.Round(time.Second/10), runtime.GOMAXPROCS(0), mostMemory(), float64(kept.Len())/1e6)

	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "lists of 20 from 100 candidates, %d a second\tp50\tp99\tworst\tp99 of the thread\tratio p50\t\n", *rate)
	requests := requestsOf(data, *lists)
	var popular spread
	for i, list := range []func(recommend.Request) recommend.List{recommend.Popular, model.ForYou} {
		took := timedLists(list, requests, *rate)
		if i == 0 {
			popular = took
		}
		fmt.Fprintf(out, "%s\t%v\t%v\t%v\t%v\t%.1f×\t\n", []string{"popular", "for you"}[i], micros(took.p50), micros(took.p99), micros(took.worst), micros(took.thread), float64(took.p50)/float64(popular.p50))
	}
	return out.Flush()
}

// madeUpCity has people with 10 to 50 films each. Films are popular by Zipf's law, and have genres,
// actors and years.
func madeUpCity(people, films int) recommend.Data {
	random := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(random, 1.05, 20, uint64(films-1))
	data := recommend.Data{People: make([][]recommend.Liking, people)}
	for i := range films {
		data.Films = append(data.Films, recommend.Film{ID: fmt.Sprint("film-", i), Facts: recommend.Facts{
			Genres: []string{fmt.Sprint("genre ", random.IntN(20)), fmt.Sprint("genre ", random.IntN(20))},
			Cast:   []string{fmt.Sprint("actor ", random.IntN(3000)), fmt.Sprint("actor ", random.IntN(3000)), fmt.Sprint("actor ", random.IntN(3000))},
			Year:   1970 + random.IntN(56),
		}})
	}
	for person := range people {
		for range 10 + random.IntN(41) {
			data.People[person] = append(data.People[person], recommend.Liking{Film: int32(zipf.Uint64()), At: time.Unix(int64(len(data.People[person])), 0)})
		}
	}
	return data
}

// requestsOf are requests of people in turn, each with another hundred films on.
func requestsOf(data recommend.Data, n int) []recommend.Request {
	random := rand.New(rand.NewPCG(2, 2))
	requests := make([]recommend.Request, n)
	for i := range requests {
		r := recommend.Request{N: 20, Explore: 0.05, Seed: uint64(i), Popular: map[string]float64{}}
		for _, liking := range data.People[i%len(data.People)] {
			r.History = append(r.History, recommend.Seen{Film: recommend.Film{ID: data.Films[liking.Film].ID}})
		}
		for _, film := range random.Perm(len(data.Films))[:100] {
			r.Candidates = append(r.Candidates, recommend.Candidate{Film: data.Films[film], Free: 10})
			r.Popular[data.Films[film].ID] = random.Float64() * 100
		}
		r.Filters = []recommend.Filter{recommend.Bookable, recommend.AtMost(18)}
		requests[i] = r
	}
	return requests
}

// timedLists asks at a steady rate. A list that is late does not delay the clock of the next one.
func timedLists(list func(recommend.Request) recommend.List, requests []recommend.Request, rate int) spread {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	clock, thread := make([]time.Duration, len(requests)), make([]time.Duration, len(requests))
	began := time.Now()
	for i, r := range requests {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		start := threadTime()
		list(r)
		clock[i], thread[i] = time.Since(due), threadTime()-start
	}
	slices.Sort(clock)
	slices.Sort(thread)
	at := func(list []time.Duration, percent int) time.Duration { return list[len(list)*percent/100] }
	return spread{at(clock, 50), at(clock, 99), clock[len(clock)-1], at(thread, 99)}
}

// mostMemory is the most that this process has had in memory, as Linux says it.
func mostMemory() string {
	status, err := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if size, ok := strings.CutPrefix(line, "VmHWM:"); ok && err == nil {
			return strings.TrimSpace(size)
		}
	}
	return "an unknown size"
}
