package platform

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	readyTimeout = 90 * time.Second
	gracePeriod  = 12 * time.Second
	firstBackoff = 500 * time.Millisecond
	lastBackoff  = 10 * time.Second
	// A program that ran this long was well; its next crash is a first one.
	wellAfter = 30 * time.Second
)

// child is a program that is started again whenever it ends by itself.
type child struct {
	name     string
	path     string
	args     []string
	env      []string
	logPath  string
	ready    func(context.Context) error
	progress *progress

	mu         sync.Mutex
	supervisor context.CancelFunc // nil when stopped
	done       chan struct{}
	pid        int
	answered   bool    // since the last start
	crashed    error   // the last unwanted end since the last start
	printed    *output // of the last run
}

// startChild starts a program of the platform and waits until it answers.
func (p *Platform) startChild(ctx context.Context, c *child) error {
	p.mu.Lock()
	p.children[c.name] = c
	p.mu.Unlock()
	begun := time.Now()
	if err := c.start(ctx); err != nil {
		return err
	}
	p.progress.printf("%s is up (%s)", c.name, took(begun))
	return nil
}

// start starts the program and waits until it answers. One that ends before it
// ever answered is not tried again.
func (c *child) start(ctx context.Context) error {
	c.mu.Lock()
	if c.supervisor != nil {
		c.mu.Unlock()
		return fmt.Errorf("%s is already running", c.name)
	}
	supervisorCtx, cancel := context.WithCancel(context.Background())
	c.supervisor, c.done, c.crashed, c.answered = cancel, make(chan struct{}), nil, false
	go c.supervise(supervisorCtx, c.done)
	c.mu.Unlock()

	if err := c.waitFirst(ctx); err != nil {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), gracePeriod)
		defer cancel()
		return errors.Join(err, c.stop(stopCtx))
	}
	return nil
}

func (c *child) waitFirst(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := every(50*time.Millisecond, func() {
		if err := c.lastCrash(); err != nil {
			cancel(err)
		}
	})
	defer stop()
	err := c.waitReady(ctx)
	if err == nil {
		err = c.noteAnswer()
	}
	if err != nil {
		return &failure{step: "start " + c.name, cause: err, printed: c.tail(lastLines), logPath: c.logPath}
	}
	return nil
}

func (c *child) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTimeout, fmt.Errorf("not ready after %s", readyTimeout))
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := c.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// supervise runs the program until ctx ends, and again after every crash. One
// that never answered is left to start, which reports it.
func (c *child) supervise(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	backoff := firstBackoff
	for {
		begun := time.Now()
		exited, err := c.spawn()
		if err != nil {
			exited = make(chan error, 1)
			exited <- err
		}
		select {
		case <-ctx.Done():
			c.terminate(exited)
			return
		case err = <-exited:
		}
		if err == nil {
			err = errors.New("it ended by itself")
		}
		if !c.noteCrash(err) {
			return
		}
		if time.Since(begun) > wellAfter {
			backoff = firstBackoff
		}
		c.progress.trouble("%s stopped (%v), starting it again in %s; its log is %s%s", c.name, err, backoff, c.logPath, c.lastWords(backoff))
		select {
		case <-ctx.Done():
			return
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, lastBackoff)
	}
}

// lastWords are printed with the first of several crashes only.
func (c *child) lastWords(backoff time.Duration) string {
	if backoff > firstBackoff {
		return ""
	}
	return "\n" + quoted(c.tail(5))
}

// spawn starts the program. It is started and waited for on one thread, which
// nothing else uses: the kernel ends the child with the thread that started it,
// see prctl(2), PR_SET_PDEATHSIG.
func (c *child) spawn() (chan error, error) {
	printed := openOutput(c.logPath, maxLogMegabytes, oldLogs, func(err error) {
		c.progress.trouble("%s runs, but its log cannot be written: %v", c.name, err)
	})
	c.setOutput(printed)
	cmd := exec.Command(c.path, c.args...)
	cmd.Dir = filepath.Dir(c.logPath)
	cmd.Env = c.env
	cmd.Stdout, cmd.Stderr = printed, printed
	// What it started may hold its output open; that is not waited for.
	cmd.WaitDelay = time.Second
	// Its own group: Ctrl-C in a terminal is for us, who stop it in turn.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithUs(cmd.SysProcAttr)

	started, exited := make(chan error, 1), make(chan error, 1)
	go func() {
		defer printed.Close()
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			exited <- ended(cmd.Wait())
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	c.setPid(cmd.Process.Pid)
	return exited, nil
}

func ended(err error) error {
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

func (c *child) terminate(exited <-chan error) {
	_ = c.signal(syscall.SIGTERM)
	select {
	case err := <-exited:
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Exited() {
			c.progress.trouble("%s was told to stop and ended with %v; its log is %s\n%s", c.name, err, c.logPath, quoted(c.tail(5)))
		}
	case <-time.After(gracePeriod):
		c.progress.trouble("%s did not stop within %s and is killed; its log is %s", c.name, gracePeriod, c.logPath)
		_ = c.signal(syscall.SIGKILL)
		<-exited
	}
	c.setPid(0)
}

// stop ends the program and its supervision.
func (c *child) stop(ctx context.Context) error {
	c.mu.Lock()
	cancel, done := c.supervisor, c.done
	c.supervisor = nil
	c.mu.Unlock()
	if cancel == nil {
		return nil
	}
	cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop %s: %w", c.name, ctx.Err())
	}
}

// kill ends the program as a crash would.
func (c *child) kill() error { return c.signal(syscall.SIGKILL) }

func (c *child) signal(signal syscall.Signal) error {
	pid := c.process()
	if pid == 0 { // to kill(2), 0 would mean all of our own group
		return fmt.Errorf("%s is not running", c.name)
	}
	return syscall.Kill(pid, signal)
}

func (c *child) process() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pid
}

func (c *child) setPid(pid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pid = pid
}

// noteCrash says whether the program had answered before.
func (c *child) noteCrash(err error) (answered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.crashed, c.pid = err, 0
	return c.answered
}

// noteAnswer fails when the program ended right after it answered: then nothing
// starts it again.
func (c *child) noteAnswer() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = c.crashed == nil
	return c.crashed
}

func (c *child) setOutput(printed *output) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.printed = printed
}

// tail is what the program printed last in its last run.
func (c *child) tail(lines int) string {
	c.mu.Lock()
	printed := c.printed
	c.mu.Unlock()
	if printed == nil {
		return ""
	}
	return printed.tail(lines)
}

func (c *child) lastCrash() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.crashed
}

// every calls f again and again until the returned function is called.
func every(interval time.Duration, f func()) (stop func()) {
	ticker := time.NewTicker(interval)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				f()
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done) }
}

func took(begun time.Time) string {
	return time.Since(begun).Round(100 * time.Millisecond).String()
}
