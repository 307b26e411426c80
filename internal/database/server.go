package database

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// errServerReplaced says that the server's files were replaced while it runs, as
// an upgrade of its package does. What it has not loaded yet, PL/pgSQL above
// all, does not fit it any more; sessions that are open go on.
var errServerReplaced = errors.New("PostgreSQL's files were replaced while the server runs (the server's version changed): start the server again, then repeat this")

// explainServer turns the ways in which a server fails that was upgraded while it
// runs into errServerReplaced.
func explainServer(err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	for _, complaint := range []string{"could not load library", "incompatible library", "could not access file \"$libdir/"} {
		if strings.Contains(refused.Message, complaint) {
			return fmt.Errorf("%w\n%w", errServerReplaced, err)
		}
	}
	return err
}

// tryPLpgSQL makes the session load what every function of ours needs.
func tryPLpgSQL(ctx context.Context, db executor) error {
	if _, err := db.Exec(ctx, `DO 'BEGIN END'`); err != nil {
		return fmt.Errorf("try PL/pgSQL: %w", explainServer(err))
	}
	return nil
}
