package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/catalog/demo"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/database"
)

type migrateCommand struct {
	OwnFunctions bool `help:"Put this version's SQL functions back where a newer version has replaced them. Always so in dev."`
}

// Run brings the schema up to date.
func (c *migrateCommand) Run(ctx context.Context) error {
	cfg, _, err := load(config.Migrate)
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, cfg.DatabaseURL, database.WithName("boxoffice migrate"))
	if err != nil {
		return err
	}
	defer db.Close()
	opts := []database.MigrateOption{
		database.WithLockTimeout(cfg.MigrateLockTimeout),
		database.WithStatementTimeout(cfg.MigrateStatementTimeout),
		database.WithPatience(cfg.MigratePatience),
	}
	if c.OwnFunctions || cfg.Dev() {
		// A developer changes between versions in both directions, and runs one at a time.
		opts = append(opts, database.WithOwnFunctions())
	}
	if err := database.Migrate(ctx, db, printStep, opts...); err != nil {
		return err
	}
	return migrateDocuments(ctx, cfg, opts...)
}

type seedCommand struct {
	Days        int  `default:"7" help:"How many days of shows, today included."`
	PrintLogins bool `help:"Only print the demo logins, one JSON object a line."`
	Force       bool `help:"Load it outside of dev too. Everybody knows the passwords of the demo logins."`
}

// Run loads the demo world.
func (c *seedCommand) Run(ctx context.Context) error {
	if c.PrintLogins {
		return printLogins()
	}
	cfg, _, err := load(config.Seed)
	if err != nil {
		return err
	}
	if !cfg.Dev() && !c.Force {
		return errors.New("the demo world has logins whose passwords everybody knows, one of them an administrator's: set BOXOFFICE_ENV=dev, or add --force if you mean it")
	}
	if c.Days < 1 || c.Days > 60 {
		return fmt.Errorf("--days is %d: choose between 1 and 60", c.Days)
	}
	now := time.Now()
	if err := catalog.CheckCharges(now, c.Days, charging); err != nil {
		return fmt.Errorf("the demo world's prices: %w", err)
	}
	db, err := database.Open(ctx, cfg.DatabaseURL, database.WithName("boxoffice seed"))
	if err != nil {
		return err
	}
	defer db.Close()
	if err := database.CheckMigrated(ctx, db); err != nil {
		return err
	}
	if err := catalog.SeedFor(ctx, db, now, c.Days, printStep); err != nil {
		return err
	}
	return seedHouse(ctx, cfg, db, c.Days, printStep)
}

func printLogins() error {
	lines := json.NewEncoder(os.Stdout)
	for _, login := range demo.Logins() {
		if err := lines.Encode(map[string]string{"role": login.Role, "email": login.Email, "password": login.Password}); err != nil {
			return fmt.Errorf("print the logins: %w", err)
		}
	}
	return nil
}

func printStep(step string) { fmt.Println(step) }
