package platform

import (
	"context"
	"fmt"
	"io"
	"os/exec"
)

// step is a program that runs to its end, on the way to the platform.
type step struct {
	name    string // what is being done, for people
	logPath string
	command *exec.Cmd
	// stdout, if not nil, gets the standard output instead of the log.
	stdout io.Writer
}

// run runs the program. The error names the step, and has the program's last
// lines and the path of its log.
func (s step) run(ctx context.Context) error {
	printed, err := newOutput(s.logPath)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer printed.Close()
	s.command.Stdout, s.command.Stderr = printed, printed
	if s.stdout != nil {
		s.command.Stdout = s.stdout
	}
	err = s.command.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil: // we ended it; that it was killed says nothing
		return fmt.Errorf("%s: %w", s.name, context.Cause(ctx))
	default:
		return &failure{step: s.name, cause: err, printed: printed.tail(lastLines), logPath: s.logPath}
	}
}
