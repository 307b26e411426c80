package demo

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	slugShape     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	languageShape = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]+)*$`)
	systemShape   = regexp.MustCompile(`^(MPA|CBFC|BBFC|FSK|KMRB|CNC) \S`)
)

// once fails the test when a value comes a second time.
func once[T comparable](t *testing.T, what string) func(T) {
	seen := map[T]bool{}
	return func(v T) {
		assert.Falsef(t, seen[v], "%s %v comes twice", what, v)
		seen[v] = true
	}
}

func TestMoviesAreRecentAndComplete(t *testing.T) {
	t.Parallel()
	movies := Movies()
	assert.GreaterOrEqual(t, len(movies), 44)
	id, slug := once[uuid.UUID](t, "movie id"), once[string](t, "movie slug")
	for _, m := range movies {
		id(m.ID)
		slug(m.Slug)
		assert.Regexp(t, slugShape, m.Slug)
		assert.NotEmpty(t, m.Title, m.Slug)
		assert.NotEmpty(t, m.OriginalTitle, m.Slug)
		released, err := time.Parse(time.DateOnly, m.ReleaseDate)
		require.NoError(t, err, m.Slug)
		assert.Equal(t, released.Year(), m.Year, m.Slug)
		assert.True(t, m.Year >= 2023 && m.Year <= 2026, m.Slug)
		assert.True(t, m.RuntimeMinutes >= 80 && m.RuntimeMinutes <= 220, m.Slug)
		assert.Regexp(t, systemShape, m.Certificate, m.Slug)
		assert.True(t, m.Popularity > 0 && m.Popularity <= 100, m.Slug)
		assert.NotEmpty(t, m.Genres, m.Slug)
		assert.Contains(t, m.Formats, "2D", m.Slug)
		require.NotEmpty(t, m.Languages, m.Slug)
		for _, language := range m.Languages {
			assert.Regexp(t, languageShape, language, m.Slug)
		}
		assert.NotEmpty(t, m.Synopsis, m.Slug)
		assert.LessOrEqual(t, len(m.Synopsis), 400, m.Slug)
		jobs := map[string]int{}
		for _, c := range m.Cast {
			jobs[c.Job]++
			assert.NotEmpty(t, c.Name, m.Slug)
			assert.NotEmpty(t, c.Role, m.Slug)
		}
		assert.Positive(t, jobs[jobDirector], m.Slug)
		assert.GreaterOrEqual(t, jobs[jobActor], 2, m.Slug)
	}
}

func TestMoviesComeFromManyCinemas(t *testing.T) {
	t.Parallel()
	originals := map[string]int{}
	for _, m := range Movies() {
		originals[m.Languages[0]]++
	}
	for _, language := range []string{"en", "hi", "ta", "te", "ml", "kn", "ko", "ja", "fr", "de"} {
		assert.GreaterOrEqual(t, originals[language], 2, language)
	}
}

func TestCitiesKnowTheirZoneAndMoney(t *testing.T) {
	t.Parallel()
	want := map[string][2]string{
		"mumbai":    {"Asia/Kolkata", "INR"},
		"bengaluru": {"Asia/Kolkata", "INR"},
		"chennai":   {"Asia/Kolkata", "INR"},
		"london":    {"Europe/London", "GBP"},
		"new-york":  {"America/New_York", "USD"},
	}
	got := map[string][2]string{}
	for _, c := range Cities() {
		_, err := time.LoadLocation(c.TimeZone)
		require.NoError(t, err)
		assert.Len(t, c.Country, 2)
		got[c.Slug] = [2]string{c.TimeZone, c.Currency}
	}
	assert.Equal(t, want, got)
}

func TestTheatersStandInTheirCity(t *testing.T) {
	t.Parallel()
	cities := map[uuid.UUID]City{}
	for _, c := range Cities() {
		cities[c.ID] = c
	}
	theaters := Theaters()
	assert.Len(t, theaters, 12)
	id, slug := once[uuid.UUID](t, "theater id"), once[string](t, "theater slug")
	screenID := once[uuid.UUID](t, "screen id")
	screens := 0
	for _, th := range theaters {
		id(th.ID)
		slug(th.Slug)
		assert.Regexp(t, slugShape, th.Slug)
		city, ok := cities[th.CityID]
		require.True(t, ok, th.Slug)
		assert.Equal(t, city.Currency, th.Currency)
		assert.Equal(t, city.TimeZone, th.TimeZone)
		assert.InDelta(t, city.Lat, th.Lat, 0.25, th.Slug)
		assert.InDelta(t, city.Lon, th.Lon, 0.25, th.Slug)
		assert.NotEmpty(t, th.Address)
		assert.Contains(t, th.Accessibility, "step_free_access", th.Slug)
		assert.Contains(t, th.Accessibility, "wheelchair_spaces", th.Slug)
		name := once[string](t, "screen of "+th.Slug)
		for _, s := range th.Screens {
			screenID(s.ID)
			name(s.Name)
			assert.NotEmpty(t, s.Formats)
			screens++
		}
	}
	assert.Equal(t, 40, screens)
}

// Ids are stored in databases that outlive a release, so they may not move.
func TestIDsStayWhatTheyWere(t *testing.T) {
	t.Parallel()
	at := slices.IndexFunc(Movies(), func(m film) bool { return m.Slug == "oppenheimer" })
	require.GreaterOrEqual(t, at, 0)
	assert.Equal(t, "2a997d12-ae56-5011-a6b2-eb38f13e414a", Movies()[at].ID.String())
	assert.Equal(t, "3ed8a347-ca5b-5779-91ef-f3adba0898c7", Cities()[0].ID.String())
	assert.Equal(t, "a2312281-69c3-5863-b049-f73e0cf1b691", Theaters()[0].Screens[0].ID.String())
}

func TestLoginsCoverEveryRole(t *testing.T) {
	t.Parallel()
	var roles []string
	for _, l := range Logins() {
		roles = append(roles, l.Role)
		assert.True(t, strings.HasSuffix(l.Email, "@boxoffice.example"))
		assert.GreaterOrEqual(t, len(l.Password), 12)
		assert.NotEmpty(t, l.Name)
		assert.Regexp(t, `^\+\d{11,13}$`, l.Phone)
	}
	assert.ElementsMatch(t, []string{"customer", "theater_manager", "support", "admin"}, roles)
}
