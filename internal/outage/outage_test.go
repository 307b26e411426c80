package outage_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/internal/outage"
)

// unsent is what pgx says of a connection that was closed before it was used.
type unsent struct{}

func (unsent) Error() string     { return "conn closed" }
func (unsent) SafeToRetry() bool { return true }

func TestOutagesAreNoBugs(t *testing.T) {
	t.Parallel()
	for away, errs := range map[bool][]error{
		true: {
			driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, context.DeadlineExceeded, unsent{},
			&net.OpError{Op: "dial", Err: errors.New("connection refused")},
			&pgconn.PgError{Code: "08006"}, &pgconn.PgError{Code: "40P01"}, &pgconn.PgError{Code: "53300"},
			&pgconn.PgError{Code: "55P03"}, &pgconn.PgError{Code: "57P01"}, &pgconn.PgError{Code: "57014"}, &pgconn.PgError{Code: "58030"},
		},
		false: {
			nil, errors.New("a bug"), sql.ErrTxDone, &pgconn.PgError{Code: "42703"}, &pgconn.PgError{Code: "23505"}, &pgconn.PgError{Code: "55000"},
		},
	} {
		for _, err := range errs {
			assert.Equal(t, away, outage.Is(err), "%v", err)
			if err != nil {
				assert.Equal(t, away, outage.Is(fmt.Errorf("begin a session: %w", err)), "%v", err)
			}
		}
	}
}
