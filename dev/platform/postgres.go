package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	embedded "github.com/fergusstrange/embedded-postgres"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/internal/database/pglocal"
)

// databaseName is the platform's own database; Temporal makes two beside it.
const databaseName = "boxoffice"

// postgres is a server of our own that is started again after a crash.
type postgres struct {
	opts     pglocal.Options
	progress *progress

	mu      sync.Mutex
	server  *pglocal.Server
	stopped bool
}

// startPostgres makes a database reachable: the one we were given, or a server
// of our own.
func (p *Platform) startPostgres(ctx context.Context) error {
	if given := p.opts.Env["DATABASE_URL"]; given != "" {
		p.setEnv("DATABASE_URL", given)
		p.progress.printf("Postgres: the one in DATABASE_URL")
		return nil
	}
	begun := time.Now()
	bin, err := p.findPostgres(ctx)
	if err != nil {
		return err
	}
	p.postgres = &postgres{
		progress: p.progress,
		opts: pglocal.Options{
			DataDir: filepath.Join(p.opts.StateDir, "postgres"),
			Port:    p.ports.Postgres,
			Durable: p.opts.Durable,
			BinDir:  bin,
			Logger:  p.progress.logger(),
		},
	}
	if err := p.postgres.start(ctx); err != nil {
		if taken := available(p.ports.Postgres); errors.Is(taken, syscall.EADDRINUSE) {
			return portTaken(p.ports.Postgres, "Postgres", "POSTGRES_PORT", taken)
		}
		return err
	}
	if err := p.postgres.createDatabase(ctx, databaseName); err != nil {
		return err
	}
	p.setEnv("DATABASE_URL", p.postgres.url(databaseName))
	p.setEnv("TEST_DATABASE_URL", p.postgres.url("postgres"))
	p.progress.printf("Postgres is up on %s (%s)", local(p.ports.Postgres), took(begun))
	return nil
}

// findPostgres returns where the server's programs are: on the machine, else
// installed by its package manager, else downloaded.
func (p *Platform) findPostgres(ctx context.Context) (bin string, err error) {
	if bin, err = pglocal.FindBinaries(); err == nil {
		return bin, nil
	}
	var errs []error
	if _, err := exec.LookPath("apt-get"); err == nil && os.Geteuid() == 0 {
		p.progress.printf("installing Postgres with apt-get, first run only…")
		if err := p.aptInstall(ctx, "postgresql"); err != nil {
			errs = append(errs, err)
		} else if bin, err = pglocal.FindBinaries(); err == nil {
			return bin, nil
		}
	}
	p.progress.printf("downloading Postgres, first run only…")
	dir := filepath.Join(p.opts.Root, ".boxoffice", "postgres-binaries")
	if os.Geteuid() == 0 {
		// Run by another account, which may not get through to the repository.
		dir = "/var/lib/boxoffice-postgres-binaries"
	}
	bin, err = downloadPostgres(dir)
	if err == nil {
		return bin, nil
	}
	errs = append(errs, err)
	return "", fmt.Errorf("%w. Install one (Debian: apt-get install postgresql, macOS: brew install postgresql@17), or set DATABASE_URL to a server on which databases may be created: %w",
		pglocal.ErrNoBinaries, errors.Join(errs...))
}

func (p *Platform) aptInstall(ctx context.Context, name string) error {
	for _, args := range [][]string{{"update", "-q"}, {"install", "-y", "-q", "--no-install-recommends", name}} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		err := step{
			name:    "install " + name + " (apt-get " + args[0] + ")",
			logPath: filepath.Join(p.opts.Root, ".boxoffice", "logs", "install-"+name+"-"+args[0]+".log"),
			command: cmd,
		}.run(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// downloadPostgres fetches the binaries through a library whose one operation
// is to run a whole server. It cannot run a server as root, but when it fails the binaries
// are there, and we need only those.
func downloadPostgres(dir string) (bin string, err error) {
	bin = filepath.Join(dir, "bin")
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
		return bin, nil
	}
	server := embedded.NewDatabase(embedded.DefaultConfig().
		BinariesPath(dir).RuntimePath(dir + ".runtime").CachePath(dir + ".cache").
		Logger(nil).StartTimeout(time.Minute))
	defer os.RemoveAll(dir + ".runtime")
	startErr := server.Start()
	if startErr == nil {
		_ = server.Stop()
	}
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err != nil {
		return "", fmt.Errorf("download Postgres for %s/%s: %w", runtime.GOOS, runtime.GOARCH, startErr)
	}
	return bin, nil
}

func (pg *postgres) start(ctx context.Context) error {
	pg.mu.Lock()
	defer pg.mu.Unlock()
	server, err := pglocal.Start(ctx, pg.opts)
	if err != nil {
		return fmt.Errorf("start Postgres: %w", err)
	}
	pg.server, pg.stopped = server, false
	go pg.supervise(server)
	return nil
}

// supervise starts the server again when it ended without being asked to.
func (pg *postgres) supervise(server *pglocal.Server) {
	<-server.Done()
	backoff := firstBackoff
	for pg.crashed(server) {
		pg.progress.trouble("postgres stopped, starting it again; its log is %s", server.LogFile())
		err := pg.start(context.Background())
		if err == nil {
			return
		}
		pg.progress.trouble("%v; trying again in %s", err, backoff)
		time.Sleep(backoff)
		backoff = min(2*backoff, lastBackoff)
	}
}

// crashed says whether this server should still be running, and none replaced it.
func (pg *postgres) crashed(server *pglocal.Server) bool {
	pg.mu.Lock()
	defer pg.mu.Unlock()
	return !pg.stopped && pg.server == server
}

func (pg *postgres) current() *pglocal.Server {
	pg.mu.Lock()
	defer pg.mu.Unlock()
	return pg.server
}

func (pg *postgres) stop(ctx context.Context) error {
	pg.mu.Lock()
	pg.stopped = true
	server := pg.server
	pg.mu.Unlock()
	if server == nil {
		return nil
	}
	return server.Stop(ctx)
}

func (pg *postgres) kill() error {
	if server := pg.current(); server != nil {
		server.Kill()
	}
	return nil
}

func (pg *postgres) abandon() {
	pg.mu.Lock()
	pg.stopped = true
	pg.mu.Unlock()
	_ = pg.kill()
}

func (pg *postgres) url(database string) string { return pg.current().URL(database) }

func (pg *postgres) createDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, pg.url("postgres"))
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "42P04" { // duplicate_database
		return nil
	}
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}
