package paymentstest

import (
	"cmp"
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
		{"ApprovedIsNotAuthorized", (*suite).approvedIsNotAuthorized},
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
		{"PaidAfterVoid", (*suite).paidAfterVoid},
		{"RefundInParts", (*suite).refundInParts},
		{"RefundRefused", (*suite).refundRefused},
		{"Scenario36RefundReplyLost", (*suite).refundReplyLost},
		{"RefundManyAtOnce", (*suite).refundManyAtOnce},
		{"RefundFailsLater", (*suite).refundFailsLater},
		{"Scenario23Dispute", (*suite).dispute},
		{"Listing", (*suite).listing},
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
			c.run(&suite{
				T: t, Harness: setup.New(t), setup: setup, bookingID: uuid.NewString(),
				price: cmp.Or(setup.Price, booking.Money{Amount: 45_000, Currency: "INR"}), attempts: map[string]int{},
			})
		})
	}
}

// suite is one case with a vendor of its own.
type suite struct {
	*testing.T
	Harness
	setup     Setup
	bookingID string
	price     booking.Money // what every payment is for, unless a case says otherwise
	keys      int
	attempt   int            // of the newest request
	attempts  map[string]int // by the payments' references
}

func (s *suite) ctx() context.Context { return s.Context() }

// key is a new idempotency key.
func (s *suite) key() string {
	s.keys++
	return fmt.Sprintf("%s-%d", s.bookingID, s.keys)
}

// request is for another payment of the booking.
func (s *suite) request() booking.PaymentRequest {
	s.attempt++
	return booking.PaymentRequest{
		BookingID: s.bookingID, Provider: s.Provider.Name(), Attempt: s.attempt, Amount: s.price,
		Description: "Kite, 2 seats", ExpiresAt: time.Now().Add(8 * time.Minute), Key: s.key(),
	}
}

// opened is an open payment's reference.
func (s *suite) opened() string {
	s.Helper()
	state, err := s.Provider.Open(s.ctx(), s.request())
	require.NoError(s, err)
	s.attempts[state.Reference] = s.attempt
	return state.Reference
}

// pays lets the customer pay, so that the money is reserved.
func (s *suite) pays(reference string) {
	s.Helper()
	s.Authorize(s.T, reference)
	if !s.setup.NeedsAuthorize {
		return
	}
	s.asked(standing{Status: booking.PaymentApproved}, reference)
	s.stands(s.isAuthorized(), s.reserve(reference))
}

// declines lets the customer try to pay in vain.
func (s *suite) declines(reference string) {
	s.Helper()
	s.Decline(s.T, reference)
	if s.setup.NeedsAuthorize {
		s.stands(isFailed, s.reserve(reference))
	}
}

// reserve authorizes what the customer has approved.
func (s *suite) reserve(reference string) booking.PaymentState {
	s.Helper()
	state, err := s.Provider.(authorizer).Authorize(s.ctx(), s.step(reference, s.price.Amount))
	require.NoError(s, err)
	return state
}

// authorized is the reference of a payment that the customer has authorized.
func (s *suite) authorized() string {
	s.Helper()
	reference := s.opened()
	s.pays(reference)
	return reference
}

// captured is the reference of a payment that was taken in full.
func (s *suite) captured() string {
	s.Helper()
	reference := s.authorized()
	_, err := s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
	require.NoError(s, err)
	return reference
}

// step is a step under a key of its own.
func (s *suite) step(reference string, amount int64) booking.MoneyStep {
	return booking.MoneyStep{
		BookingID: s.bookingID, Provider: s.Provider.Name(), Reference: reference,
		Amount: booking.Money{Amount: amount, Currency: s.price.Currency}, Key: s.key(),
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
	if attempt, known := s.attempts[got.Reference]; known {
		assert.Equal(s, attempt, got.Attempt)
	} else {
		assert.Equal(s, s.attempt, got.Attempt)
	}
	assert.Equal(s, s.price, booking.Money{Amount: got.Amount, Currency: got.Currency})
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
	assert.Equal(s, Totals{captured, refunded}, s.Books(s.T)[s.price.Currency])
}

var (
	isOpen   = standing{Status: booking.PaymentOpen}
	isFailed = standing{Status: booking.PaymentFailed}
	isVoided = standing{Status: booking.PaymentVoided}
)

func (s *suite) isAuthorized() standing {
	return standing{Status: booking.PaymentAuthorized, Authorized: s.price.Amount}
}

func (s *suite) isCaptured() standing {
	return standing{Status: booking.PaymentCaptured, Captured: s.price.Amount}
}

func (s *suite) isRefunded() standing {
	return standing{Status: booking.PaymentRefunded, Captured: s.price.Amount, Refunded: s.price.Amount}
}
