package documentstest

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

func (w *world) list(key string) documents.List {
	return documents.List{Key: key, ID: uuid.NewString(), Person: uuid.New(), MadeAt: w.clock.Now(), Items: []documents.Item{{Film: uuid.New(), Score: 1}}}
}

func listsComeBack(t *testing.T, w *world) {
	for _, text := range odd {
		l := documents.List{
			Key: text, ID: text, Person: uuid.New(), MadeAt: w.clock.Now(), City: uuid.New(), Model: text, Fallback: text,
			Items: []documents.Item{
				{Film: uuid.New(), Score: -1.5, Propensity: 0.25, Reason: text, Because: uuid.New()}, {Film: uuid.Max, Score: math.MaxFloat64},
			},
		}
		require.NoError(t, w.Lists.Put(t.Context(), l, time.Hour))
		back, found, err := w.Lists.Get(t.Context(), text)
		require.NoError(t, err)
		require.True(t, found)
		assert.Equal(t, l, back)
	}
	long := w.list("long")
	long.Person, long.Items = uuid.Nil, make([]documents.Item, documents.MostListed)
	require.NoError(t, w.Lists.Put(t.Context(), long, time.Hour))
	back, found, err := w.Lists.Get(t.Context(), "long")
	require.NoError(t, err)
	require.True(t, found)
	assert.Equal(t, long, back)

	require.NoError(t, w.Lists.Drop(t.Context(), "long"))
	require.NoError(t, w.Lists.Drop(t.Context(), "long"), "it is gone already")
	_, found, err = w.Lists.Get(t.Context(), "long")
	require.NoError(t, err)
	assert.False(t, found)
	_, found, err = w.Lists.Get(t.Context(), odd[0])
	require.NoError(t, err)
	assert.True(t, found)
}

func listsExpire(t *testing.T, w *world) {
	for i, key := range []string{"a", "b", "c", "d", "e", "f"} {
		require.NoError(t, w.Lists.Put(t.Context(), w.list(key), time.Duration(i+1)*time.Hour))
	}
	has := func(key string) bool {
		_, found, err := w.Lists.Get(t.Context(), key)
		require.NoError(t, err)
		return found
	}
	w.clock.advance(time.Hour - time.Millisecond)
	assert.True(t, has("a"))
	w.clock.advance(time.Millisecond)
	assert.False(t, has("a"), "its time is over, deleted or not")
	w.clock.advance(3 * time.Hour)
	assert.Equal(t, 4, expireAll(t, func(limit int) (int, error) { return w.Lists.Expire(t.Context(), limit) }))
	assert.True(t, has("e"))

	// The time of an older list is over, even if it says that it was made later.
	ahead := w.list("g")
	ahead.MadeAt = w.ago(-48 * time.Hour)
	require.NoError(t, w.Lists.Put(t.Context(), ahead, time.Minute))
	w.clock.advance(time.Minute)
	require.NoError(t, w.Lists.Put(t.Context(), w.list("g"), time.Minute))
	assert.True(t, has("g"))
}

// Of lists that are made at the same time the newest stays, whichever is written last.
func listsOlderDoesNotReplace(t *testing.T, w *world) {
	made := make([]documents.List, 8)
	for i := range made {
		made[i] = w.list("k")
		made[i].MadeAt = w.ago(time.Duration(i) * time.Second)
	}
	together(len(made), func(i int) { assert.NoError(t, w.Lists.Put(t.Context(), made[i], time.Hour)) })
	back, found, err := w.Lists.Get(t.Context(), "k")
	require.NoError(t, err)
	require.True(t, found)
	assert.Equal(t, made[0], back)

	again := w.list("k")
	require.NoError(t, w.Lists.Put(t.Context(), again, time.Hour), "made at the same moment")
	back, _, err = w.Lists.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.Equal(t, again, back)
}

func listsForgotten(t *testing.T, w *world) {
	person := uuid.New()
	for _, key := range []string{"home", "mail"} {
		l := w.list(key)
		l.Person = person
		require.NoError(t, w.Lists.Put(t.Context(), l, time.Hour))
	}
	shared := w.list("city")
	shared.Person = uuid.Nil
	require.NoError(t, w.Lists.Put(t.Context(), shared, time.Hour))
	require.NoError(t, w.Lists.Put(t.Context(), w.list("other"), time.Hour))

	for want, who := range map[int]uuid.UUID{2: person, 0: uuid.Nil} {
		n, err := w.Lists.Forget(t.Context(), who)
		require.NoError(t, err)
		assert.Equal(t, want, n)
	}
	for key, want := range map[string]bool{"home": false, "mail": false, "city": true, "other": true} {
		_, found, err := w.Lists.Get(t.Context(), key)
		require.NoError(t, err)
		assert.Equal(t, want, found, key)
	}
}

func listsRefused(t *testing.T, w *world) {
	for field, change := range map[string]func(*documents.List){
		"key":              func(l *documents.List) { l.Key = "" },
		"id":               func(l *documents.List) { l.ID = "\x00" },
		"fallback":         func(l *documents.List) { l.Fallback = strings.Repeat("x", 101) },
		"made_at":          func(l *documents.List) { l.MadeAt = time.Time{} },
		"items":            func(l *documents.List) { l.Items = make([]documents.Item, documents.MostListed+1) },
		"items.score":      func(l *documents.List) { l.Items[0].Score = math.NaN() },
		"items.propensity": func(l *documents.List) { l.Items[0].Propensity = 1.01 },
	} {
		l := w.list("k")
		change(&l)
		err := w.Lists.Put(t.Context(), l, time.Hour)
		requireCode(t, booking.CodeValidation, err, field)
		var wrong *booking.Error
		require.ErrorAs(t, err, &wrong)
		require.Len(t, wrong.Fields, 1)
		assert.Equal(t, field, wrong.Fields[0].Field)
	}
	requireCode(t, booking.CodeValidation, w.Lists.Put(t.Context(), w.list("k"), 0))
	requireCode(t, booking.CodeValidation, w.Lists.Put(t.Context(), w.list("k"), 31*day))
}
