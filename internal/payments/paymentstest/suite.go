package paymentstest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// Run puts a provider through every case.
func Run(t *testing.T, setup Setup) {
	cases := []struct {
		name string
		run  func(*suite)
	}{
		{"Open", (*suite).open},
		{"OpenIsIdempotentByKey", (*suite).openIsIdempotentByKey},
		{"OpenWhileUnderWay", (*suite).openWhileUnderWay},
		{"Currencies", (*suite).currencies},
		{"Limits", (*suite).limits},
		{"CaptureOnce", (*suite).captureOnce},
		{"CaptureManyAtOnce", (*suite).captureManyAtOnce},
		{"CaptureOfWhatIsNotAuthorized", (*suite).captureOfWhatIsNotAuthorized},
		{"Scenario11CaptureReplyLost", (*suite).captureReplyLost},
		{"Scenario12StoredFailure", (*suite).storedFailure},
		{"ManyStoredFailures", (*suite).manyStoredFailures},
		{"FailedButDone", (*suite).failedButDone},
		{"Scenario14DeclinedThenPaid", (*suite).declinedThenPaid},
		{"Scenario15ChallengeAbandoned", (*suite).challengeAbandoned},
		{"Scenario22PartialCapture", (*suite).partialCapture},
		{"Void", (*suite).void},
		{"RefundInParts", (*suite).refundInParts},
		{"RefundRefused", (*suite).refundRefused},
		{"Scenario36RefundReplyLost", (*suite).refundReplyLost},
		{"RefundManyAtOnce", (*suite).refundManyAtOnce},
		{"RefundFailsLater", (*suite).refundFailsLater},
		{"Scenario23Dispute", (*suite).dispute},
		{"NotFound", (*suite).notFound},
		{"Unavailable", (*suite).unavailable},
		{"Failing", (*suite).failing},
		{"Webhook", (*suite).webhook},
		{"Scenario27BadSignature", (*suite).badSignature},
		{"Scenario31SecretRotated", (*suite).secretRotated},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(&suite{T: t, Harness: setup.New(t), setup: setup, bookingID: uuid.NewString()})
		})
	}
}

// price is what every payment of the suite is for, unless it says otherwise.
var price = booking.Money{Amount: 45_000, Currency: "INR"}

// suite is one case with a vendor of its own.
type suite struct {
	*testing.T
	Harness
	setup     Setup
	bookingID string
	keys      int
}

func (s *suite) ctx() context.Context { return s.Context() }

// key is a new idempotency key.
func (s *suite) key() string {
	s.keys++
	return fmt.Sprintf("%s-%d", s.bookingID, s.keys)
}

func (s *suite) request() booking.PaymentRequest {
	return booking.PaymentRequest{
		BookingID: s.bookingID, Provider: s.Provider.Name(), Attempt: 1, Amount: price,
		Description: "Kite, 2 seats", ExpiresAt: time.Now().Add(8 * time.Minute), Key: s.key(),
	}
}

// opened is an open payment's reference.
func (s *suite) opened() string {
	s.Helper()
	state, err := s.Provider.Open(s.ctx(), s.request())
	require.NoError(s, err)
	return state.Reference
}

// authorized is the reference of a payment that the customer has authorized.
func (s *suite) authorized() string {
	s.Helper()
	reference := s.opened()
	s.Authorize(s.T, reference)
	return reference
}

// captured is the reference of a payment that was taken in full.
func (s *suite) captured() string {
	s.Helper()
	reference := s.authorized()
	_, err := s.Provider.Capture(s.ctx(), s.step(reference, price.Amount))
	require.NoError(s, err)
	return reference
}

// step is a step under a key of its own.
func (s *suite) step(reference string, amount int64) booking.MoneyStep {
	return booking.MoneyStep{
		BookingID: s.bookingID, Provider: s.Provider.Name(), Reference: reference,
		Amount: booking.Money{Amount: amount, Currency: price.Currency}, Key: s.key(),
	}
}

// standing is the part of a state that steps change.
type standing struct {
	Status                         booking.PaymentStatus
	Authorized, Captured, Refunded int64
}

// stands checks a state that the provider answered, all of it.
func (s *suite) stands(want standing, got booking.PaymentState) {
	s.Helper()
	assert.Equal(s, want, standing{got.Status, got.Authorized, got.Captured, got.Refunded})
	assert.Equal(s, s.Provider.Name(), got.Provider)
	assert.NotEmpty(s, got.Reference)
	assert.Equal(s, s.bookingID, got.BookingID)
	assert.Equal(s, 1, got.Attempt)
	assert.Equal(s, price, booking.Money{Amount: got.Amount, Currency: got.Currency})
	assert.Equal(s, want.Status == booking.PaymentFailed, got.Failure != "", "failure: %q", got.Failure)
}

// asked checks what the provider says when asked.
func (s *suite) asked(want standing, reference string) {
	s.Helper()
	got, err := s.Provider.Get(s.ctx(), reference)
	require.NoError(s, err)
	assert.Equal(s, reference, got.Reference)
	s.stands(want, got)
}

func (s *suite) code(want booking.Code, err error) {
	s.Helper()
	require.Error(s, err)
	assert.Equal(s, want, booking.CodeOf(err), "%v", err)
}

// spent checks whether a failure says that its key is of no more use.
func (s *suite) spent(want bool, err error) {
	s.Helper()
	assert.Equal(s, want, errors.Is(err, booking.ErrKeySpent), "spent: %v", err)
}

// lost accepts both ends of a call whose answer was lost: the connection may
// have repeated it by itself, with the same key.
func (s *suite) lost(err error) {
	s.Helper()
	if err != nil {
		s.code(booking.CodeProviderUnavailable, err)
	}
}

// books checks the vendor's own totals.
func (s *suite) books(captured, refunded int64) {
	s.Helper()
	assert.Equal(s, Totals{captured, refunded}, s.Books(s.T)[price.Currency])
}

var (
	isOpen       = standing{Status: booking.PaymentOpen}
	isFailed     = standing{Status: booking.PaymentFailed}
	isAuthorized = standing{Status: booking.PaymentAuthorized, Authorized: price.Amount}
	isVoided     = standing{Status: booking.PaymentVoided}
	isCaptured   = standing{Status: booking.PaymentCaptured, Captured: price.Amount}
	isRefunded   = standing{Status: booking.PaymentRefunded, Captured: price.Amount, Refunded: price.Amount}
)
