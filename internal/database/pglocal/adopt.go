package pglocal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// adopt takes over a server that is still running over our cluster. It reports
// false when there is none, after clearing away what would keep a new one from
// starting.
func (s *Server) adopt(ctx context.Context) (bool, error) {
	left, ok := readPidFile(s.place.cluster())
	if !ok {
		return false, nil
	}
	s.pid, s.port = left.pid, left.port

	if !alive(left.pid) || !runs(left.pid, s.place.cluster()) {
		// The id was given to somebody else since; Postgres cannot tell and
		// would refuse to start.
		s.opts.Logger.Info("removing the pid file of a postgres that is gone", "pid", left.pid)
		if err := os.Remove(filepath.Join(s.place.cluster(), pidFile)); err != nil && !os.IsNotExist(err) {
			return false, fmt.Errorf("remove stale pid file: %w", err)
		}
		return false, nil
	}
	s.exited = watch(left.pid)
	wantsPort := s.opts.Port == 0 || s.opts.Port == left.port
	if s.opts.Durable && wantsPort && s.answersWithin(ctx, 5*time.Second) {
		s.adopted = true
		s.opts.Logger.Info("adopted the postgres that was left running", "pid", left.pid, "port", left.port)
		return true, nil
	}
	s.opts.Logger.Info("stopping the postgres that was left running", "pid", left.pid, "port", left.port)
	return false, s.shutDown(ctx, syscall.SIGINT)
}

// answersWithin gives a server that is just starting, or recovering, its time.
func (s *Server) answersWithin(ctx context.Context, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.waitReady(ctx) == nil
}

const pidFile = "postmaster.pid"

type leftover struct{ pid, port int }

// readPidFile reads the lock file that Postgres keeps in its data directory:
// the process id in the first line, the port in the fourth.
// https://www.postgresql.org/docs/current/storage-file-layout.html
func readPidFile(cluster string) (leftover, bool) {
	content, err := os.ReadFile(filepath.Join(cluster, pidFile))
	if err != nil {
		return leftover{}, false
	}
	lines := strings.Split(string(content), "\n")
	if len(lines) < 4 {
		return leftover{}, false
	}
	pid, errPid := strconv.Atoi(strings.TrimSpace(lines[0]))
	port, errPort := strconv.Atoi(strings.TrimSpace(lines[3]))
	return leftover{pid: pid, port: port}, errPid == nil && errPort == nil && pid > 1
}
