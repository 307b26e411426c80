package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/dev/platform"
)

type upCommand struct {
	Port         int `help:"Port of the API." env:"BOXOFFICE_PORT" default:"8080"`
	TemporalPort int `help:"Port of Temporal." env:"TEMPORAL_PORT" default:"7233"`
	UIPort       int `help:"Port of the Temporal UI." env:"TEMPORAL_UI_PORT" default:"8233"`
	SandboxPort  int `help:"Port of the vendors' sandbox." env:"SANDBOX_PORT" default:"8090"`
	PostgresPort int `help:"Port of Postgres; 0 keeps a free one." env:"POSTGRES_PORT" default:"0"`
	RedisPort    int `help:"Port of Redis; 0 keeps a free one." env:"REDIS_PORT" default:"0"`
}

func (up upCommand) Run(ctx context.Context, commands *cli) error {
	begun := time.Now()
	env := given()
	running, err := platform.Start(ctx, platform.Options{
		Root:     commands.Root,
		StateDir: stateDir(commands.Root),
		Durable:  true,
		Env:      env,
		Progress: os.Stdout,
		Ports: platform.Ports{
			API: up.Port, Temporal: up.TemporalPort, TemporalUI: up.UIPort,
			Sandbox: up.SandboxPort, Postgres: up.PostgresPort, Redis: up.RedisPort,
		},
	})
	if err != nil {
		if ctx.Err() != nil {
			fmt.Printf("\nStopped before everything was up: %v\n", err)
			return nil
		}
		return err
	}
	logins, err := running.Logins(ctx)
	if err != nil { // without them the platform is as good
		fmt.Println("\n" + err.Error())
	}
	fmt.Print(banner(running, logins, env, time.Since(begun)))

	<-ctx.Done()
	fmt.Println("\nStopping. Bookings under way go on at the next start.")
	stopCtx, cancel := context.WithTimeout(context.Background(), 45*time.Second)
	defer cancel()
	return running.Stop(stopCtx)
}

func banner(running *platform.Platform, logins []platform.Login, env map[string]string, took time.Duration) string {
	address := func(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
	ports := running.Ports()

	var b strings.Builder
	line := strings.Repeat("─", 64)
	row := func(name, value string) { fmt.Fprintf(&b, "  %-16s %s\n", name, value) }
	fmt.Fprintf(&b, "\n%s\n  Boxoffice is open (%.1f s)\n\n", line, took.Seconds())
	row("App", platform.PublicURL(ports.API))
	row("API, explained", platform.PublicURL(ports.API)+"/docs")
	row("Temporal UI", address(ports.TemporalUI)+"/namespaces/"+platform.Namespace)
	row("Vendors' sandbox", address(ports.Sandbox))
	row("Messages sent", address(ports.Sandbox)+"/inbox")
	row("Documents", documentsIn(env))
	for _, vendor := range []struct{ key, name string }{
		{"STRIPE_SECRET_KEY", "Stripe"}, {"SENDGRID_API_KEY", "SendGrid"}, {"TWILIO_AUTH_TOKEN", "Twilio"},
	} {
		if env[vendor.key] != "" {
			row(vendor.name, "the real one, with the keys in the environment")
		}
	}
	if len(logins) > 0 {
		fmt.Fprint(&b, "\n  Log in as\n")
		for _, login := range logins {
			row(login.Role, login.Email+"  "+login.Password)
		}
	}
	fmt.Fprintf(&b, "\n  make book makes a booking. Logs are in .boxoffice/logs.\n  Ctrl-C stops everything.\n%s\n", line)
	return b.String()
}

// documentsIn names the store of documents, as the program chooses it.
func documentsIn(env map[string]string) string {
	switch {
	case env["MONGODB_URL"] != "":
		return "the MongoDB in MONGODB_URL"
	case env["DOCUMENTS_URL"] != "":
		return "Postgres schema documents, at DOCUMENTS_URL"
	default:
		return "Postgres schema documents"
	}
}
