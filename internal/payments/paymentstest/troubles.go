package paymentstest

import (
	"context"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// each runs a case for every operation on a payment that is ready for it.
func (s *suite) each(run func(op Operation, call func(context.Context) error)) {
	s.Helper()
	on := func(ready func() string, call func(context.Context, booking.MoneyStep) (booking.PaymentState, error)) func(context.Context) error {
		step := s.step(ready(), s.price.Amount)
		return func(ctx context.Context) error {
			_, err := call(ctx, step)
			return err
		}
	}
	req := s.request()
	known := s.opened()
	run(OpOpen, func(ctx context.Context) error { _, err := s.Provider.Open(ctx, req); return err })
	run(OpGet, func(ctx context.Context) error { _, err := s.Provider.Get(ctx, known); return err })
	if authorizer, can := s.Provider.(authorizer); can {
		approved := func() string {
			reference := s.opened()
			s.Authorize(s.T, reference)
			return reference
		}
		run(OpAuthorize, on(approved, authorizer.Authorize))
	}
	run(OpCapture, on(s.authorized, s.Provider.Capture))
	run(OpVoid, on(s.authorized, s.Provider.Void))
	run(OpRefund, on(s.captured, s.Provider.Refund))
}

// A vendor that does not answer costs the caller its own deadline and no more,
// and leaves a code that says that nothing is known.
func (s *suite) unavailable() {
	const patience, slow = 150 * time.Millisecond, 800 * time.Millisecond
	s.each(func(op Operation, call func(context.Context) error) {
		s.Fault(s.T, Fault{Trouble: Slow, Operation: op, Delay: slow})
		ctx, cancel := context.WithTimeout(s.ctx(), patience)
		defer cancel()
		began := time.Now()
		err := call(ctx)
		assert.Less(s, time.Since(began), slow, op)
		s.code(booking.CodeProviderUnavailable, err)
		require.ErrorIs(s, err, context.DeadlineExceeded, op)
		require.Eventually(s, func() bool { return call(s.ctx()) == nil }, 10*time.Second, 20*time.Millisecond, op)
	})
	s.books(s.price.Amount*2, s.price.Amount)

	gone, cancel := context.WithCancel(s.ctx())
	cancel()
	_, err := s.Provider.Get(gone, s.opened())
	s.code(booking.CodeProviderUnavailable, err)
	require.ErrorIs(s, err, context.Canceled)
}

// A vendor that says that it failed is another matter: it has answered.
func (s *suite) failing() {
	s.each(func(op Operation, call func(context.Context) error) {
		s.Fault(s.T, Fault{Trouble: failed, Operation: op})
		err := call(s.ctx())
		s.code(booking.CodeProviderError, err)
		s.spent(false, err)
		require.NoError(s, call(s.ctx()), op)
	})
	s.books(s.price.Amount*2, s.price.Amount)
}

func (s *suite) notFound() {
	// The first has the shape of one of the vendor's own references.
	real := s.opened()
	for _, reference := range []string{real[:len(real)-4] + "0000", "", "no/such?payment", "../" + real} {
		_, err := s.Provider.Get(s.ctx(), reference)
		s.code(booking.CodeNotFound, err)
		for _, call := range []func(context.Context, booking.MoneyStep) (booking.PaymentState, error){
			s.Provider.Capture, s.Provider.Void, s.Provider.Refund,
		} {
			_, err := call(s.ctx(), s.step(reference, s.price.Amount))
			s.code(booking.CodeNotFound, err)
		}
	}
	s.asked(isOpen, real)
}
