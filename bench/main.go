// Command bench prints ratios measured in one run on one machine, so that they
// mean the same on every machine. The first argument says of what:
//
//	bench [saga]     the booking saga; needs a Temporal server of its own
//	                 (TEMPORAL_ADDRESS), which make bench starts
//	bench reminders  holds while a show's reminders go out; a Temporal server, too
//	bench theaters   holds at a theater that sells from its own system; a Temporal server, too
//	bench logins     holds while passwords are guessed; a Temporal server, too
//	bench reads      cached reads against a static handler and against uncached
//	bench streams    live seat maps, with the watchers in a process of their own
//	bench search     finding titles, against Postgres with pg_trgm
//	bench recommend  training and personal lists, against lists of popularity
//	bench lists      personal lists over HTTP with the store of documents, against a visitor's
//
// The benchmarks of holds and prechecks live with these, in internal/bookings.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workflows"
)

// benchmarks by name. Each reads its own flags.
var benchmarks = map[string]func(ctx context.Context, args []string) error{
	"streams":   streamsBenchmark,
	"audience":  audienceBenchmark, // started by streams
	"saga":      sagaBenchmark,
	"reads":     readsBenchmark,
	"search":    searchBenchmark,
	"recommend": recommendBenchmark,
	"lists":     listsBenchmark,
	"reminders": remindersBenchmark,
	"logins":    loginsBenchmark,
	"theaters":  theatersBenchmark,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	name, args := "saga", os.Args[1:]
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		name, args = args[0], args[1:]
	}
	benchmark, ok := benchmarks[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "bench: there is no %q\n", name)
		os.Exit(2)
	}
	if err := benchmark(ctx, args); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func sagaBenchmark(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("saga", flag.ExitOnError)
	rounds := flags.Int("rounds", 5, "interleaved rounds")
	bookings := flags.Int("bookings", 100, "bookings per contender and round")
	buyers := flags.Int("buyers", 16, "customers at a time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return run(ctx, *rounds, *bookings, *buyers)
}

func run(ctx context.Context, rounds, bookings, buyers int) error {
	c, err := benchClient(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	race, err := newRace(c, buyers)
	if err != nil {
		return err
	}
	defer race.stop()
	return race.run(ctx, rounds, bookings)
}

// benchClient gives a client of a namespace for benchmarks alone.
func benchClient(ctx context.Context) (client.Client, error) {
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		return nil, fmt.Errorf("TEMPORAL_ADDRESS is not set; run make bench")
	}
	const namespace = "bench"
	c, err := temporal.Dial(temporal.Options{
		Address: address, Namespace: namespace,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return nil, err
	}
	prepare, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := temporal.Prepare(prepare, c, namespace, 24*time.Hour, workflows.SearchAttributes()...); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}
