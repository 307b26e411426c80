package platform

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/internal/database/pglocal"
)

// stoppedWithin is longer than a platform takes for all of its parts.
const stoppedWithin = 90 * time.Second

// StopRunning asks the process that runs a platform over stateDir to stop, and
// waits for it. Without one it stops the Postgres that a killed one left.
func StopRunning(ctx context.Context, stateDir string, out io.Writer) error {
	pid, err := Running(stateDir)
	if err != nil {
		return fmt.Errorf("find out what is running: %w", err)
	}
	if pid == 0 {
		return stopLeftover(ctx, stateDir, out)
	}
	fmt.Fprintf(out, "stopping the platform, process %d…\n", pid)
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	if err := waitUntilGone(ctx, stateDir, pid); err != nil {
		return err
	}
	fmt.Fprintln(out, "stopped; what went wrong, if anything, that process has printed")
	return nil
}

func waitUntilGone(ctx context.Context, stateDir string, pid int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stoppedWithin, fmt.Errorf("it still runs after %s", stoppedWithin))
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		running, err := Running(stateDir)
		if err != nil || running != pid {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("stop process %d: %w; the logs of its parts are in %s", pid, context.Cause(ctx), filepath.Join(stateDir, "logs"))
		case <-ticker.C:
		}
	}
}

func stopLeftover(ctx context.Context, stateDir string, out io.Writer) error {
	found, err := pglocal.StopLeftover(ctx, filepath.Join(stateDir, "postgres"))
	switch {
	case err != nil:
		return err
	case found:
		fmt.Fprintln(out, "stopped the Postgres that was left running")
	default:
		fmt.Fprintln(out, "nothing is running")
	}
	return nil
}
