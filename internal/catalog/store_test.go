package catalog_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/catalog/demo"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

// counter counts statements.
type counter struct{ n atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}
func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// The demo world is only read here, so that the subtests share one.
func TestReadsOfTheDemoWorld(t *testing.T) {
	t.Parallel()
	statements := &counter{}
	db, err := database.Open(t.Context(), databasetest.URL(t), database.WithTracer(statements))
	require.NoError(t, err)
	t.Cleanup(db.Close)
	seed(t, db, time.Now())
	store := catalog.New(db)

	t.Run("cities", func(t *testing.T) {
		cities, err := store.Cities(t.Context())
		require.NoError(t, err)
		require.Len(t, cities, len(demo.Cities()))
		assert.True(t, slices.IsSortedFunc(cities, func(a, b catalog.City) int { return strings.Compare(a.Name, b.Name) }))
	})
	t.Run("movies", func(t *testing.T) { readMovies(t, store) })
	t.Run("filters", func(t *testing.T) { filterMovies(t, store) })
	t.Run("theaters", func(t *testing.T) { readTheaters(t, store) })
	t.Run("shows", func(t *testing.T) { readShows(t, store) })
	t.Run("statements", func(t *testing.T) { countStatements(t, store, statements) })
	t.Run("refusals", func(t *testing.T) { refuse(t, store) })
	t.Run("slugs", func(t *testing.T) { listSlugs(t, store) })
}

func readMovies(t *testing.T, store *catalog.Store) {
	readers := collate.New(language.Und, collate.Numeric)
	inOrder := map[string]func(a, b catalog.Movie) int{
		"": func(catalog.Movie, catalog.Movie) int { return 0 }, // popularity is not told
		"title": func(a, b catalog.Movie) int {
			return readers.CompareString(a.Title, b.Title)
		},
		"release_date": func(a, b catalog.Movie) int { return -strings.Compare(a.ReleaseDate, b.ReleaseDate) },
	}
	for sort, compare := range inOrder {
		movies := allMovies(t, store, catalog.MovieFilter{Sort: sort, Limit: 7})
		assert.Len(t, movies, len(demo.Movies()), "every page together, sort %q", sort)
		seen := map[uuid.UUID]bool{}
		for i, movie := range movies {
			assert.False(t, seen[movie.ID], "%s comes twice", movie.Title)
			seen[movie.ID] = true
			if i > 0 {
				assert.LessOrEqual(t, compare(movies[i-1], movie), 0, "%s before %s", movies[i-1].Title, movie.Title)
			}
		}
	}
	popular := allMovies(t, store, catalog.MovieFilter{})
	by := map[uuid.UUID]float64{}
	for _, movie := range demo.Movies() {
		by[movie.ID] = movie.Popularity
	}
	assert.True(t, slices.IsSortedFunc(popular, func(a, b catalog.Movie) int { return int(by[b.ID] - by[a.ID]) }))

	for _, key := range []string{popular[0].ID.String(), popular[0].Slug} {
		movie, err := store.Movie(t.Context(), key)
		require.NoError(t, err)
		assert.Equal(t, popular[0].Slug, movie.Slug)
		assert.NotEmpty(t, movie.Credits)
		assert.Equal(t, popular[0].Formats, movie.Formats)
	}
}

func filterMovies(t *testing.T, store *catalog.Store) {
	all := allMovies(t, store, catalog.MovieFilter{})
	drama := allMovies(t, store, catalog.MovieFilter{Genre: "drama"})
	assert.Less(t, len(drama), len(all))
	for _, movie := range drama {
		assert.Contains(t, movie.Genres, "Drama")
	}
	for _, movie := range allMovies(t, store, catalog.MovieFilter{Certificate: "mpa pg-13"}) {
		assert.Equal(t, "MPA PG-13", movie.Certificate)
	}
	for _, movie := range allMovies(t, store, catalog.MovieFilter{Language: "ta"}) {
		assert.Contains(t, movie.Languages, "ta")
	}

	tomorrow := time.Now().In(zone(t, "Asia/Kolkata")).AddDate(0, 0, 1).Format(time.DateOnly)
	filter := catalog.MovieFilter{City: "mumbai", Date: tomorrow, Format: "IMAX", Language: "hi"}
	want := map[string]bool{}
	theaters := map[uuid.UUID]bool{}
	slugs := map[uuid.UUID]string{}
	for _, theater := range demo.Theaters() {
		theaters[theater.ID] = theater.TimeZone == "Asia/Kolkata" && theater.CityID == demo.Cities()[0].ID
	}
	for _, movie := range demo.Movies() {
		slugs[movie.ID] = movie.Slug
	}
	for _, show := range demo.Program(time.Now(), seedDays) {
		if theaters[show.TheaterID] && show.Format == "IMAX" && show.Language == "hi" &&
			show.StartsAt.In(zone(t, "Asia/Kolkata")).Format(time.DateOnly) == tomorrow {
			want[slugs[show.MovieID]] = true
		}
	}
	got := map[string]bool{}
	for _, movie := range allMovies(t, store, filter) {
		got[movie.Slug] = true
		assert.Contains(t, movie.Formats, "IMAX")
		require.NotNil(t, movie.NextShowAt)
		assert.Equal(t, tomorrow, movie.NextShowAt.In(zone(t, "Asia/Kolkata")).Format(time.DateOnly))
	}
	assert.Equal(t, want, got)
	assert.Empty(t, allMovies(t, store, catalog.MovieFilter{City: "mumbai", Date: "2020-01-01"}))
}

func readTheaters(t *testing.T, store *catalog.Store) {
	all := allTheaters(t, store, catalog.TheaterFilter{Limit: 5})
	require.Len(t, all, len(demo.Theaters())+1) // and the one that sells from its own system
	assert.True(t, slices.IsSortedFunc(all, func(a, b catalog.Theater) int { return strings.Compare(a.Name, b.Name) }))
	assert.Nil(t, all[0].DistanceKM)

	near := allTheaters(t, store, catalog.TheaterFilter{Near: "51.5072, -0.1276", Limit: 5})
	require.Len(t, near, len(all))
	assert.Equal(t, "london", near[0].City)
	assert.Less(t, *near[0].DistanceKM, 30.0)
	last := near[len(near)-1]
	// London to Chennai is about 8,200 km.
	assert.Equal(t, "chennai", last.City)
	assert.InDelta(t, 8200, *last.DistanceKM, 100)
	for i := 1; i < len(near); i++ {
		assert.LessOrEqual(t, *near[i-1].DistanceKM, *near[i].DistanceKM)
	}
	for _, theater := range allTheaters(t, store, catalog.TheaterFilter{City: "chennai"}) {
		assert.Equal(t, "chennai", theater.City)
	}

	one := demo.Theaters()[0]
	theater, err := store.Theater(t.Context(), one.Slug)
	require.NoError(t, err)
	require.Len(t, theater.Screens, len(one.Screens))
	for _, screen := range theater.Screens {
		at := slices.IndexFunc(one.Screens, func(s demo.Screen) bool { return s.ID == screen.ID })
		assert.Equal(t, one.Screens[at].Layout.Capacity(), screen.Capacity)
	}
}

func readShows(t *testing.T, store *catalog.Store) {
	popular, _, err := store.Movies(t.Context(), catalog.MovieFilter{City: "mumbai", Limit: 1})
	require.NoError(t, err)
	all, err := store.MovieShows(t.Context(), popular[0].Slug, "", "")
	require.NoError(t, err)
	mumbai, err := store.MovieShows(t.Context(), popular[0].ID.String(), "mumbai", "")
	require.NoError(t, err)
	assert.Equal(t, catalog.SummaryOf(popular[0]), mumbai.Movie)
	assert.GreaterOrEqual(t, len(all.Items), len(mumbai.Items))
	require.NotEmpty(t, mumbai.Items)

	house := mumbai.Items[0]
	shows, err := store.TheaterShows(t.Context(), house.Theater.Slug, "")
	require.NoError(t, err)
	at := slices.IndexFunc(shows.Items, func(g catalog.MovieGroup) bool { return g.Movie.ID == popular[0].ID })
	require.GreaterOrEqual(t, at, 0)
	assert.Equal(t, house.Shows, shows.Items[at].Shows, "both ways lead to the same shows")
	assert.True(t, slices.IsSortedFunc(house.Shows, func(a, b catalog.Show) int { return a.StartsAt.Compare(b.StartsAt) }))

	show, err := store.Show(t.Context(), house.Shows[0].ID.String())
	require.NoError(t, err)
	assert.Equal(t, house.Shows[0], catalog.ShowOf(show))
	assert.Equal(t, house.Theater, show.Theater)
	assert.Equal(t, catalog.SummaryOf(popular[0]), show.Movie)
	assert.Equal(t, show.StartsAt.In(zone(t, "Asia/Kolkata")).Format("2006-01-02T15:04:05"), show.LocalTime)
	for _, price := range show.Prices {
		assert.Equal(t, "INR", price.Currency)
		assert.Positive(t, price.Amount)
	}
}

// A list costs the same however long it is.
func countStatements(t *testing.T, store *catalog.Store, statements *counter) {
	movie, theater := demo.Movies()[0].Slug, demo.Theaters()[0].Slug
	for name, test := range map[string]struct {
		most int64
		read func() error
	}{
		"movies":        {1, func() error { _, _, err := store.Movies(t.Context(), catalog.MovieFilter{Limit: 100}); return err }},
		"movies of":     {2, func() error { _, _, err := store.Movies(t.Context(), catalog.MovieFilter{City: "mumbai"}); return err }},
		"movie":         {2, func() error { _, err := store.Movie(t.Context(), movie); return err }},
		"movie shows":   {4, func() error { _, err := store.MovieShows(t.Context(), movie, "mumbai", ""); return err }},
		"theaters":      {1, func() error { _, _, err := store.Theaters(t.Context(), catalog.TheaterFilter{}); return err }},
		"theater":       {3, func() error { _, err := store.Theater(t.Context(), theater); return err }},
		"home":          {2, func() error { _, err := store.Home(t.Context(), "mumbai", ""); return err }},
		"theater shows": {4, func() error { _, err := store.TheaterShows(t.Context(), theater, ""); return err }},
	} {
		before := statements.n.Load()
		require.NoError(t, test.read(), name)
		assert.LessOrEqual(t, statements.n.Load()-before, test.most, name)
	}
}

func refuse(t *testing.T, store *catalog.Store) {
	_, foreign, err := store.Movies(t.Context(), catalog.MovieFilter{Sort: "title", Limit: 1})
	require.NoError(t, err)
	forge := func(order, key string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(`{"o":"` + order + `","k":"` + key + `","i":"` + uuid.NewString() + `"}`))
	}
	for name, test := range map[string]struct {
		filter catalog.MovieFilter
		fields []string
	}{
		"sort":                    {catalog.MovieFilter{Sort: "price"}, []string{"sort"}},
		"city":                    {catalog.MovieFilter{City: "atlantis"}, []string{"city"}},
		"city id":                 {catalog.MovieFilter{City: uuid.NewString()}, []string{"city"}},
		"city is not text":        {catalog.MovieFilter{City: "\xff"}, []string{"city"}},
		"date":                    {catalog.MovieFilter{Date: "29.3.2026"}, []string{"date"}},
		"no such day":             {catalog.MovieFilter{Date: "2026-02-30"}, []string{"date"}},
		"genre is not text":       {catalog.MovieFilter{Genre: "a\x00b"}, []string{"genre"}},
		"cursor":                  {catalog.MovieFilter{Cursor: "x"}, []string{"cursor"}},
		"cursor of another order": {catalog.MovieFilter{Cursor: foreign}, []string{"cursor"}},
		"forged number":           {catalog.MovieFilter{Cursor: forge("popularity", "much")}, []string{"cursor"}},
		"hexadecimal number":      {catalog.MovieFilter{Cursor: forge("popularity", "0x1p-2")}, []string{"cursor"}},
		"forged day":              {catalog.MovieFilter{Sort: "release_date", Cursor: forge("release_date", "0000-01-01")}, []string{"cursor"}},
		"year 0":                  {catalog.MovieFilter{Date: "0000-01-01"}, []string{"date"}},
		"all at once":             {catalog.MovieFilter{Sort: "x", City: "x", Date: "x"}, []string{"sort", "date", "city"}},
	} {
		_, _, err := store.Movies(t.Context(), test.filter)
		assert.Equal(t, test.fields, fieldsOf(t, err), name)
	}
	for _, near := range []string{"here", "1", "91,0", "0,181", "NaN,0", "1,2,3", "Inf,0"} {
		_, _, err := store.Theaters(t.Context(), catalog.TheaterFilter{Near: near})
		assert.Equal(t, []string{"near"}, fieldsOf(t, err), near)
	}
	_, err = store.MovieShows(t.Context(), demo.Movies()[0].Slug, "atlantis", "today")
	assert.Equal(t, []string{"date", "city"}, fieldsOf(t, err))
	_, err = store.TheaterShows(t.Context(), demo.Theaters()[0].Slug, "today")
	assert.Equal(t, []string{"date"}, fieldsOf(t, err))

	for name, test := range map[string]struct {
		city, date string
		fields     []string
	}{
		"no city":           {"", "", []string{"city"}},
		"unknown city":      {"atlantis", "", []string{"city"}},
		"unknown id":        {uuid.NewString(), "", []string{"city"}},
		"city is not text":  {"\xff", "", []string{"city"}},
		"date":              {"mumbai", "29.3.2026", []string{"date"}},
		"neither":           {"", "today", []string{"date", "city"}},
		"both":              {"atlantis", "today", []string{"date", "city"}},
		"no letter quoting": {"'; DROP TABLE cities; --", "", []string{"city"}},
	} {
		_, err := store.Home(t.Context(), test.city, test.date)
		assert.Equal(t, test.fields, fieldsOf(t, err), "home: %s", name)
	}

	for _, key := range []string{"nothing", "", "\x00", "\xff", uuid.NewString(), "'; DROP TABLE movies; --", "?", `\`} {
		_, movie := store.Movie(t.Context(), key)
		_, movieShows := store.MovieShows(t.Context(), key, "", "")
		_, theater := store.Theater(t.Context(), key)
		_, theaterShows := store.TheaterShows(t.Context(), key, "")
		_, show := store.Show(t.Context(), key)
		for _, err := range []error{movie, movieShows, theater, theaterShows, show} {
			assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err), "%q", key)
		}
	}
}

func allMovies(t *testing.T, store *catalog.Store, filter catalog.MovieFilter) []catalog.Movie {
	t.Helper()
	var all []catalog.Movie
	for {
		items, next, err := store.Movies(t.Context(), filter)
		require.NoError(t, err)
		all = append(all, items...)
		if filter.Cursor = next; next == "" {
			return all
		}
	}
}

func allTheaters(t *testing.T, store *catalog.Store, filter catalog.TheaterFilter) []catalog.Theater {
	t.Helper()
	var all []catalog.Theater
	for {
		items, next, err := store.Theaters(t.Context(), filter)
		require.NoError(t, err)
		all = append(all, items...)
		if filter.Cursor = next; next == "" {
			return all
		}
	}
}

func fieldsOf(t *testing.T, err error) []string {
	t.Helper()
	var refused *booking.Error
	require.True(t, errors.As(err, &refused), "%v", err)
	require.Equal(t, booking.CodeValidation, refused.Code)
	var fields []string
	for _, f := range refused.Fields {
		fields = append(fields, f.Field)
	}
	return fields
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	require.NoError(t, err)
	return location
}

func keysOf(t *testing.T, value any) []string {
	t.Helper()
	content, err := json.Marshal(value)
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal(content, &object))
	var keys []string
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Films are listed by title as staff see them: letters with marks beside those without,
// numbers by their value, page by page.
func TestTitlesAreInTheOrderOfUnicode(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	want := []string{"Álamo", "Beta 2", "beta 10", "éclair", "Łódź", "Lotus", "Zebra"}
	for _, title := range []string{"Zebra", "Łódź", "beta 10", "Álamo", "Lotus", "Beta 2", "éclair"} {
		_, err := db.Pool.Exec(t.Context(), `INSERT INTO movies (id, slug, title, year, runtime_minutes) VALUES (gen_random_uuid(), md5($1), $1, 2020, 90)`, title)
		require.NoError(t, err)
	}
	var titles []string
	for cursor := ""; len(titles) == 0 || cursor != ""; {
		page, next, err := catalog.New(db).Movies(t.Context(), catalog.MovieFilter{Sort: "title", Limit: 2, Cursor: cursor})
		require.NoError(t, err)
		for _, movie := range page {
			titles = append(titles, movie.Title)
		}
		cursor = next
	}
	assert.Equal(t, want, titles)
}

func listSlugs(t *testing.T, store *catalog.Store) {
	movies, theaters, err := store.Slugs(t.Context(), 1000)
	require.NoError(t, err)
	var popular []string
	for _, movie := range allMovies(t, store, catalog.MovieFilter{}) {
		popular = append(popular, movie.Slug)
	}
	assert.Equal(t, popular, movies)
	assert.Len(t, theaters, len(demo.Theaters())+1)
	few, _, err := store.Slugs(t.Context(), 3)
	require.NoError(t, err)
	assert.Equal(t, popular[:3], few)
}
