package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

const (
	// reachWithin is how long a replica may take to give a connection.
	reachWithin = 250 * time.Millisecond
	// replyWithin is how long it may take to answer. The primary is asked
	// afterwards, within what is left of the request's own time.
	replyWithin = 2 * time.Second
)

// Replica is a standby of the primary that takes reads off it: those that may be
// a moment late, never those that decide. It is in use while its user says so
// (Use) and it answers; a read that fails on it runs again on the primary, so
// that a replica that goes away costs time and no read.
type Replica struct {
	pool *pgxpool.Pool
	log  *slog.Logger
	used atomic.Bool
}

// OpenReplica prepares connections to a standby without waiting for it: a
// standby that is away keeps no process from starting. Nothing is read there before
// Use. Its sessions are read only, should the address be that of a server that
// takes writes.
func OpenReplica(ctx context.Context, url string, log *slog.Logger, opts ...Option) (*Replica, error) {
	config, err := poolConfig(url, opts)
	if err != nil {
		return nil, fmt.Errorf("replica: %w", err)
	}
	config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the replica's pool: %w", err)
	}
	return &Replica{pool: pool, log: log}, nil
}

// Pool asks the replica itself, in use or not.
func (r *Replica) Pool() *pgxpool.Pool { return r.pool }

// InUse tells whether reads go there.
func (r *Replica) InUse() bool { return r.used.Load() }

// Use sends reads to the replica, or to the primary; why is for the log.
func (r *Replica) Use(use bool, why string) {
	if r.used.Swap(use) == use {
		return
	}
	if use {
		r.log.Info("reads go to the replica", "why", why)
		return
	}
	r.log.Warn("reads go to the primary instead of the replica", "why", why)
}

// Ready says whether reads go to the replica, for readiness reports: without it
// everything works.
func (r *Replica) Ready(context.Context) error {
	if !r.InUse() {
		return errors.New("the replica is not in use: reads go to the primary")
	}
	return nil
}

// Close gives the connections back.
func (r *Replica) Close() { r.pool.Close() }

// Reading is a view for reads that may be a moment late: its Bun asks the
// replica while that is in use, one statement at a time, and else the primary.
// Its Pool is the primary's. It is not to be closed; what it is made of is.
func (db *DB) Reading(replica *Replica) *DB {
	if replica == nil {
		return db
	}
	view := sql.OpenDB(readConnector{primary: inlineConnector{pool: db.Pool}, replica: replica})
	view.SetMaxIdleConns(0)
	return &DB{Pool: db.Pool, Bun: bun.NewDB(view, pgdialect.New(), newerSchema)}
}

// readConnector chooses the server for each statement.
type readConnector struct {
	primary inlineConnector
	replica *Replica
}

// Connect implements driver.Connector.
func (c readConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if c.replica.InUse() {
		reaching, cancel := context.WithTimeout(ctx, reachWithin)
		defer cancel()
		conn, err := inlineConnector{pool: c.replica.pool}.Connect(reaching)
		if err == nil {
			return replicaConn{inlineConn: conn.(inlineConn), replica: c.replica}, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		c.replica.Use(false, err.Error())
	}
	return c.primary.Connect(ctx)
}

// Driver implements driver.Connector.
func (c readConnector) Driver() driver.Driver { return c.primary.Driver() }

// replicaConn reads every answer to its end before it gives the first row. What
// fails midway, as a query does that conflicts with what the standby replays,
// can then still be asked elsewhere.
type replicaConn struct {
	inlineConn
	replica *Replica
}

// QueryContext implements driver.QueryerContext. ErrBadConn makes database/sql
// try again, with a new connection: now the primary's.
func (c replicaConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	asking, cancel := context.WithTimeout(ctx, replyWithin)
	defer cancel()
	rows, err := c.inlineConn.QueryContext(asking, query, args)
	if err == nil {
		var read *readRows
		if read, err = readToEnd(rows); err == nil {
			return read, nil
		}
	}
	if ctx.Err() != nil || sameOnPrimary(err) {
		return nil, err
	}
	c.replica.Use(false, err.Error())
	return nil, driver.ErrBadConn
}

// sameOnPrimary knows the errors that are the statement's own: data that does
// not fit (class 22), and a write (25006), which has no business here. All
// others may be the standby's alone, an unknown column included: a migration
// may not have arrived yet.
func sameOnPrimary(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (strings.HasPrefix(refused.Code, "22") || refused.Code == "25006")
}

// readRows is an answer in memory.
type readRows struct {
	columns []string
	rows    [][]driver.Value
}

func readToEnd(rows driver.Rows) (*readRows, error) {
	read := &readRows{columns: slices.Clone(rows.Columns())}
	for {
		row := make([]driver.Value, len(read.columns))
		err := rows.Next(row)
		if errors.Is(err, io.EOF) {
			return read, rows.Close()
		}
		if err != nil {
			_ = rows.Close() // it repeats the error
			return nil, err
		}
		for i, value := range row {
			if raw, ok := value.([]byte); ok { // the driver's until the next row
				row[i] = slices.Clone(raw)
			}
		}
		read.rows = append(read.rows, row)
	}
}

// Columns implements driver.Rows.
func (r *readRows) Columns() []string { return r.columns }

// Close implements driver.Rows.
func (r *readRows) Close() error { return nil }

// Next implements driver.Rows.
func (r *readRows) Next(dest []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(dest, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}
