package rest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/booking"
)

// A dependency that is away asks the client to come back; only a bug of ours is a 500.
// Neither tells what happened inside.
func TestOutagesAskToComeBack(t *testing.T) {
	t.Parallel()
	for _, away := range []error{io.ErrUnexpectedEOF, &pgconn.PgError{Code: "57P01"}} {
		document := ProblemOf(fmt.Errorf("begin a session: %w", away))
		assert.Equal(t, http.StatusServiceUnavailable, document.Status)
		assert.Equal(t, booking.CodeUnavailable, document.Code)
		assert.True(t, document.Transient())
		assert.NotContains(t, document.Detail, "session")
	}
	document := ProblemOf(errors.New("begin a session"))
	assert.Equal(t, http.StatusInternalServerError, document.Status)
	assert.NotContains(t, document.Detail, "session")
}
