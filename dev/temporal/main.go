// Command temporal is a whole Temporal cluster in one process, with the web UI,
// kept in PostgreSQL: what `make run` and the end-to-end tests use where a
// deployment has a real cluster. It has a module of its own because the server
// needs other versions of Temporal's libraries than the platform does, and
// because it takes minutes to compile.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/temporal"

	"github.com/boxoffice/boxoffice/dev/temporal/quiet"
)

type options struct {
	postgresURL   string
	frontendPort  int
	uiPort        int
	namespace     string
	codecEndpoint string
	logLevel      string
}

func main() {
	if err := run(parseFlags()); err != nil {
		fmt.Fprintln(os.Stderr, "temporal:", err)
		os.Exit(1)
	}
}

func parseFlags() options {
	var opts options
	flag.StringVar(&opts.postgresURL, "postgres-url", os.Getenv("DATABASE_URL"),
		"PostgreSQL to keep everything in; the role must be allowed to create databases")
	flag.IntVar(&opts.frontendPort, "frontend-port", 7233, "port for workers and clients")
	flag.IntVar(&opts.uiPort, "ui-port", 8233, "port of the web UI")
	flag.StringVar(&opts.namespace, "namespace", "boxoffice", "namespace to register")
	flag.StringVar(&opts.codecEndpoint, "codec-endpoint", "", "where the UI's users may have payloads decrypted")
	flag.StringVar(&opts.logLevel, "log-level", "warn", "debug, info, warn or error")
	flag.Parse()
	return opts
}

func run(opts options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	logger := log.NewZapLogger(quiet.Logger(log.BuildZapLogger(log.Config{Level: opts.logLevel})))
	database, err := parseDatabase(opts.postgresURL)
	if err != nil {
		return err
	}
	if err := migrate(ctx, database, logger); err != nil {
		return err
	}
	if err := registerNamespace(ctx, database, opts.namespace, logger); err != nil {
		return err
	}
	server, err := newServer(opts, database, logger)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	defer stopWithin(3*time.Second, server)

	ui, failed := startUI(opts)
	defer ui.Stop()

	// Without its UI this is half a server: its parent starts it again.
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// stopWithin does not wait longer: the server survives kill -9, so a slow
// goodbye is worth nothing.
func stopWithin(patience time.Duration, server temporal.Server) {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = server.Stop()
	}()
	select {
	case <-stopped:
	case <-time.After(patience):
	}
}
