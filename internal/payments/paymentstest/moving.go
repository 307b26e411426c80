package paymentstest

import (
	"context"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func (s *suite) captureOnce() {
	reference := s.authorized()
	s.asked(isAuthorized, reference)
	step := s.step(reference, price.Amount)
	for range 2 { // the same key
		state, err := s.Provider.Capture(s.ctx(), step)
		require.NoError(s, err)
		s.stands(isCaptured, state)
	}
	state, err := s.Provider.Capture(s.ctx(), s.step(reference, price.Amount)) // a new key
	require.NoError(s, err)
	s.stands(isCaptured, state)
	s.asked(isCaptured, reference)
	s.books(price.Amount, 0)
}

func (s *suite) captureManyAtOnce() {
	reference := s.authorized()
	same := s.step(reference, price.Amount)
	s.atOnce(10, func(i int) error {
		step := same
		if i%2 == 1 {
			step.Key += "-other"
		}
		_, err := s.Provider.Capture(context.Background(), step)
		return err
	})
	state, err := s.Provider.Capture(s.ctx(), s.step(reference, price.Amount))
	require.NoError(s, err)
	s.stands(isCaptured, state)
	s.books(price.Amount, 0)
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
	_, err := s.Provider.Capture(s.ctx(), s.step(open, price.Amount))
	s.code(booking.CodePaymentRefused, err)

	s.Decline(s.T, open)
	_, err = s.Provider.Capture(s.ctx(), s.step(open, price.Amount))
	s.code(booking.CodePaymentRefused, err)

	s.Authorize(s.T, open)
	_, err = s.Provider.Capture(s.ctx(), s.step(open, price.Amount+1))
	s.code(booking.CodePaymentRefused, err)
	s.asked(isAuthorized, open)
	s.books(0, 0)
}

func (s *suite) captureReplyLost() {
	reference := s.authorized()
	s.Fault(s.T, Fault{Trouble: ReplyLost, Operation: OpCapture})
	step := s.step(reference, price.Amount)
	_, err := s.Provider.Capture(s.ctx(), step)
	s.lost(err)
	s.asked(isCaptured, reference)
	state, err := s.Provider.Capture(s.ctx(), step)
	require.NoError(s, err)
	s.stands(isCaptured, state)
	s.books(price.Amount, 0)
}

// A failure stored under a key answers that key forever, so a new one is needed, and is
// safe only after asking.
func (s *suite) storedFailure() {
	if !s.setup.StoresFailures {
		s.Skip("this vendor stores no failures")
	}
	reference := s.authorized()
	s.Fault(s.T, Fault{Trouble: FailedStored, Operation: OpCapture})
	step := s.step(reference, price.Amount)
	for i := range 3 {
		_, err := s.Provider.Capture(s.ctx(), step)
		s.code(booking.CodeProviderError, err)
		s.spent(i > 0, err)
	}
	s.asked(isAuthorized, reference)
	state, err := s.Provider.Capture(s.ctx(), s.step(reference, price.Amount))
	require.NoError(s, err)
	s.stands(isCaptured, state)
	s.books(price.Amount, 0)
}

// However many failures the vendor keeps, each under a key of its own, each is told
// from a failure that it does not keep, and the next key works.
func (s *suite) manyStoredFailures() {
	if !s.setup.StoresFailures {
		s.Skip("this vendor stores no failures")
	}
	const failures = 12
	req := s.request()
	on := func(reference string, call func(context.Context, booking.MoneyStep) (booking.PaymentState, error)) func(string) error {
		step := s.step(reference, price.Amount)
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
		for range failures {
			s.Fault(s.T, Fault{Trouble: FailedStored, Operation: op})
			key := s.key()
			for _, isRepeat := range []bool{false, true, true} {
				err := call(key)
				s.code(booking.CodeProviderError, err)
				s.spent(isRepeat, err)
			}
		}
		require.NoError(s, call(s.key()), op)
	}
	s.books(price.Amount*2, price.Amount)
}

func (s *suite) failedButDone() {
	reference := s.authorized()
	s.Fault(s.T, Fault{Trouble: FailedDone, Operation: OpCapture})
	_, err := s.Provider.Capture(s.ctx(), s.step(reference, price.Amount))
	s.code(booking.CodeProviderError, err)
	s.asked(isCaptured, reference)
	state, err := s.Provider.Capture(s.ctx(), s.step(reference, price.Amount))
	require.NoError(s, err)
	s.stands(isCaptured, state)
	s.books(price.Amount, 0)
}

func (s *suite) partialCapture() {
	reference := s.authorized()
	const part = 30_000
	s.CaptureElsewhere(s.T, reference, part)
	state, err := s.Provider.Capture(s.ctx(), s.step(reference, price.Amount))
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
		step := s.step(reference, price.Amount)
		for range 2 {
			state, err := s.Provider.Void(s.ctx(), step)
			require.NoError(s, err)
			s.stands(isVoided, state)
		}
		state, err := s.Provider.Void(s.ctx(), s.step(reference, price.Amount))
		require.NoError(s, err)
		s.stands(isVoided, state)
		s.asked(isVoided, reference)
	}
	voided(open)
	voided(authorized)

	state, err := s.Provider.Void(s.ctx(), s.step(captured, price.Amount))
	require.NoError(s, err)
	s.stands(isCaptured, state)
	_, err = s.Provider.Refund(s.ctx(), s.step(captured, price.Amount))
	require.NoError(s, err)
	state, err = s.Provider.Void(s.ctx(), s.step(captured, price.Amount))
	require.NoError(s, err)
	s.stands(isRefunded, state)

	other := s.authorized()
	s.Fault(s.T, Fault{Trouble: ReplyLost, Operation: OpVoid})
	_, err = s.Provider.Void(s.ctx(), s.step(other, price.Amount))
	s.lost(err)
	voided(other)
	s.books(price.Amount, price.Amount)
}
