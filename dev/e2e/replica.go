package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Replica is one more process of the API, beside the platform's own, on the same
// database and Temporal: a test may kill it without disturbing others, or make it sell
// under other rules.
type Replica struct {
	Address string

	world *World
	name  string
	env   map[string]string
	mu    sync.Mutex
	cmd   *exec.Cmd
	ended context.Context
}

// NewReplica starts a replica whose environment differs as given.
func (w *World) NewReplica(ctx context.Context, name string, env map[string]string) (*Replica, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, err
	}
	r := &Replica{Address: "http://" + address, world: w, name: "api-" + name, env: map[string]string{"API_ADDR": address}}
	for key, value := range env {
		r.env[key] = value
	}
	return r, r.Start(ctx)
}

// Start starts the process and waits until it answers.
func (r *Replica) Start(ctx context.Context) error {
	log, err := r.world.replicaLog(r.name)
	if err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(r.world.opts.Root, ".boxoffice", "bin", "boxoffice"), "api")
	cmd.Dir = r.world.opts.StateDir
	cmd.Stdout, cmd.Stderr = log, log
	for name, value := range r.world.env {
		if _, changed := r.env[name]; !changed {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	for name, value := range r.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	ended, err := run(cmd)
	if err != nil {
		return fmt.Errorf("start %s: %w", r.name, err)
	}
	context.AfterFunc(ended, func() { _ = log.Close() })
	r.mu.Lock()
	r.cmd, r.ended = cmd, ended
	r.mu.Unlock()
	return r.awaitReady(ctx, ended)
}

// run starts a program that ends when our process ends, for any reason. The starting thread
// must live as long: for the kernel the thread is the parent, see prctl(2),
// PR_SET_PDEATHSIG.
func run(cmd *exec.Cmd) (ended context.Context, err error) {
	dieWithUs(cmd)
	ended, end := context.WithCancel(context.Background())
	started := make(chan error, 1)
	go func() {
		defer end()
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	return ended, <-started
}

func (r *Replica) awaitReady(ctx context.Context, ended context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := send(ctx, request{method: http.MethodGet, address: r.Address + "/readyz"}, nil)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ended.Done():
			return fmt.Errorf("%s ended; its log is in %s", r.name, r.world.Logs())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s is not ready", r.name), err)
		}
	}
}

// Kill ends the process as a crash would, and waits until its port is free.
func (r *Replica) Kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd != nil {
		_ = r.cmd.Process.Kill()
		<-r.ended.Done()
		r.cmd = nil
	}
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// within tells whether a show is in scope; no scope is all of them.
func within(shows []string, show string) bool {
	return len(shows) == 0 || strings.Contains(strings.Join(shows, " "), show)
}
