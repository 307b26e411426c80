package showstest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Deaf is a bus that loses every hint.
type Deaf struct{}

// Subscribe implements shows.Hints.
func (Deaf) Subscribe(context.Context, string) (<-chan struct{}, func()) { return nil, func() {} }

// Next gives what comes next.
func Next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value, ok := <-from:
		require.True(t, ok, "the channel is closed")
		return value
	case <-time.After(Patience):
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}

// Closes waits until a channel closes.
func Closes[T any](t *testing.T, from <-chan T) {
	t.Helper()
	deadline := time.After(Patience)
	for {
		select {
		case _, ok := <-from:
			if !ok {
				return
			}
		case <-deadline:
			require.FailNow(t, "the channel stays open")
		}
	}
}
