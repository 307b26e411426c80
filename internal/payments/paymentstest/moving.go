package paymentstest

import (
	"context"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func (s *suite) captureOnce() {
	reference := s.authorized()
	s.asked(s.isAuthorized(), reference)
	step := s.step(reference, s.price.Amount)
	for range 2 { // the same key
		state, err := s.Provider.Capture(s.ctx(), step)
		require.NoError(s, err)
		s.stands(s.isCaptured(), state)
	}
	state, err := s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount)) // a new key
	require.NoError(s, err)
	s.stands(s.isCaptured(), state)
	s.asked(s.isCaptured(), reference)
	s.books(s.price.Amount, 0)
}

func (s *suite) captureManyAtOnce() {
	reference := s.authorized()
	same := s.step(reference, s.price.Amount)
	s.atOnce(10, func(i int) error {
		step := same
		if i%2 == 1 {
			step.Key += "-other"
		}
		_, err := s.Provider.Capture(context.Background(), step)
		return err
	})
	state, err := s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
	require.NoError(s, err)
	s.stands(s.isCaptured(), state)
	s.books(s.price.Amount, 0)
}

// atOnce runs calls that may be told that the vendor is busy with another.
func (s *suite) atOnce(n int, call func(i int) error) {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = call(i) })
	}
	wg.Wait()
	for _, err := range errs {
		s.lost(err)
	}
}

func (s *suite) captureOfWhatIsNotAuthorized() {
	open := s.opened()
	_, err := s.Provider.Capture(s.ctx(), s.step(open, s.price.Amount))
	s.code(booking.CodePaymentRefused, err)

	s.declines(open)
	_, err = s.Provider.Capture(s.ctx(), s.step(open, s.price.Amount))
	s.code(booking.CodePaymentRefused, err)

	s.pays(open)
	_, err = s.Provider.Capture(s.ctx(), s.step(open, s.price.Amount+1))
	s.code(booking.CodePaymentRefused, err)
	s.asked(s.isAuthorized(), open)
	s.books(0, 0)
}

func (s *suite) captureReplyLost() {
	reference := s.authorized()
	s.Fault(s.T, Fault{Trouble: ReplyLost, Operation: OpCapture})
	step := s.step(reference, s.price.Amount)
	_, err := s.Provider.Capture(s.ctx(), step)
	s.lost(err)
	s.asked(s.isCaptured(), reference)
	state, err := s.Provider.Capture(s.ctx(), step)
	require.NoError(s, err)
	s.stands(s.isCaptured(), state)
	s.books(s.price.Amount, 0)
}

// A failure stored under a key answers that key forever, so a new one is needed, and is
// safe only after asking.
func (s *suite) storedFailure() {
	reference := s.authorized()
	step := s.step(reference, s.price.Amount)
	if !s.setup.StoresFailures { // then the same key is good enough
		s.Fault(s.T, Fault{Trouble: failed, Operation: OpCapture})
		_, err := s.Provider.Capture(s.ctx(), step)
		s.code(booking.CodeProviderError, err)
		s.spent(false, err)
		state, err := s.Provider.Capture(s.ctx(), step)
		require.NoError(s, err)
		s.stands(s.isCaptured(), state)
		s.books(s.price.Amount, 0)
		return
	}
	s.Fault(s.T, Fault{Trouble: FailedStored, Operation: OpCapture})
	for i := range 3 {
		_, err := s.Provider.Capture(s.ctx(), step)
		s.code(booking.CodeProviderError, err)
		s.spent(i > 0, err)
	}
	s.asked(s.isAuthorized(), reference)
	state, err := s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
	require.NoError(s, err)
	s.stands(s.isCaptured(), state)
	s.books(s.price.Amount, 0)
}

// However many failures the vendor keeps, each under a key of its own, each is told
// from a failure that it does not keep, and the next key works.
func (s *suite) manyStoredFailures() {
	const failures = 12
	req := s.request()
	on := func(reference string, call func(context.Context, booking.MoneyStep) (booking.PaymentState, error)) func(string) error {
		step := s.step(reference, s.price.Amount)
		return func(key string) error {
			step.Key = key
			_, err := call(s.ctx(), step)
			return err
		}
	}
	for op, call := range map[Operation]func(key string) error{
		OpOpen:    func(key string) error { req.Key = key; _, err := s.Provider.Open(s.ctx(), req); return err },
		OpCapture: on(s.authorized(), s.Provider.Capture),
		OpVoid:    on(s.authorized(), s.Provider.Void),
		OpRefund:  on(s.captured(), s.Provider.Refund),
	} {
		key := s.key()
		for range failures {
			if !s.setup.StoresFailures { // one key is good enough, however often it failed
				s.Fault(s.T, Fault{Trouble: failed, Operation: op})
				err := call(key)
				s.code(booking.CodeProviderError, err)
				s.spent(false, err)
				continue
			}
			s.Fault(s.T, Fault{Trouble: FailedStored, Operation: op})
			for _, isRepeat := range []bool{false, true, true} {
				err := call(key)
				s.code(booking.CodeProviderError, err)
				s.spent(isRepeat, err)
			}
			key = s.key()
		}
		require.NoError(s, call(key), op)
	}
	s.books(s.price.Amount*2, s.price.Amount)
}

func (s *suite) failedButDone() {
	reference := s.authorized()
	s.Fault(s.T, Fault{Trouble: FailedDone, Operation: OpCapture})
	_, err := s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
	s.code(booking.CodeProviderError, err)
	s.asked(s.isCaptured(), reference)
	state, err := s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
	require.NoError(s, err)
	s.stands(s.isCaptured(), state)
	s.books(s.price.Amount, 0)
}

func (s *suite) partialCapture() {
	reference := s.authorized()
	if s.setup.WholeCaptureOnly { // then staff at the vendor can only have taken all of it
		s.CaptureElsewhere(s.T, reference, s.price.Amount)
		s.asked(s.isCaptured(), reference)
		state, err := s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
		require.NoError(s, err)
		s.stands(s.isCaptured(), state)
		_, err = s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount-1))
		s.code(booking.CodePaymentMismatch, err)
		s.books(s.price.Amount, 0)
		return
	}
	const part = 30_000
	s.CaptureElsewhere(s.T, reference, part)
	state, err := s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
	s.code(booking.CodePaymentMismatch, err)
	isPart := standing{Status: booking.PaymentCaptured, Captured: part}
	s.stands(isPart, state)
	s.asked(isPart, reference)

	state, err = s.Provider.Refund(s.ctx(), s.step(reference, part))
	require.NoError(s, err)
	s.stands(standing{Status: booking.PaymentRefunded, Captured: part, Refunded: part}, state)
	s.books(part, part)
}

func (s *suite) void() {
	open, authorized, captured := s.opened(), s.authorized(), s.captured()
	voided := func(reference string) {
		s.Helper()
		step := s.step(reference, s.price.Amount)
		for range 2 {
			state, err := s.Provider.Void(s.ctx(), step)
			require.NoError(s, err)
			s.stands(isVoided, state)
		}
		state, err := s.Provider.Void(s.ctx(), s.step(reference, s.price.Amount))
		require.NoError(s, err)
		s.stands(isVoided, state)
		s.asked(isVoided, reference)
		_, err = s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
		s.code(booking.CodePaymentRefused, err)
	}
	voided(open)
	voided(authorized)
	s.lapses(authorized)

	state, err := s.Provider.Void(s.ctx(), s.step(captured, s.price.Amount))
	require.NoError(s, err)
	s.stands(s.isCaptured(), state)
	_, err = s.Provider.Refund(s.ctx(), s.step(captured, s.price.Amount))
	require.NoError(s, err)
	state, err = s.Provider.Void(s.ctx(), s.step(captured, s.price.Amount))
	require.NoError(s, err)
	s.stands(s.isRefunded(), state)

	other := s.authorized()
	s.Fault(s.T, Fault{Trouble: ReplyLost, Operation: OpVoid})
	_, err = s.Provider.Void(s.ctx(), s.step(other, s.price.Amount))
	s.lost(err)
	voided(other)
	s.books(s.price.Amount, s.price.Amount)
}

// lapses wants the money of a voided authorization back at the customer, when the vendor
// returns it only at the authorization's end.
func (s *suite) lapses(reference string) {
	s.Helper()
	if !s.setup.VoidIsLater {
		return
	}
	s.asked(isVoided, reference)
	waits, err := s.Provider.Get(s.ctx(), reference)
	require.NoError(s, err)
	assert.Equal(s, s.price.Amount, waits.Releasing)
	assert.True(s, waits.BackBy.After(time.Now()), "%s", waits.BackBy)
	s.Lapse(s.T, reference)
	s.asked(isVoided, reference)
	back, err := s.Provider.Get(s.ctx(), reference)
	require.NoError(s, err)
	assert.Zero(s, back.Releasing)
	assert.Equal(s, s.price.Amount, s.GivenBack(s.T, reference))
}

// A payment that was voided unpaid takes no money any more. Where the vendor lets the
// customer pay it even so, the money is seen, and goes back.
func (s *suite) paidAfterVoid() {
	reference := s.opened()
	_, err := s.Provider.Void(s.ctx(), s.step(reference, s.price.Amount))
	require.NoError(s, err)
	if s.setup.NoClose {
		s.Authorize(s.T, reference)
	}
	if s.setup.NoClose && !s.setup.NeedsAuthorize {
		s.asked(s.isAuthorized(), reference)
		paid, err := s.Provider.Get(s.ctx(), reference)
		require.NoError(s, err)
		assert.True(s, paid.AfterVoid)
		state, err := s.Provider.Void(s.ctx(), s.step(reference, s.price.Amount))
		require.NoError(s, err)
		s.stands(isVoided, state)
		s.lapses(reference)
	}
	if s.setup.NeedsAuthorize { // an approval after our void reserves nothing
		s.stands(isVoided, s.reserve(reference))
	}
	s.asked(isVoided, reference)
	_, err = s.Provider.Capture(s.ctx(), s.step(reference, s.price.Amount))
	s.code(booking.CodePaymentRefused, err)
	s.books(0, 0)
}
