package documentstest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

// content is bytes that do not repeat, zeros included.
func content(size int, seed uint64) []byte {
	random := rand.NewChaCha8([32]byte{byte(seed)})
	out := make([]byte, size)
	_, _ = random.Read(out) // it never fails
	return out
}

func (w *world) model(version string, size int) documents.Model {
	return documents.Model{Name: "taste", Version: version, MadeAt: w.clock.Now(), Content: content(size, uint64(len(version)))}
}

func modelsComeBack(t *testing.T, w *world) {
	for _, size := range []int{0, 1, documents.PartSize - 1, documents.PartSize, documents.PartSize + 1, 3*documents.PartSize + 17} {
		m := w.model(fmt.Sprintf("of %d", size), size)
		m.Notes = map[string]string{"ndcg_10": "0.394", "text": odd[0] + odd[8]}
		require.NoError(t, w.Models.Put(t.Context(), m))
		require.NoError(t, w.Models.Put(t.Context(), m), "a repeat")
		back, err := w.Models.Read(t.Context(), m.Name, m.Version)
		require.NoError(t, err)
		require.Equal(t, m.Sum(), back.Sum(), "%d bytes", size)
		m.Content, back.Content = nil, nil
		assert.Equal(t, m, back)
	}
	other := w.model("of 1", 2)
	requireCode(t, booking.CodeConflict, w.Models.Put(t.Context(), other), "other content")
	for _, version := range odd {
		require.NoError(t, w.Models.Put(t.Context(), w.model(version, 10)), version)
		_, err := w.Models.Read(t.Context(), "taste", version)
		require.NoError(t, err, version)
	}
	_, err := w.Models.Read(t.Context(), "taste", "none")
	requireCode(t, booking.CodeNotFound, err)
	requireCode(t, booking.CodeValidation, w.Models.Put(t.Context(), documents.Model{Name: "$x", Version: "1", MadeAt: w.clock.Now()}))
	requireCode(t, booking.CodeValidation, w.Models.Put(t.Context(), documents.Model{Name: "x", MadeAt: w.clock.Now()}))
}

func modelsSwap(t *testing.T, w *world) {
	used, err := w.Models.InUse(t.Context(), "taste")
	require.NoError(t, err)
	assert.Zero(t, used)
	swap := func(from, to string) error { return w.Models.Swap(t.Context(), "taste", from, to) }
	requireCode(t, booking.CodeNotFound, swap("", "1"))
	for _, version := range []string{"1", "2", "3"} {
		require.NoError(t, w.Models.Put(t.Context(), w.model(version, 100)))
	}
	is := func(current, previous string) {
		t.Helper()
		used, err := w.Models.InUse(t.Context(), "taste")
		require.NoError(t, err)
		assert.Equal(t, documents.InUse{Current: current, Previous: previous, Since: w.clock.Now()}, used)
	}
	requireCode(t, booking.CodeConflict, swap("1", "2"), "none is in use")
	require.NoError(t, swap("", "1"))
	is("1", "")
	require.NoError(t, swap("", "1"), "a repeat whose answer was lost")
	requireCode(t, booking.CodeConflict, swap("", "2"))
	w.clock.advance(time.Hour)
	require.NoError(t, swap("1", "2"))
	is("2", "1")
	require.NoError(t, swap("1", "2"), "a repeat whose answer was lost")
	is("2", "1")
	requireCode(t, booking.CodeConflict, swap("1", "3"))
	requireCode(t, booking.CodeNotFound, swap("2", "4"))
	is("2", "1")
	require.NoError(t, swap("2", "1"), "back")
	is("1", "2")
	requireCode(t, booking.CodeValidation, swap("1", "1"))
	requireCode(t, booking.CodeValidation, swap("1", ""))
}

// Of eight who swap at once one wins, and readers always find a version that is whole.
func modelsSwapRace(t *testing.T, w *world) {
	for i := range 9 {
		require.NoError(t, w.Models.Put(t.Context(), w.model(fmt.Sprint(i), 1000)))
	}
	require.NoError(t, w.Models.Swap(t.Context(), "taste", "", "8"))
	var won atomic.Int64
	together(12, func(i int) {
		if i >= 8 {
			used, err := w.Models.InUse(t.Context(), "taste")
			if assert.NoError(t, err) {
				_, err = w.Models.Read(t.Context(), "taste", used.Current)
				assert.NoError(t, err)
			}
			return
		}
		if err := w.Models.Swap(t.Context(), "taste", "8", fmt.Sprint(i)); err == nil {
			won.Add(1)
		} else {
			assert.Equal(t, booking.CodeConflict, booking.CodeOf(err), err)
		}
	})
	assert.EqualValues(t, 1, won.Load())
	used, err := w.Models.InUse(t.Context(), "taste")
	require.NoError(t, err)
	assert.Equal(t, "8", used.Previous)
}

// Two trainers store the same version at once, a third one stores other content: what is
// there is whole, and of one of them.
func modelsPutTogether(t *testing.T, w *world) {
	same, other := w.model("1", documents.PartSize+5), w.model("1", documents.PartSize+6)
	var refused, kept atomic.Int64
	together(6, func(i int) {
		m := same
		if i%3 == 2 {
			m = other
		}
		if err := w.Models.Put(t.Context(), m); err != nil {
			assert.Equal(t, booking.CodeConflict, booking.CodeOf(err), err)
			refused.Add(1)
			return
		}
		kept.Add(1)
	})
	assert.Contains(t, []int64{2, 4}, kept.Load(), "those with the content that won")
	back, err := w.Models.Read(t.Context(), "taste", "1")
	require.NoError(t, err)
	assert.Contains(t, []string{same.Sum(), other.Sum()}, back.Sum())
}

func modelsPruned(t *testing.T, w *world) {
	for i := range 8 {
		require.NoError(t, w.Models.Put(t.Context(), w.model(fmt.Sprint(i), 100)))
		w.clock.advance(time.Hour)
	}
	foreign := w.model("0", 10)
	foreign.Name = "other"
	require.NoError(t, w.Models.Put(t.Context(), foreign))
	require.NoError(t, w.Models.Swap(t.Context(), "taste", "", "1"))
	require.NoError(t, w.Models.Swap(t.Context(), "taste", "1", "2"))
	n, err := w.Models.Prune(t.Context(), "taste", 2)
	require.NoError(t, err)
	assert.Equal(t, 4, n)
	for i := range 8 {
		_, err := w.Models.Read(t.Context(), "taste", fmt.Sprint(i))
		if i == 1 || i == 2 || i >= 6 {
			assert.NoError(t, err, "version %d is in use, was, or is new", i)
		} else {
			requireCode(t, booking.CodeNotFound, err, i)
		}
	}
	_, err = w.Models.Read(t.Context(), "other", "0")
	require.NoError(t, err)
	n, err = w.Models.Prune(t.Context(), "taste", 2)
	require.NoError(t, err)
	assert.Zero(t, n)
	require.NoError(t, w.Models.Put(t.Context(), w.model("3", 100)), "a name is free again")
}

func forgetLeavesNothing(t *testing.T, w *world) {
	person := uuid.New()
	_, err := w.Preferences.Put(t.Context(), person, documents.Profile{Genres: []string{"Drama"}})
	require.NoError(t, err)
	e, l := event(documents.KindView, w.ago(time.Hour)), w.list("k")
	e.Person, l.Person = person, person
	w.append(t, e)
	require.NoError(t, w.Lists.Put(t.Context(), l, time.Hour))
	for range 2 {
		require.NoError(t, w.Forget(t.Context(), person))
	}
	p, err := w.Preferences.Get(t.Context(), person)
	require.NoError(t, err)
	assert.Zero(t, p)
	assert.Empty(t, w.recent(t, documents.RecentQuery{Person: person}))
	_, found, err := w.Lists.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.False(t, found)
}

// A request that has ended gets the code of a store that is away.
func contextsEnd(t *testing.T, w *world) {
	require.NoError(t, w.Ping(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Preferences.Get(ctx, uuid.New())
	requireCode(t, booking.CodeUnavailable, err)
	require.ErrorIs(t, err, context.Canceled)
	_, err = w.Events.Append(ctx, []documents.Event{event(documents.KindView, w.ago(0))})
	requireCode(t, booking.CodeUnavailable, err)
	_, err = w.Events.Recent(ctx, documents.RecentQuery{Person: uuid.New()})
	requireCode(t, booking.CodeUnavailable, err)
	requireCode(t, booking.CodeUnavailable, w.Counters.Fold(ctx, 1, 1, documents.KindView))
	_, _, err = w.Lists.Get(ctx, "k")
	requireCode(t, booking.CodeUnavailable, err)
	requireCode(t, booking.CodeUnavailable, w.Models.Put(ctx, w.model("1", 1)))
	assert.Error(t, w.Ping(ctx))
}
