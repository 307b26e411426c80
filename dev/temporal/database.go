package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/iancoleman/strcase"
	"github.com/jmoiron/sqlx"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql/driver"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// The server keeps what it must not lose and what it searches in two databases.
const (
	mainDatabase       = "temporal"
	visibilityDatabase = "temporal_visibility"
)

var schemas = map[string]string{
	mainDatabase:       "postgresql/v12/temporal",
	visibilityDatabase: "postgresql/v12/visibility",
}

// database is an address without the name of a database.
type database struct{ url url.URL }

func parseDatabase(address string) (database, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.User == nil {
		// The address may hold a password: it stays out of the message.
		return database{}, fmt.Errorf("--postgres-url must look like postgres://user:password@host:port/database")
	}
	if parsed.Port() == "" {
		parsed.Host = net.JoinHostPort(parsed.Hostname(), "5432")
	}
	return database{url: *parsed}, nil
}

func (d database) named(name string) string {
	u := d.url
	u.Path = "/" + name
	return u.String()
}

// config describes one database to the server. Every one of its four services
// opens pools of its own, so what an idle pool keeps open counts fourfold:
// unused connections are closed soon.
func (d database) config(name string, maxConnections int) *config.SQL {
	password, _ := d.url.User.Password()
	attributes := map[string]string{}
	for key, values := range d.url.Query() {
		attributes[key] = values[0]
	}
	return &config.SQL{
		PluginName:        postgresql.PluginNamePGX,
		DatabaseName:      name,
		ConnectAddr:       d.url.Host,
		ConnectProtocol:   "tcp",
		User:              d.url.User.Username(),
		Password:          password,
		ConnectAttributes: attributes,
		// The name is not always ours: to create a database one connects to another.
		Connect: func(cfg *config.SQL) (*sqlx.DB, error) {
			pool, err := (&driver.PGXDriver{}).CreateConnection(d.named(cfg.DatabaseName))
			if err != nil {
				return nil, err
			}
			pool.SetMaxOpenConns(maxConnections)
			pool.SetMaxIdleConns(maxConnections)
			pool.SetConnMaxIdleTime(20 * time.Second)
			pool.MapperFunc(strcase.ToSnake) // the server's own naming of columns
			return pool, nil
		},
	}
}

// migrate creates both databases and brings their tables to the version that
// this server wants. Doing it again changes nothing, also when the last time
// was interrupted.
func migrate(ctx context.Context, d database, logger log.Logger) error {
	for name, schemaName := range schemas {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := sql.DoCreateDatabase(d.config(name, 1), "postgres", logger); err != nil {
			return fmt.Errorf("create database %s: %w", name, err)
		}
		if err := migrateOne(d.config(name, 1), schemaName, logger); err != nil {
			return fmt.Errorf("migrate database %s: %w", name, err)
		}
	}
	return nil
}

func migrateOne(cfg *config.SQL, schemaName string, logger log.Logger) error {
	conn, err := sql.NewConnection(cfg, logger)
	if err != nil {
		return err
	}
	defer conn.Close()
	if version, err := conn.ReadSchemaVersion(); err != nil || version == "" {
		setup := &schema.SetupConfig{InitialVersion: "0.0"}
		if err := schema.NewSetupSchemaTask(conn, setup, logger).Run(); err != nil {
			return err
		}
	}
	return schema.NewUpdateSchemaTask(conn, &schema.UpdateConfig{SchemaName: schemaName}, logger).Run()
}
