// Command dev runs the whole of Boxoffice on this machine, for developers and
// for tests. The work is done by package platform.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/boxoffice/boxoffice/dev/platform"
)

type cli struct {
	Root string `help:"The repository." default:"${root}" type:"existingdir"`

	Up    upCommand    `cmd:"" default:"1" help:"Run the platform until Ctrl-C. State is kept in .boxoffice."`
	Down  downCommand  `cmd:"" help:"Stop the platform that runs in another terminal, or what a killed one left."`
	Build buildCommand `cmd:"" help:"Build the Temporal server, if its sources changed."`
	With  withCommand  `cmd:"" help:"Run a command with parts of a throwaway platform, which its environment names."`

	// exitCode is that of the command that With has run.
	exitCode int
}

func main() {
	var commands cli
	program := kong.Parse(&commands,
		kong.Name("boxoffice-dev"),
		kong.Description("The whole of Boxoffice on one machine."),
		kong.Vars{"root": repository()},
		kong.UsageOnError(),
	)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	program.BindTo(ctx, (*context.Context)(nil))
	if err := program.Run(&commands); err != nil {
		fmt.Fprintln(os.Stderr, "\n"+err.Error())
		os.Exit(max(commands.exitCode, 1))
	}
	os.Exit(commands.exitCode)
}

// repository is the nearest directory above that holds the platform's schema.
func repository() string {
	dir, err := os.Getwd()
	if err != nil {
		return "."
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "schema", "migrations")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "."
		}
		dir = parent
	}
}

func stateDir(root string) string { return filepath.Join(root, ".boxoffice") }

// given picks what a developer may decide about the platform's programs: the
// servers to use and the vendors' real accounts. Other variables may speak of
// another platform.
func given() map[string]string {
	env := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		for _, prefix := range []string{"DATABASE_URL", "DATABASE_READ_URL", "DOCUMENTS_URL", "MONGODB_URL", "REDIS_URL", "PUBLIC_URL", "STRIPE_", "SENDGRID_", "TWILIO_"} {
			if strings.HasPrefix(name, prefix) && value != "" {
				env[name] = value
			}
		}
	}
	return env
}

type downCommand struct{}

func (downCommand) Run(ctx context.Context, commands *cli) error {
	return platform.StopRunning(ctx, stateDir(commands.Root), os.Stdout)
}

type buildCommand struct{}

func (buildCommand) Run(ctx context.Context, commands *cli) error {
	return platform.BuildTemporal(ctx, commands.Root, os.Stdout)
}
