package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/boxoffice/boxoffice/booking"
)

// keysPerAttempt bounds how many keys one attempt spends. The retry policy paces
// the next attempt, which goes on where this one ended.
const keysPerAttempt = 2

// freshKeys runs a step of a payment under its first idempotency key that is not
// spent. There is no last key. A step never has two effects, because:
//
//   - All attempts use the same keys in the same order: step, step-2, step-3, …
//   - An answer that never came keeps the key: the provider may have done it.
//   - A failure keeps the key, too, until the provider says that it keeps the
//     failure under the key. Only then can a copy of the request that is still on
//     its way, or another attempt at the same time, do nothing any more.
//   - Then the provider is asked, and the next key comes only if nothing was done.
//
// The first attempt needs nothing from our database: it starts with the first key
// and learns from the answer that the key is spent. If the worker dies before the
// key is written down as spent, the next attempt learns it the same way.
//
// An Open has nothing to ask about. Even if the provider made a payment and answered that
// it failed, that payment takes no money: the customer never gets its secret.
func (p *Payments) freshKeys(ctx context.Context, step string, call callWithKey, ask askIfDone) (booking.PaymentState, error) {
	next := 1
	if activity.GetInfo(ctx).Attempt > 1 {
		spent, err := p.Books.SpentKeys(ctx, step)
		if err != nil {
			return booking.PaymentState{}, err
		}
		next = spent + 1
	}
	var failure error
	for range keysPerAttempt {
		state, isSpent, err := tryKey(ctx, keyOf(step, next), call, ask)
		if !isSpent {
			return state, err
		}
		failure = err
		spent, err := p.Books.SpendKey(ctx, step, next)
		if err != nil {
			return booking.PaymentState{}, err
		}
		next = spent + 1 // another attempt may be ahead
	}
	return booking.PaymentState{}, failure
}

type (
	callWithKey = func(ctx context.Context, key string) (booking.PaymentState, error)
	// askIfDone is nil for a step that leaves nothing to ask about.
	askIfDone = func(ctx context.Context) (state booking.PaymentState, done bool, err error)
)

// keyOf is a step's n-th key.
func keyOf(step string, n int) string {
	if n == 1 {
		return step
	}
	return fmt.Sprintf("%s-%d", step, n)
}

// tryKey calls with one key. After a failure it asks what was done, and calls once
// more: the second answer shows whether the provider keeps the failure. isSpent
// means that nothing was done and nothing can be done with this key any more.
func tryKey(ctx context.Context, key string, call callWithKey, ask askIfDone) (state booking.PaymentState, isSpent bool, err error) {
	const calls = 2
	for range calls {
		if state, err = call(ctx, key); booking.CodeOf(err) != booking.CodeProviderError {
			return state, false, err
		}
		if ask != nil {
			if state, done, asked := ask(ctx); asked != nil || done {
				return state, false, asked
			}
		}
		if errors.Is(err, booking.ErrKeySpent) {
			return booking.PaymentState{}, true, err
		}
	}
	return booking.PaymentState{}, false, err
}
