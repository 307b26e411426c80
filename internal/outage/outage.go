// Package outage tells a dependency that is away for a moment from a fault of ours or of
// a request. It knows the errors of the standard library and of Postgres.
//
// What does not live here: what to answer then, and how often to try again.
package outage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
)

// lockTimeout is one state of class 55, whose others are faults of a statement.
const lockTimeout = "55P03"

// passing lists the classes of SQLSTATE that say nothing about the request (PostgreSQL,
// appendix A): connection lost (08), transaction rolled back (40), out of resources (53),
// operator intervention, such as a shutdown or a time limit (57), system error (58).
var passing = []string{"08", "40", "53", "57", "58", lockTimeout}

// Is tells whether an error says that a dependency is away: a connection that fails or
// was closed, a deadline that passed, a database that says so. A retry may help.
func Is(err error) bool {
	for _, known := range []error{
		context.DeadlineExceeded, context.Canceled, io.ErrUnexpectedEOF, io.EOF, driver.ErrBadConn, sql.ErrConnDone,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	var (
		network  net.Error
		unsent   interface{ SafeToRetry() bool } // pgconn: nothing was sent
		database interface{ SQLState() string }
	)
	switch {
	case errors.As(err, &database):
		return State(database.SQLState())
	case errors.As(err, &unsent) && unsent.SafeToRetry():
		return true
	default:
		return errors.As(err, &network)
	}
}

// State is Is for a SQLSTATE.
func State(sqlState string) bool {
	return slices.ContainsFunc(passing, func(class string) bool { return strings.HasPrefix(sqlState, class) })
}
