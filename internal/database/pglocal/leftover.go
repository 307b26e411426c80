package pglocal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// StopLeftover shuts down the server that a killed process left running over dataDir,
// and tells whether there was one. It does without pg_ctl, which would signal a process
// that was given the server's id since.
func StopLeftover(ctx context.Context, dataDir string) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	cluster := filepath.Join(dataDir, "cluster")
	left := readLock(cluster)
	if left.pid == 0 {
		return false, nil
	}
	if found = alive(left.pid) && left.runs(cluster); found {
		if err := syscall.Kill(left.pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) { // "fast shutdown"
			return found, fmt.Errorf("stop the postgres that was left running (pid %d): %w", left.pid, err)
		}
		for alive(left.pid) {
			select {
			case <-ctx.Done():
				return found, fmt.Errorf("the postgres that was left running (pid %d) is still shutting down: %w", left.pid, ctx.Err())
			case <-time.After(lookEvery):
			}
		}
	}
	// The lock of a server that is gone may name a process of another user now.
	// Postgres cannot tell and would refuse to start.
	if err := os.Remove(lockFile(cluster)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return found, fmt.Errorf("remove the lock of a postgres that is gone: %w", err)
	}
	return found, nil
}

func lockFile(cluster string) string { return filepath.Join(cluster, "postmaster.pid") }

// lock is what the file says that a server keeps in its data directory.
type lock struct {
	pid   int    // 0 without a server
	dir   string // the data directory, as the server was told
	ready bool   // it takes connections
}

// readLock reads the first, the second and the eighth line.
// https://www.postgresql.org/docs/current/storage-file-layout.html
func readLock(cluster string) (l lock) {
	content, _ := os.ReadFile(lockFile(cluster))
	lines := strings.Split(string(content), "\n")
	if len(lines) > 1 {
		l.pid, _ = strconv.Atoi(lines[0])
		l.pid, l.dir = max(l.pid, 0), lines[1]
	}
	l.ready = len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
	return l
}

// runs says whether the process that the lock names is a server over this cluster:
// ids are given again, and directories are copied with their locks. Where there is no
// /proc, a process is taken for the server.
func (l lock) runs(cluster string) bool {
	served, err := os.Stat(l.dir)
	if err != nil {
		return false
	}
	ours, err := os.Stat(cluster)
	if err != nil || !os.SameFile(served, ours) {
		return false
	}
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		return true
	}
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", l.pid))
	return err == nil && strings.Contains(string(cmdline), l.dir)
}

// alive looks past zombies: in a container there may be no parent that reaps an orphan.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return !strings.Contains(string(stat), ") Z ")
}
