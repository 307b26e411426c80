// Package platform runs the whole of Boxoffice on one machine: Postgres, Redis,
// Temporal with its UI, the vendors' sandbox, the API and the workers. The command beside
// it and the end-to-end tests use it. It knows how to build, start, watch and stop the
// parts, but not what they do.
package platform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Service is a part that can be started without the others.
type Service string

// The parts. API stands for everything that the boxoffice program is in
// production: migrations, demo data, API and workers; it needs the others.
const (
	Postgres Service = "postgres"
	Redis    Service = "redis"
	Temporal Service = "temporal"
	Sandbox  Service = "sandbox"
	API      Service = "platform"
)

// Services lists all parts.
func Services() []Service { return []Service{Postgres, Redis, Temporal, Sandbox, API} }

// Options say what to run and where.
type Options struct {
	// Root is the repository; programs are built from it.
	Root string
	// StateDir holds databases, keys and logs. A platform started over the
	// state of an earlier one goes on where that one stopped.
	StateDir string
	// Ports to listen on; 0 takes the one used last time, or any free one.
	Ports Ports
	// Env overrides variables of the programs. With DATABASE_URL or REDIS_URL
	// that server is used instead of one of our own, and with a vendor's keys
	// that vendor instead of its sandbox.
	Env map[string]string
	// Durable keeps every commit through a power cut, and leaves Postgres
	// running when this process is killed. Throwaway state has neither.
	Durable bool
	// Services to run; none means all.
	Services []Service
	// Progress receives a line for each step. Nil discards them.
	Progress io.Writer
	// Trouble receives what goes wrong while the platform runs, a part that
	// crashed say, when there is no Progress for it. Nil discards it.
	Trouble io.Writer
}

// Platform is a running set of parts.
type Platform struct {
	opts     Options
	progress *progress
	lock     *lock
	ports    Ports

	postgres *postgres
	redis    *redis

	mu       sync.Mutex
	env      map[string]string
	children map[string]*child

	stopOnce sync.Once
	stopErr  error
}

// stopOrder: clients before their servers, so that no request fails at the end.
var stopOrder = []string{"api", "worker", "sandbox", "temporal"}

// Start brings everything up and returns when all of it answers. On failure
// nothing is left running.
func Start(ctx context.Context, opts Options) (*Platform, error) {
	p, err := prepare(opts)
	if err != nil {
		return nil, err
	}
	if err := p.start(ctx); err != nil {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if stopErr := p.Stop(stopCtx); stopErr != nil {
			err = fmt.Errorf("%w\nand then, to stop what had been started: %w", err, stopErr)
		}
		return nil, err
	}
	return p, nil
}

const stopTimeout = 30 * time.Second

func prepare(opts Options) (*Platform, error) {
	var err error
	if opts.Root, err = filepath.Abs(opts.Root); err != nil {
		return nil, err
	}
	if opts.StateDir, err = filepath.Abs(opts.StateDir); err != nil {
		return nil, err
	}
	if len(opts.Services) == 0 || slices.Contains(opts.Services, API) {
		opts.Services = Services()
	}
	if slices.Contains(opts.Services, Temporal) && !slices.Contains(opts.Services, Postgres) {
		opts.Services = append(slices.Clone(opts.Services), Postgres)
	}
	for _, dir := range []string{opts.StateDir, filepath.Join(opts.StateDir, "logs"), filepath.Join(opts.StateDir, "keys")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("create the state directory: %w", err)
		}
	}
	lock, err := acquire(filepath.Join(opts.StateDir, "lock"))
	if err != nil {
		return nil, err
	}
	return &Platform{
		opts:     opts,
		progress: newProgress(opts.Progress, opts.Trouble),
		lock:     lock,
		env:      map[string]string{},
		children: map[string]*child{},
	}, nil
}

// start runs the steps. What needs nothing from each other runs side by side;
// the builds are the long ones and start at once. A step that installs the web
// app's packages belongs beside them.
func (p *Platform) start(ctx context.Context) error {
	if err := p.choosePorts(); err != nil {
		return err
	}
	if err := p.makeEnv(); err != nil {
		return err
	}
	steps, stepsCtx := errgroup.WithContext(ctx)
	if p.runs(Temporal) {
		steps.Go(func() error { return p.buildTemporal(stepsCtx) })
	}
	if p.runs(Sandbox) {
		steps.Go(func() error { return p.buildBoxoffice(stepsCtx) })
	}
	if p.runs(Redis) {
		steps.Go(p.startRedis)
	}
	if p.runs(Postgres) {
		steps.Go(func() error { return p.startPostgres(stepsCtx) })
	}
	if err := steps.Wait(); err != nil {
		return err
	}
	return p.startChildren(ctx)
}

func (p *Platform) startChildren(ctx context.Context) error {
	first, firstCtx := errgroup.WithContext(ctx)
	if p.runs(Temporal) {
		first.Go(func() error { return p.startChild(firstCtx, p.temporal()) })
	}
	if p.runs(Sandbox) {
		first.Go(func() error { return p.startChild(firstCtx, p.sandbox()) })
	}
	if p.runs(API) {
		first.Go(func() error { return p.migrateAndSeed(firstCtx) })
	}
	if err := first.Wait(); err != nil || !p.runs(API) {
		return err
	}
	second, secondCtx := errgroup.WithContext(ctx)
	second.Go(func() error { return p.startChild(secondCtx, p.worker()) })
	second.Go(func() error { return p.startChild(secondCtx, p.api()) })
	return second.Wait()
}

func (p *Platform) runs(service Service) bool { return slices.Contains(p.opts.Services, service) }

// Env is what a program needs to find the platform: the same variables that
// the platform's own programs get.
func (p *Platform) Env() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.env)
}

func (p *Platform) setEnv(name, value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.env[name] = value
}

// Ports are the ports in use, free ones filled in.
func (p *Platform) Ports() Ports { return p.ports }

// KillChild ends a part with SIGKILL: "postgres", "temporal", "sandbox", "api"
// or "worker". As after any crash it is started again.
func (p *Platform) KillChild(name string) error {
	if name == string(Postgres) {
		return p.postgres.kill()
	}
	child, err := p.child(name)
	if err != nil {
		return err
	}
	return child.kill()
}

// StopChild stops a part and leaves it stopped until RestartChild.
func (p *Platform) StopChild(ctx context.Context, name string) error {
	if name == string(Postgres) {
		return p.postgres.stop(ctx)
	}
	child, err := p.child(name)
	if err != nil {
		return err
	}
	return child.stop(ctx)
}

// RestartChild stops a part in good order, starts it and waits until it answers.
func (p *Platform) RestartChild(ctx context.Context, name string) error {
	if err := p.StopChild(ctx, name); err != nil {
		return err
	}
	if name == string(Postgres) {
		return p.postgres.start(ctx)
	}
	child, err := p.child(name)
	if err != nil {
		return err
	}
	return child.start(ctx)
}

// WaitReady waits until a part answers, after a crash for example.
func (p *Platform) WaitReady(ctx context.Context, name string) error {
	child, err := p.child(name)
	if err != nil {
		return err
	}
	return child.waitReady(ctx)
}

func (p *Platform) child(name string) (*child, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	child, ok := p.children[name]
	if !ok {
		return nil, fmt.Errorf("no %q here, only %v", name, slices.Sorted(maps.Keys(p.children)))
	}
	return child, nil
}

// KillAll ends everything at once with SIGKILL, as a power cut would. The state
// stays: Start over the same StateDir brings the platform back.
func (p *Platform) KillAll() {
	p.stopOnce.Do(func() {
		for _, child := range p.children {
			_ = child.kill()
		}
		if p.postgres != nil {
			p.postgres.abandon()
		}
		for _, child := range p.children {
			_ = child.stop(context.Background())
		}
		if p.redis != nil {
			p.redis.close()
		}
		p.lock.release()
	})
}

// Stop ends everything in order: clients before the servers that they call.
func (p *Platform) Stop(ctx context.Context) error {
	p.stopOnce.Do(func() {
		for _, name := range stopOrder {
			if child, ok := p.children[name]; ok {
				p.stopErr = errors.Join(p.stopErr, child.stop(ctx))
			}
		}
		if p.redis != nil {
			p.redis.close()
		}
		if p.postgres != nil {
			p.stopErr = errors.Join(p.stopErr, p.postgres.stop(ctx))
		}
		p.lock.release()
	})
	return p.stopErr
}
