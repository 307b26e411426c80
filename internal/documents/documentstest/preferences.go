package documentstest

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

func preferencesComeBack(t *testing.T, w *world) {
	person := uuid.New()
	none, err := w.Preferences.Get(t.Context(), person)
	require.NoError(t, err)
	assert.Equal(t, documents.Profile{}, none)

	p := documents.Profile{
		Personalization: documents.Off, Genres: odd, People: odd, Languages: []string{"hi", "ta-IN"}, Subtitles: []string{"en"},
		Films: []uuid.UUID{uuid.New(), uuid.Max}, Certificate: "U/A 13+", Accessibility: []string{"captions"},
		NotForMe: []uuid.UUID{uuid.New()}, LeftOut: []uuid.UUID{uuid.New()},
	}
	p.Version, err = w.Preferences.Put(t.Context(), person, p)
	require.NoError(t, err)
	assert.Positive(t, p.Version)
	p.ChangedAt = w.clock.Now()
	back, err := w.Preferences.Get(t.Context(), person)
	require.NoError(t, err)
	assert.Equal(t, p, back)

	w.clock.advance(day)
	changed := documents.Profile{Version: p.Version, Personalization: documents.On}
	version, err := w.Preferences.Put(t.Context(), person, changed)
	require.NoError(t, err)
	assert.Greater(t, version, p.Version)
	changed.Version, changed.ChangedAt = version, w.clock.Now()
	back, err = w.Preferences.Get(t.Context(), person)
	require.NoError(t, err)
	assert.Equal(t, changed, back, "nothing of the former profile stays")

	_, err = w.Preferences.Put(t.Context(), person, p)
	requireCode(t, booking.CodeConflict, err, "of a version that is gone")
	p.Version = 0
	_, err = w.Preferences.Put(t.Context(), person, p)
	requireCode(t, booking.CodeConflict, err, "as if there were none")
	other, err := w.Preferences.Get(t.Context(), uuid.New())
	require.NoError(t, err)
	assert.Zero(t, other.Version)
}

// Eight writers each add their films to one list. None is lost.
func preferencesRace(t *testing.T, w *world) {
	person := uuid.New()
	const writers, each = 8, 10
	together(writers, func(int) {
		for range each {
			film := uuid.New()
			for {
				p, err := w.Preferences.Get(t.Context(), person)
				if !assert.NoError(t, err) {
					return
				}
				p.NotForMe = append(p.NotForMe, film)
				if _, err = w.Preferences.Put(t.Context(), person, p); err == nil {
					break
				}
				if !assert.Equal(t, booking.CodeConflict, booking.CodeOf(err), err) {
					return
				}
			}
		}
	})
	p, err := w.Preferences.Get(t.Context(), person)
	require.NoError(t, err)
	unique := map[uuid.UUID]bool{}
	for _, film := range p.NotForMe {
		unique[film] = true
	}
	assert.Len(t, p.NotForMe, writers*each)
	assert.Len(t, unique, writers*each)
}

func preferencesFirstWriters(t *testing.T, w *world) {
	for range 10 {
		person := uuid.New()
		var won atomic.Int64
		together(8, func(int) {
			_, err := w.Preferences.Put(t.Context(), person, documents.Profile{Personalization: documents.On})
			if err == nil {
				won.Add(1)
				return
			}
			assert.Equal(t, booking.CodeConflict, booking.CodeOf(err), err)
		})
		assert.EqualValues(t, 1, won.Load())
	}
}

// A writer who read before a deletion does not bring the profile back.
func preferencesDeleted(t *testing.T, w *world) {
	person := uuid.New()
	require.NoError(t, w.Preferences.Delete(t.Context(), person), "there is none")
	version, err := w.Preferences.Put(t.Context(), person, documents.Profile{Genres: []string{"Drama"}})
	require.NoError(t, err)
	require.NoError(t, w.Preferences.Delete(t.Context(), person))
	_, err = w.Preferences.Put(t.Context(), person, documents.Profile{Version: version})
	requireCode(t, booking.CodeConflict, err)
	p, err := w.Preferences.Get(t.Context(), person)
	require.NoError(t, err)
	assert.Equal(t, documents.Profile{}, p)

	w.clock.advance(1e6)
	_, err = w.Preferences.Put(t.Context(), person, documents.Profile{})
	require.NoError(t, err)
	_, err = w.Preferences.Put(t.Context(), person, documents.Profile{Version: version})
	requireCode(t, booking.CodeConflict, err, "a version from before the deletion")
}

// Who deletes what they have read deletes nothing that was written since.
func preferencesDeletedByVersion(t *testing.T, w *world) {
	person := uuid.New()
	requireCode(t, booking.CodeConflict, w.Preferences.DeleteVersion(t.Context(), person, 7), "there is none")
	first, err := w.Preferences.Put(t.Context(), person, documents.Profile{Genres: []string{"Drama"}})
	require.NoError(t, err)
	second, err := w.Preferences.Put(t.Context(), person, documents.Profile{Version: first, Personalization: documents.Off})
	require.NoError(t, err)
	requireCode(t, booking.CodeConflict, w.Preferences.DeleteVersion(t.Context(), person, first))
	p, err := w.Preferences.Get(t.Context(), person)
	require.NoError(t, err)
	assert.Equal(t, documents.Off, p.Personalization)
	require.NoError(t, w.Preferences.DeleteVersion(t.Context(), person, second))
	p, err = w.Preferences.Get(t.Context(), person)
	require.NoError(t, err)
	assert.Zero(t, p.Version)

	for range 10 { // of one who deletes and one who writes, one is first
		version, err := w.Preferences.Put(t.Context(), person, documents.Profile{})
		require.NoError(t, err)
		var won atomic.Int64
		together(2, func(i int) {
			var err error
			if i == 0 {
				err = w.Preferences.DeleteVersion(t.Context(), person, version)
			} else {
				_, err = w.Preferences.Put(t.Context(), person, documents.Profile{Version: version, Personalization: documents.Off})
			}
			if err == nil {
				won.Add(1)
				return
			}
			assert.Equal(t, booking.CodeConflict, booking.CodeOf(err), err)
		})
		assert.EqualValues(t, 1, won.Load())
		require.NoError(t, w.Preferences.Delete(t.Context(), person))
	}
}

func preferencesRefused(t *testing.T, w *world) {
	for field, p := range map[string]documents.Profile{
		"personalization": {Personalization: "perhaps"},
		"genres":          {Genres: make([]string, 101)},
		"people":          {People: []string{"a\x00b"}},
		"languages":       {Languages: []string{strings.Repeat("x", 36)}},
		"certificate":     {Certificate: "\xff"},
		"not_for_me":      {NotForMe: make([]uuid.UUID, 1001)},
	} {
		_, err := w.Preferences.Put(t.Context(), uuid.New(), p)
		requireCode(t, booking.CodeValidation, err, field)
		var wrong *booking.Error
		require.ErrorAs(t, err, &wrong)
		require.Len(t, wrong.Fields, 1)
		assert.Equal(t, field, wrong.Fields[0].Field)
		assert.NotEmpty(t, wrong.Fields[0].Message)
	}
}
