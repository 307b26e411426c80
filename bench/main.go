// Command bench prints how fast the booking saga is, as ratios measured in one
// run on one machine, so that they mean the same on every machine.
//
// It needs a Temporal server of its own (TEMPORAL_ADDRESS); make bench starts
// one. The inventory's benchmarks live with the inventory, in internal/seats.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/workflows"
)

func main() {
	rounds := flag.Int("rounds", 5, "interleaved rounds")
	bookings := flag.Int("bookings", 100, "bookings per contender and round")
	buyers := flag.Int("buyers", 16, "customers at a time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rounds, *bookings, *buyers); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds, bookings, buyers int) error {
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		return fmt.Errorf("TEMPORAL_ADDRESS is not set; run make bench")
	}
	const namespace = "bench"
	c, err := temporal.Dial(temporal.Options{
		Address: address, Namespace: namespace,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	defer c.Close()
	prepare, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := temporal.Prepare(prepare, c, namespace, 24*time.Hour, workflows.SearchAttributes()...); err != nil {
		return err
	}
	race, err := newRace(c, buyers)
	if err != nil {
		return err
	}
	defer race.stop()
	return race.run(ctx, rounds, bookings)
}
