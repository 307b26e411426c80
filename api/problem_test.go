package api

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/booking"
)

// unsent is what pgx says of a connection that was closed before it was used.
type unsent struct{}

func (unsent) Error() string     { return "conn closed" }
func (unsent) SafeToRetry() bool { return true }

// A dependency that is away asks the client to come back; only a bug of ours is a 500.
func TestOutagesAreNoBugs(t *testing.T) {
	t.Parallel()
	for status, errs := range map[int][]error{
		http.StatusServiceUnavailable: {
			driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, context.DeadlineExceeded, unsent{},
			&net.OpError{Op: "dial", Err: errors.New("connection refused")},
			&pgconn.PgError{Code: "08006"}, &pgconn.PgError{Code: "40P01"}, &pgconn.PgError{Code: "53300"},
			&pgconn.PgError{Code: "55P03"}, &pgconn.PgError{Code: "57P01"}, &pgconn.PgError{Code: "57014"}, &pgconn.PgError{Code: "58030"},
		},
		http.StatusInternalServerError: {
			errors.New("a bug"), sql.ErrTxDone, &pgconn.PgError{Code: "42703"}, &pgconn.PgError{Code: "23505"}, &pgconn.PgError{Code: "55000"},
		},
	} {
		for _, err := range errs {
			document, kind := problemOf(fmt.Errorf("begin a session: %w", err))
			assert.Equal(t, status, kind.status, "%v", err)
			assert.Equal(t, status, document.Status)
			if status == http.StatusServiceUnavailable {
				assert.Equal(t, booking.CodeUnavailable, document.Code)
				assert.NotEmpty(t, kind.retryAfter, "it says when to come back")
			}
			assert.NotContains(t, document.Detail, "session")
		}
	}
}
