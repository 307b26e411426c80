// Package pglocal runs a PostgreSQL server of its own from binaries that are
// already on the machine: the database of the development platform and of the
// tests. It knows nothing of schemas or pools, and production never imports it.
//
// It is ours because the server of fergusstrange/embedded-postgres cannot run as another
// account when we are root, does not end with a killed parent and has no standby.
package pglocal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNoBinaries says that no directory with both initdb and postgres was found.
var ErrNoBinaries = errors.New("no PostgreSQL server binaries (initdb, postgres) on this machine")

const (
	superuser    = "boxoffice"
	startTimeout = 60 * time.Second
	// lookEvery is the pause between two looks at a server that starts or stops.
	lookEvery = 20 * time.Millisecond
	// maxLogBytes bounds the server's log. The server writes it by itself,
	// because it may outlive us, and has no limit of its own by size.
	maxLogBytes = 8 << 20
	checkLog    = 5 * time.Second
)

// Options say where and how the server runs.
type Options struct {
	// DataDir holds the cluster, its password and its log. It is created.
	DataDir string
	// Port to listen on; 0 picks a free one.
	Port int
	// Durable keeps every commit through a crash, and leaves the server
	// running when this process is killed: the next Start shuts it down, so that
	// nothing has to be recovered. Without it nothing is synced and the server
	// dies with this process.
	Durable bool
	// Replicable lets standbys follow; see StartStandby.
	Replicable bool
	// BinDir holds initdb and postgres; empty means FindBinaries.
	BinDir string
	Logger *slog.Logger
}

// Server is a running PostgreSQL.
type Server struct {
	opts     Options
	place    place
	password string
	port     int
	process  *os.Process
	exited   <-chan struct{}
}

// Start brings up the server over DataDir. It creates the cluster the first time, and
// stops a server that an earlier, killed process left running over it.
func Start(ctx context.Context, opts Options) (*Server, error) {
	return start(ctx, opts, initialize)
}

// start is Start with a way to make a cluster and its password if it does not exist.
func start(ctx context.Context, opts Options, create func(ctx context.Context, bin string, p place) error) (s *Server, err error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	place, err := settle(opts.DataDir, opts.Durable, opts.Logger)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil && !opts.Durable {
			err = errors.Join(err, place.discard())
		}
	}()

	found, err := StopLeftover(ctx, place.dir)
	if err != nil {
		return nil, err
	}
	if found {
		opts.Logger.Info("stopped the postgres that was left running", "data", place.dir)
	}
	if err := place.handOver(); err != nil {
		return nil, err
	}
	major := place.majorVersion()
	if opts.BinDir, err = binariesFor(opts.BinDir, major); err != nil {
		return nil, err
	}
	if major == "" {
		if err := create(ctx, opts.BinDir, place); err != nil {
			return nil, err
		}
	}
	password, err := readTrimmed(place.passwordFile())
	if err != nil {
		return nil, fmt.Errorf("read the password of the local postgres: %w", err)
	}
	s = &Server{opts: opts, place: place, password: password}
	if err := s.launch(ctx); err != nil {
		return nil, err
	}
	go s.boundLog(maxLogBytes, checkLog)
	return s, nil
}

// launch starts the postmaster and waits until it answers. A free port can be
// taken by another process before Postgres binds it, so it is tried again.
func (s *Server) launch(ctx context.Context) error {
	var err error
	for range 3 {
		if s.port = s.opts.Port; s.port == 0 {
			if s.port, err = freePort(); err != nil {
				return err
			}
		}
		if err = s.launchOnce(ctx); err == nil || s.opts.Port != 0 || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (s *Server) launchOnce(ctx context.Context) error {
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the postgres log: %w", err)
	}
	defer log.Close()
	begin, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("open the postgres log: %w", err)
	}
	if err := s.run(log); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	if err := s.waitReady(ctx); err != nil {
		_ = s.process.Signal(syscall.SIGQUIT)
		<-s.exited
		const most = 4 << 10
		said, _ := os.ReadFile(s.LogFile())
		said = said[min(max(int(begin), len(said)-most), len(said)):]
		return fmt.Errorf("postgres on port %d did not come up: %w\n%s\nThe whole log is %s", s.port, err, said, s.LogFile())
	}
	return nil
}

// run starts the server in a session of its own, so that Ctrl-C in a terminal
// reaches us and not it. It waits for its end on the thread that started it: the
// kernel sends the parent-death signal when that thread ends, not when the
// process does, see prctl(2).
func (s *Server) run(log *os.File) error {
	cmd := s.place.command(context.Background(), filepath.Join(s.opts.BinDir, "postgres"), s.settings()...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr.Setsid = true
	if !s.opts.Durable {
		dieWithParent(cmd.SysProcAttr, syscall.SIGQUIT) // "immediate shutdown": backends go too
	}
	started, exited := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(exited)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	err := <-started
	s.process, s.exited = cmd.Process, exited
	return err
}

func (s *Server) settings() []string {
	settings := []string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(s.port),
		// Socket paths have a length limit that temporary directories exceed.
		"unix_socket_directories=",
		"max_connections=300",
		"timezone=UTC",
		"log_timezone=UTC",
		"shared_buffers=96MB",
		"max_wal_size=512MB",
		"jit=off", // every statement here is short; compiling them only adds latency
		"log_checkpoints=off",
		"log_autovacuum_min_duration=-1",
	}
	if s.opts.Durable {
		settings = append(settings, "fsync=on", "synchronous_commit=on", "full_page_writes=on")
	} else {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
		if !s.opts.Replicable {
			settings = append(settings, "wal_level=minimal", "max_wal_senders=0")
		}
	}
	args := []string{"-D", s.place.cluster()}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// waitReady waits until the server has written into its lock file that it takes
// connections, which is where pg_ctl looks, too. Another process may hold the port.
func (s *Server) waitReady(ctx context.Context) error {
	for {
		if lock := readLock(s.place.cluster()); lock.ready && lock.pid == s.PID() {
			return nil
		}
		select {
		case <-s.exited:
			return errors.New("it exited")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

// URL is the superuser's address of the named database.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Port is where the server listens.
func (s *Server) Port() int { return s.port }

// PID is the postmaster's process id.
func (s *Server) PID() int { return s.process.Pid }

// Done is closed when the server has ended, by Stop or otherwise.
func (s *Server) Done() <-chan struct{} { return s.exited }

// DataDir is where the data really is: not always where it was asked for.
func (s *Server) DataDir() string { return s.place.dir }

// LogFile is where the server writes its log.
func (s *Server) LogFile() string { return filepath.Join(s.place.dir, "postgres.log") }

// Stop shuts the server down: open transactions are rolled back, committed
// ones are kept. A throwaway server also leaves no directory behind where it
// had to move its data.
func (s *Server) Stop(ctx context.Context) error {
	err := s.process.Signal(syscall.SIGINT) // "fast shutdown"
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop postgres (pid %d): %w", s.PID(), err)
	}
	if err == nil {
		select {
		case <-s.exited:
		case <-ctx.Done():
			return fmt.Errorf("postgres (pid %d) is still shutting down: %w", s.PID(), ctx.Err())
		}
	}
	if s.opts.Durable {
		return nil
	}
	return s.place.discard()
}

// Kill ends the server and its backends with SIGKILL, as a power cut would.
// Without /proc, backends notice the death of their postmaster by themselves.
func (s *Server) Kill() {
	backends, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", s.PID()))
	if err := s.process.Kill(); err == nil {
		for field := range strings.FieldsSeq(string(backends)) {
			if pid, err := strconv.Atoi(field); err == nil {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	<-s.exited
}

// boundLog empties the log when it has grown too large, as long as the server
// runs. The server appends, so that it goes on at the new end.
func (s *Server) boundLog(most int64, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-s.exited:
			return
		case <-ticker.C:
		}
		if info, err := os.Stat(s.LogFile()); err == nil && info.Size() > most {
			if err := os.Truncate(s.LogFile(), 0); err != nil {
				s.opts.Logger.Warn("the log of postgres grows without a limit", "error", err)
				return
			}
		}
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
