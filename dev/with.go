package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/dev/platform"
)

type withCommand struct {
	Only    []platform.Service `help:"Parts to run: ${enum}. Without it, all." enum:"postgres,redis,temporal,sandbox,platform"`
	Verbose bool               `help:"Print what is being started." short:"v"`
	Command []string           `arg:"" passthrough:"" help:"The command, after --."`
}

// Run gives the command everything it needs to find the parts in its
// environment, and its exit code becomes ours, without a message: the command has printed
// its own.
func (with withCommand) Run(ctx context.Context, commands *cli) (err error) {
	dir, err := os.MkdirTemp("", "boxoffice-with-")
	if err != nil {
		return fmt.Errorf("make a directory for the throwaway state: %w", err)
	}
	trouble := &noted{to: os.Stderr}
	defer func() {
		if keepLogs := err != nil || trouble.written.Load(); keepLogs {
			err = errors.Join(err, removeAllBut(dir, "logs"))
		} else {
			err = os.RemoveAll(dir)
		}
	}()
	// Postgres, which does not run as root, has to get through.
	if err := os.Chmod(dir, 0o711); err != nil {
		return err
	}
	opts := platform.Options{Root: commands.Root, StateDir: dir, Services: with.Only, Trouble: trouble}
	if with.Verbose {
		opts.Progress = os.Stderr
	}
	running, err := platform.Start(ctx, opts)
	if err != nil {
		return err
	}
	commands.exitCode, err = with.run(ctx, running.Env())

	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 45*time.Second)
	defer cancel()
	if stopErr := running.Stop(stopCtx); stopErr != nil {
		err = errors.Join(err, fmt.Errorf("stop the throwaway platform: %w", stopErr))
	}
	return err
}

// run runs the command. An error means that it could not be run; how it ended
// is the exit code, and a shell's 128 more than the signal that killed it.
func (with withCommand) run(ctx context.Context, env map[string]string) (exitCode int, err error) {
	args := with.Command
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 0, errors.New("no command given: boxoffice-dev with -- command arguments…")
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	// In a terminal Ctrl-C has reached it as well; it gets its time to end.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second

	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case !errors.As(err, &exit):
		return 0, err
	case exit.Exited():
		return exit.ExitCode(), nil
	default:
		return 128 + int(exit.Sys().(syscall.WaitStatus).Signal()), nil
	}
}

// noted remembers that something was written.
type noted struct {
	to      io.Writer
	written atomic.Bool
}

func (n *noted) Write(p []byte) (int, error) {
	n.written.Store(true)
	return n.to.Write(p)
}

// removeAllBut empties a directory except for one entry: what an error message
// has pointed to is still there to be read.
func removeAllBut(dir, kept string) error {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		if entry.Name() != kept {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, entry.Name())))
		}
	}
	return err
}
