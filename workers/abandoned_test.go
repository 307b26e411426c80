package workers

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/workflows"
)

// lapsed are holds whose answer was not fetched.
type lapsed struct {
	untold []string
	failed error
}

func (l *lapsed) EndAbandoned(context.Context) ([]string, error) {
	return append([]string{}, l.untold...), l.failed
}

func (l *lapsed) AbandonedTold(_ context.Context, id string) error {
	l.untold = slices.DeleteFunc(l.untold, func(one string) bool { return one == id })
	return nil
}

// told are the workflows that were signaled.
type told struct {
	signals []string
	gone    map[string]bool
	ill     map[string]bool
	away    bool
}

func (w *told) Signal(_ context.Context, id, signal string, _ any) (bool, error) {
	if w.away || w.ill[id] {
		return false, errors.New("temporal is away")
	}
	if w.gone[id] {
		return false, nil
	}
	w.signals = append(w.signals, signal+" "+id)
	return true, nil
}

func (w *told) Running(_ context.Context, id string) (bool, error) { return !w.gone[id], nil }

func TestWorkflowsOfAbandonedHoldsAreTold(t *testing.T) {
	t.Parallel()
	holds, temporal := &lapsed{untold: []string{"a", "b", "c"}}, &told{gone: map[string]bool{"b": true}, away: true}

	n, err := endAbandonedOnce(t.Context(), holds, temporal)
	require.Error(t, err)
	assert.Zero(t, n)
	assert.Len(t, holds.untold, 3, "while Temporal is away, nothing is forgotten")

	temporal.away = false
	// One booking could not be ended; the workflows of the others are still signaled.
	holds.failed = errors.New("the database was away for one")
	n, err = endAbandonedOnce(t.Context(), holds, temporal)
	require.ErrorIs(t, err, holds.failed)
	assert.Equal(t, 3, n)
	assert.Equal(t, []string{workflows.SignalAbandoned + " a", workflows.SignalAbandoned + " c"}, temporal.signals,
		"a workflow that is gone need not know")
	assert.Empty(t, holds.untold)
}

// A workflow that takes no signal does not keep the others from getting theirs.
func TestAWorkflowThatTakesNoSignalDelaysNoOther(t *testing.T) {
	t.Parallel()
	holds, temporal := &lapsed{untold: []string{"ill", "b", "c"}}, &told{ill: map[string]bool{"ill": true}}
	n, err := endAbandonedOnce(t.Context(), holds, temporal)
	require.Error(t, err)
	assert.Equal(t, 2, n)
	assert.Equal(t, []string{"ill"}, holds.untold, "it is signaled in a later pass")
}
