// Package pglocal runs a PostgreSQL server of its own from binaries that are
// already on the machine: the database of the development platform and of the
// tests. It knows nothing of schemas or pools, and production never imports it.
package pglocal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoBinaries says that no directory with both initdb and postgres was found.
var ErrNoBinaries = errors.New("no PostgreSQL server binaries (initdb, postgres) on this machine")

const (
	superuser    = "boxoffice"
	startTimeout = 60 * time.Second
)

// Options say where and how the server runs.
type Options struct {
	// DataDir holds the cluster, its password and its log. It is created.
	DataDir string
	// Port to listen on; 0 picks a free one.
	Port int
	// Durable keeps every commit through a crash, and leaves the server
	// running when this process is killed: the next Start adopts it. Without
	// it nothing is synced and the server dies with this process.
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
	adopted  bool
	pid      int
	exited   <-chan struct{}
}

// Start brings up the server over DataDir, creating the cluster the first time
// and adopting a server that an earlier, killed process left behind.
func Start(ctx context.Context, opts Options) (started *Server, err error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	place, err := settle(opts.DataDir, opts.Durable, opts.Logger)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, place: place}
	defer func() {
		switch {
		case err == nil:
			go s.boundLog(maxLogBytes, checkLog)
		case !opts.Durable:
			err = errors.Join(err, place.discard())
		}
	}()

	if place.initialized() {
		if s.password, err = place.readPassword(); err != nil {
			return nil, err
		}
		adopted, err := s.adopt(ctx)
		if err != nil {
			return nil, err
		}
		if adopted {
			return s, nil
		}
	}
	bin, err := binariesFor(opts.BinDir, place.majorVersion())
	if err != nil {
		return nil, err
	}
	if !place.initialized() {
		if s.password, err = initialize(ctx, bin, place); err != nil {
			return nil, err
		}
	}
	if err := s.launch(ctx, bin); err != nil {
		return nil, err
	}
	return s, nil
}

// launch starts the postmaster and waits until it answers. A free port can be
// lost to somebody else before Postgres binds it, hence the second tries.
func (s *Server) launch(ctx context.Context, bin string) error {
	var err error
	for range 3 {
		if s.port = s.opts.Port; s.port == 0 {
			if s.port, err = freePort(); err != nil {
				return err
			}
		}
		if err = s.launchOnce(ctx, bin); err == nil || s.opts.Port != 0 || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (s *Server) launchOnce(ctx context.Context, bin string) error {
	log, offset, err := s.place.openLog()
	if err != nil {
		return err
	}
	defer log.Close()

	process, err := startProcess(processSpec{
		path:        filepath.Join(bin, "postgres"),
		args:        s.settings(),
		dir:         s.place.cluster(),
		output:      log,
		credential:  s.place.credential,
		outliveUs:   s.opts.Durable,
		parentDeath: syscall.SIGQUIT, // "immediate shutdown": backends go too
	})
	if err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	s.pid, s.exited = process.pid, process.exited

	if err := s.waitReady(ctx); err != nil {
		_ = syscall.Kill(s.pid, syscall.SIGQUIT)
		<-s.exited
		return fmt.Errorf("postgres on port %d did not come up: %w\n%s\nThe whole log is %s", s.port, err, s.place.logSince(offset), s.LogFile())
	}
	return nil
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

func (s *Server) waitReady(ctx context.Context) error {
	// Somebody else may hold the port and never answer: an attempt to connect
	// ends with our process.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-s.exited:
			cancel(errors.New("it exited"))
		case <-ctx.Done():
		}
	}()

	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := s.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// ping connects and makes sure that the server which answers is the one over
// our cluster, and not another one that happens to have the port.
func (s *Server) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var dir string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&dir); err != nil {
		return err
	}
	if dir != s.place.cluster() {
		return fmt.Errorf("port %d belongs to the cluster in %s", s.port, dir)
	}
	return nil
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
func (s *Server) PID() int { return s.pid }

// Adopted says that the server was left running by an earlier process.
func (s *Server) Adopted() bool { return s.adopted }

// Done is closed when the server has ended, by Stop or otherwise.
func (s *Server) Done() <-chan struct{} { return s.exited }

// DataDir is where the data really is: not always where it was asked for.
func (s *Server) DataDir() string { return s.place.dir }

// Stop shuts the server down: open transactions are rolled back, committed
// ones are kept. A throwaway server also leaves no directory behind where it
// had to move its data.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.shutDown(ctx, syscall.SIGINT); err != nil { // "fast shutdown"
		return err
	}
	if s.opts.Durable {
		return nil
	}
	return s.place.discard()
}

// Kill ends the server and its backends with SIGKILL, as a power cut would.
func (s *Server) Kill() {
	if s.gone() {
		return
	}
	backends := childrenOf(s.pid)
	_ = syscall.Kill(s.pid, syscall.SIGKILL)
	for _, pid := range backends {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	s.waitGone(context.Background())
}

func (s *Server) shutDown(ctx context.Context, signal syscall.Signal) error {
	if s.gone() {
		return nil
	}
	if err := syscall.Kill(s.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop postgres (pid %d): %w", s.pid, err)
	}
	if !s.waitGone(ctx) {
		return fmt.Errorf("postgres (pid %d) is still shutting down: %w", s.pid, ctx.Err())
	}
	return nil
}

// gone guards signals: the id of a process that ended may be another's now.
func (s *Server) gone() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

func (s *Server) waitGone(ctx context.Context) bool {
	select {
	case <-s.exited:
		return true
	case <-ctx.Done():
		return false
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

func newPassword() string { return rand.Text() }

func readTrimmed(path string) (string, error) {
	content, err := os.ReadFile(path)
	return strings.TrimSpace(string(content)), err
}

func tail(file io.ReaderAt, from, size int64) string {
	const most = 4 << 10
	from = max(from, size-most)
	content, _ := io.ReadAll(io.NewSectionReader(file, from, size-from))
	return string(content)
}
