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

// StopRunning asks the process that runs a platform over stateDir to stop, and
// waits for it. Without one it stops the Postgres that a killed one left.
func StopRunning(ctx context.Context, stateDir string, out io.Writer) error {
	pid := Running(stateDir)
	if pid == 0 {
		return stopLeftover(ctx, stateDir, out)
	}
	fmt.Fprintf(out, "stopping the platform, process %d…\n", pid)
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for Running(stateDir) == pid {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	return nil
}

func stopLeftover(ctx context.Context, stateDir string, out io.Writer) error {
	dataDir := filepath.Join(stateDir, "postgres")
	if !exists(filepath.Join(dataDir, "cluster", "postmaster.pid")) {
		fmt.Fprintln(out, "nothing is running")
		return nil
	}
	server, err := pglocal.Start(ctx, pglocal.Options{DataDir: dataDir, Durable: true})
	if err != nil {
		return fmt.Errorf("take over the Postgres that was left: %w", err)
	}
	if err := server.Stop(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, "stopped the Postgres that was left running")
	return nil
}
