// Package database opens the connection pool that everything shares, puts bun
// on top of it, and brings the schema up to date. It knows no table: queries
// live with the service that needs them, models in package schema.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// openTimeout bounds the first answer of the server, so that a wrong address
// fails at the start and not with the first customer.
const openTimeout = 10 * time.Second

// DB is one connection pool seen in two ways. Hot statements use Pool; bun
// writes the ones that are built from parts. A transaction belongs to the side
// that began it.
type DB struct {
	Pool *pgxpool.Pool
	Bun  *bun.DB
}

// Option changes how Open sets up the pool.
type Option func(*pgxpool.Config)

// WithMaxConns caps the pool. Several processes share the server's
// max_connections, so that the sum has to fit.
func WithMaxConns(n int32) Option {
	return func(c *pgxpool.Config) { c.MaxConns = n }
}

// WithName sets application_name, by which pg_stat_activity tells who is
// connected.
func WithName(name string) Option {
	return func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["application_name"] = name }
}

// WithTracer observes every statement.
func WithTracer(tracer pgx.QueryTracer) Option {
	return func(c *pgxpool.Config) { c.ConnConfig.Tracer = tracer }
}

// WithSchema makes a schema the home of all tables that a statement names without one, and
// sees no other: for what MigrateApart migrates.
func WithSchema(name string) Option {
	return func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["search_path"] = name }
}

// newerSchema: while a release is rolled out, processes of the release before read tables
// that have more columns than they know.
var newerSchema = bun.WithDiscardUnknownColumns()

// Open connects to Postgres and makes sure that it answers. The pool_*
// parameters of pgxpool in the URL win over the defaults, options over both.
func Open(ctx context.Context, url string, opts ...Option) (*DB, error) {
	db, err := OpenLater(ctx, url, opts...)
	if err != nil {
		return nil, err
	}

	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := db.Ping(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// OpenLater is Open for a database that the process can do without: it connects with the
// first statement, so that one that is away keeps no process from starting.
func OpenLater(ctx context.Context, url string, opts ...Option) (*DB, error) {
	config, err := poolConfig(url, opts)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database pool: %w", err)
	}
	return &DB{Pool: pool, Bun: bun.NewDB(openSQL(pool), pgdialect.New(), newerSchema)}, nil
}

func poolConfig(url string, opts []Option) (*pgxpool.Config, error) {
	if url == "" {
		return nil, errors.New("no database address")
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database address: %w", err) // pgx leaves the password out
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = int32(max(16, 4*runtime.NumCPU()))
	}
	if _, named := config.ConnConfig.RuntimeParams["application_name"]; !named {
		config.ConnConfig.RuntimeParams["application_name"] = "boxoffice"
	}
	// A process that was cut off in the middle of a transaction must not keep
	// its row locks until TCP notices.
	if _, set := config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"]; !set {
		config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "20s"
	}
	config.MaxConnLifetimeJitter = 5 * time.Minute
	config.AfterConnect = readTimesAsUTC
	for _, opt := range opts {
		opt(config)
	}
	return config, nil
}

// readTimesAsUTC spares every reader of a timestamptz the conversion from the
// machine's own zone.
func readTimesAsUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name:  "timestamptz",
		OID:   pgtype.TimestamptzOID,
		Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// Ping asks the server for a sign of life.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.Pool.Ping(ctx); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	return nil
}

// Close gives every connection back and waits for those in use.
func (db *DB) Close() {
	// The pool owns the connections: closing the view on them cannot fail.
	_ = db.Bun.Close()
	db.Pool.Close()
}

func openSQL(pool *pgxpool.Pool) *sql.DB {
	view := sql.OpenDB(inlineConnector{pool: pool})
	// Idle connections wait in the pool, where both views find them.
	view.SetMaxIdleConns(0)
	return view
}

// Identity tells this database from every other one, and is the same on its
// standbys: caches that several databases share must not mix them up.
func (db *DB) Identity(ctx context.Context) (string, error) {
	var identity string
	err := db.Pool.QueryRow(ctx, `SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' ||
		(SELECT oid FROM pg_database WHERE datname = current_database())::text`).Scan(&identity)
	if err != nil {
		return "", fmt.Errorf("read the identity of the database: %w", err)
	}
	return identity, nil
}
