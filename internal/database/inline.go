package database

import (
	"context"
	"database/sql/driver"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// inlineConnector gives database/sql the pool's connections for statements whose
// arguments are written into their text, as bun does. Each such text is new, so
// preparing it (the pool's default) would cost a round trip and push the hot
// statements out of the connection's cache.
type inlineConnector struct{ pool *pgxpool.Pool }

// Connect implements driver.Connector.
func (c inlineConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := stdlib.GetPoolConnector(c.pool).Connect(ctx)
	if err != nil {
		return nil, err
	}
	return inlineConn{conn.(*stdlib.Conn)}, nil
}

// Driver implements driver.Connector.
func (c inlineConnector) Driver() driver.Driver { return stdlib.GetDefaultDriver() }

type inlineConn struct{ *stdlib.Conn }

// QueryContext runs a query without preparing it. Statements that return no rows
// need no such help: pgx sends those without arguments as they are.
func (c inlineConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	mode := driver.NamedValue{Value: pgx.QueryExecModeExec}
	return c.Conn.QueryContext(ctx, query, append([]driver.NamedValue{mode}, args...))
}
