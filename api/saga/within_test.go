package saga

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/boxoffice/boxoffice/booking"
)

// Opening a payment ends before its request does. Otherwise the API never learns that a
// provider does not answer: it only sees that nothing came in time.
func TestOpeningAPaymentEndsBeforeItsRequest(t *testing.T) {
	t.Parallel()
	policy := booking.DefaultPolicy()
	assert.Less(t, policy.FastPath+policy.OpenWithin, AnswerWithin)
}
