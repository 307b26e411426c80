// Command boxoffice is every process of the platform: the API, the workers, and
// the commands around them. Besides package dev it is the only place that
// constructs services and hands them to each other.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // theaters run on local time, also in an image without zone files

	"github.com/alecthomas/kong"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/password"
)

type commands struct {
	API         apiCommand         `cmd:"" name:"api" help:"Serve the REST API."`
	Worker      workerCommand      `cmd:"" help:"Run workflows and activities."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the database's schema up to date."`
	Seed        seedCommand        `cmd:"" help:"Load the demo world, with shows from now on. May run any number of times."`
	Import      importCommand      `cmd:"" help:"Load movies, theaters or shows from a file. Goes on where it was stopped."`
	Reconcile   reconcileCommand   `cmd:"" help:"Compare a payment provider's list of one day with our books. The workers do it each day for the day before."`
	Recommend   recommendCommand   `cmd:"" help:"Say how good the recommendations are."`
	Sandbox     sandboxCommand     `cmd:"" help:"Stand in for the payment and messaging vendors."`
	Book        bookCommand        `cmd:"" help:"Book two seats on a running platform: a tour of the API."`
	Keys        keysCommand        `cmd:"" help:"Make the keys of a platform whose vendors are the sandbox, those that are missing, a file each."`
	Healthcheck healthcheckCommand `cmd:"" help:"Find out whether the process beside this one is well; for container engines."`
	OpenAPI     openapiCommand     `cmd:"" name:"openapi" help:"Print the OpenAPI document that the API serves, as JSON."`
	Config      configCommand      `cmd:"" help:"Print every environment variable with its default and meaning."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal asks to finish; a second one, no longer caught, ends.
	context.AfterFunc(ctx, stop)

	chosen := kong.Parse(&commands{},
		kong.Name("boxoffice"),
		kong.Description("Movie tickets. Settings are environment variables: see boxoffice config."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	chosen.FatalIfErrorf(chosen.Run())
}

// load reads the configuration of a process and sets up its log.
func load(process config.Process) (config.Config, *slog.Logger, error) {
	cfg, err := config.Load(process)
	if err != nil {
		return config.Config{}, nil, err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: cfg.LogLevel})).With("process", process)
	slog.SetDefault(log)
	password.Use(password.Cost{Memory: cfg.PasswordMemory, Passes: cfg.PasswordPasses})
	for _, warning := range cfg.Warnings {
		log.Warn(warning)
	}
	return cfg, log, nil
}
