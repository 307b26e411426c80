package e2e

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/dev/platform"
)

// world is the one platform of all tests. Tests that make a vendor fail or kill a process
// run alone. The others run in parallel, each on shows of its own.
var world *World

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "boxoffice-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// Postgres, which does not run as root, has to get through.
	if err := os.Chmod(dir, 0o711); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var progress io.Writer
	if testing.Verbose() {
		progress = os.Stderr
	}
	ctx := context.Background()
	world, err = Open(ctx, platform.Options{
		Root: filepath.Join("..", ".."), StateDir: filepath.Join(dir, "state"), Progress: progress,
		Env: map[string]string{"LATE_PAYMENTS": "rebook", "SPREAD_OVER": "2s"},
		// Postgres gets killed here, and what it had acknowledged must be there
		// afterwards. A throwaway one commits without waiting for the disk.
		Durable: true,
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "the platform does not start; its logs are in %s\n%v\n", dir, err)
		return 1
	}
	dieTogether()
	code := m.Run()
	if !everythingHolds(ctx) {
		code = 1
	}
	if err := world.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if code != 0 {
		fmt.Fprintln(os.Stderr, "the logs of all processes are in", world.Logs())
		return code
	}
	_ = os.RemoveAll(dir)
	return 0
}

// dieTogether takes the platform along on Ctrl-C: a durable Postgres would stay.
func dieTogether() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		world.Platform.KillAll()
		os.Exit(1)
	}()
}

// everythingHolds judges all tests together: only here does one test's damage to another's
// bookings show.
func everythingHolds(ctx context.Context) bool {
	violations, err := world.Settle(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "the invariants cannot be checked:", err)
	}
	for _, violation := range violations {
		fmt.Fprintln(os.Stderr, "after all tests:", violation)
	}
	return err == nil && len(violations) == 0
}

// hasty is a replica that sells under a short hold, for tests that wait for its
// end. How long a hold is travels with the booking, so nothing else differs.
var hasty = sync.OnceValues(func() (*Replica, error) {
	return world.NewReplica(context.Background(), "hasty", map[string]string{"HOLD_FOR": hastyHold.String()})
})

const hastyHold = 5 * time.Second
