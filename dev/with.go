package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/boxoffice/boxoffice/dev/platform"
)

type withCommand struct {
	Only    []platform.Service `help:"Parts to run: ${enum}. Without it, all." enum:"postgres,redis,temporal,sandbox,platform"`
	Verbose bool               `help:"Print what is being started." short:"v"`
	Command []string           `arg:"" passthrough:"" help:"The command, after --."`
}

// Run gives the command everything it needs to find the parts in its
// environment, and its exit code becomes ours.
func (with withCommand) Run(ctx context.Context, commands *cli) error {
	dir, err := os.MkdirTemp("", "boxoffice-with-")
	if err != nil {
		return fmt.Errorf("make a directory for the throwaway state: %w", err)
	}
	defer os.RemoveAll(dir)
	// Postgres, which does not run as root, has to get through.
	if err := os.Chmod(dir, 0o711); err != nil {
		return err
	}
	opts := platform.Options{Root: commands.Root, StateDir: dir, Services: with.Only}
	if with.Verbose {
		opts.Progress = os.Stderr
	}
	running, err := platform.Start(ctx, opts)
	if err != nil {
		return err
	}
	err = with.run(ctx, running.Env())

	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 45*time.Second)
	defer cancel()
	return errors.Join(err, running.Stop(stopCtx))
}

func (with withCommand) run(ctx context.Context, env map[string]string) error {
	args := with.Command
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return errors.New("no command given: boxoffice-dev with -- command arguments…")
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
	return cmd.Run()
}
