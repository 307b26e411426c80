package search

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	demo "github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// planted is a city, a theater with a screen, a movie, and three shows: on sale,
// on sale from tomorrow, and over.
const planted = `
	INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon)
		VALUES ('00000000-0000-0000-0000-00000000000a', 'pune', 'Pune', 'IN', 'Asia/Kolkata', 'INR', 18.52, 73.86);
	INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency, accessibility)
		SELECT id, 'lotus', id, 'Lotus', '1 Main Street', 18.5, 73.8, 'Asia/Kolkata', 'INR', '{hearing_loop,captions}' FROM cities;
	INSERT INTO screens (id, theater_id, name) SELECT id, id, 'Screen 1' FROM cities;
	INSERT INTO layouts (id, screen_id, version, layout, capacity) SELECT id, id, 1, '{"rows": [{"seats": [{"type": "wheelchair"}]}]}', 1 FROM cities;
	INSERT INTO movies (id, slug, title, original_title, aliases, year, runtime_minutes, genres, languages, certificate, credits, popularity)
		SELECT id, 'amelie', 'Amélie', 'Le Fabuleux Destin', '{Amelie Poulain}', 2001, 122, '{Romance}', '{fr}', 'MPA R',
			'[{"name": "Audrey Tautou", "role": "Amélie", "job": "actor"}]', 71.5 FROM cities;
	INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language, subtitles,
			captions, audio_description, relaxed, sales_open_at, sales_close_at, currency, prices)
		SELECT gen_random_uuid(), id, id, id, id, now() + starts, now() + starts + interval '2 hours', '2D', 'fr', 'en',
			true, false, true, now() + opens, now() + starts - interval '10 minutes', 'INR', '{"gold": 45000, "silver": 30000}'
		FROM cities, (VALUES (interval '3 days', interval '-1 hour'), (interval '4 days', interval '1 day'),
			(interval '-1 day', interval '-3 days')) AS v (starts, opens)`

func planting(t *testing.T) (*database.DB, *Postgres) {
	t.Helper()
	db := databasetest.New(t)
	execute(t, db, planted)
	return db, NewPostgres(db.Pool, slog.New(slog.DiscardHandler))
}

func execute(t *testing.T, db *database.DB, statement string) {
	t.Helper()
	_, err := db.Pool.Exec(t.Context(), statement)
	require.NoError(t, err)
}

func TestPostgresLoads(t *testing.T) {
	t.Parallel()
	_, source := planting(t)
	version, err := source.version(t.Context())
	require.NoError(t, err)
	s, err := source.load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, version, s.Version)

	require.Len(t, s.Cities, 1)
	require.Len(t, s.Theaters, 1)
	require.Len(t, s.Movies, 1)
	city, theater, movie := s.Cities[0], s.Theaters[0], s.Movies[0]
	assert.Equal(t, City{ID: city.ID, Slug: "pune", Name: "Pune"}, city)
	assert.Equal(t, Theater{ID: city.ID, CityID: city.ID, Slug: "lotus", Name: "Lotus", Address: "1 Main Street",
		Lat: 18.5, Lon: 73.8, TimeZone: "Asia/Kolkata", Accessibility: []string{"hearing_loop", "captions"}}, theater)
	assert.Equal(t, Movie{ID: city.ID, Slug: "amelie", Title: "Amélie", OriginalTitle: "Le Fabuleux Destin",
		Aliases: []string{"Amelie Poulain"}, Year: 2001, Popularity: 71.5, Genres: []string{"Romance"}, Languages: []string{"fr"},
		Certificate: "MPA R", Credits: []Credit{{Name: "Audrey Tautou", Role: "Amélie", Job: "actor"}}}, movie)

	require.Len(t, s.Shows, 2, "not the one that is over")
	for _, show := range s.Shows {
		assert.WithinDuration(t, show.StartsAt.Add(-10*time.Minute), show.SalesCloseAt, time.Millisecond)
		assert.False(t, show.SalesOpenAt.IsZero())
		show.ID, show.StartsAt, show.SalesOpenAt, show.SalesCloseAt = city.ID, time.Time{}, time.Time{}, time.Time{}
		assert.Equal(t, Show{ID: city.ID, MovieID: city.ID, TheaterID: city.ID, Format: "2D", Language: "fr", Subtitles: "en",
			PriceMin: 30000, PriceMax: 45000, Currency: "INR", Access: []string{"captions", "relaxed", "wheelchair_spaces"}}, show)
	}
}

// An accessibility filter must not promise for a show what only the house can do.
func TestAccessibilityIsOfTheShow(t *testing.T) {
	t.Parallel()
	db, source := planting(t)
	shows := func(codes ...string) int {
		s, err := source.load(t.Context())
		require.NoError(t, err)
		a := Build(s).Search(Query{Text: "amelie", Filters: Filters{Access: codes}, Now: time.Now()})
		if len(a.Relaxed) > 0 {
			return 0
		}
		return a.Items[0].Shows
	}
	assert.Equal(t, 1, shows("captions", "relaxed", "wheelchair_spaces", "hearing_loop"))
	assert.Zero(t, shows("audio_description"))
	execute(t, db, `UPDATE shows SET captions = false, audio_description = true`)
	assert.Zero(t, shows("captions"), "though the house says it can")
	assert.Equal(t, 1, shows("audio_description"))
}

func TestWhatWasRetiredIsNotFound(t *testing.T) {
	t.Parallel()
	db, source := planting(t)
	execute(t, db, `UPDATE movies SET retired_at = now(); UPDATE theaters SET retired_at = now()`)
	s, err := source.load(t.Context())
	require.NoError(t, err)
	assert.Empty(t, s.Movies)
	assert.Empty(t, s.Theaters)
	x := Build(s)
	for _, text := range []string{"amelie", "tautou", "lotus", ""} {
		a := x.Search(Query{Text: text, Now: time.Now()})
		assert.Empty(t, len(a.Items)+len(a.People)+len(a.Theaters), text)
		assert.Empty(t, x.Suggest(text, "", time.Now()), text)
	}
}

// Selling begins and ends while the index stays as it is.
func TestOnSaleFollowsTheClock(t *testing.T) {
	t.Parallel()
	_, source := planting(t)
	s, err := source.load(t.Context())
	require.NoError(t, err)
	x := Build(s)
	for after, want := range map[time.Duration]int{
		0: 1, 25 * time.Hour: 2, 71 * time.Hour: 2, 3*24*time.Hour - 5*time.Minute: 1, 5 * 24 * time.Hour: 0,
	} {
		a := x.Search(Query{Text: "amelie", Now: time.Now().Add(after)})
		require.Len(t, a.Items, 1)
		assert.Equal(t, want, a.Items[0].Shows, "after %s", after)
	}
	assert.False(t, x.Suggest("amelie", "", time.Now().Add(5*24*time.Hour))[0].Showing)
	assert.True(t, x.Suggest("amelie", "", time.Now())[0].Showing)
}

func TestEveryChangeOfTheCatalogRaisesTheVersion(t *testing.T) {
	t.Parallel()
	db, source := planting(t)
	before, err := source.version(t.Context())
	require.NoError(t, err)
	for _, change := range []string{
		`UPDATE cities SET name = 'Poona'`, `UPDATE movies SET title = 'Amelie'`, `UPDATE theaters SET name = 'Lily'`,
		`UPDATE screens SET name = 'Screen 2'`, `UPDATE shows SET status = 'cancelled'`,
		`DELETE FROM shows`, `DELETE FROM movies`, `TRUNCATE theaters CASCADE`,
		`INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon) VALUES (gen_random_uuid(), 'x', 'X', 'IN', 'UTC', 'INR', 0, 0)`,
		`INSERT INTO movies (id, slug, title, year, runtime_minutes) VALUES (gen_random_uuid(), 'x', 'X', 2000, 1)`,
	} {
		execute(t, db, change)
		after, err := source.version(t.Context())
		require.NoError(t, err)
		assert.NotEqual(t, before, after, change)
		before = after
	}

	// If a version is visible before its change, the index stays stale forever.
	tx, err := db.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	_, err = tx.Exec(t.Context(), `UPDATE movies SET title = 'Y'`)
	require.NoError(t, err)
	during, err := source.version(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, during)
	require.NoError(t, tx.Commit(t.Context()))
	after, err := source.version(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, before, after)
}

// Transactions that write the catalog in several statements meet others that write in
// another order.
func TestWritersOfTheCatalogDoNotDeadlock(t *testing.T) {
	t.Parallel()
	db, _ := planting(t)
	first, err := db.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = first.Rollback(context.Background()) }()
	_, err = first.Exec(t.Context(), `UPDATE movies SET title = 'A'`)
	require.NoError(t, err)
	second := make(chan error, 1)
	go func() {
		_, err := db.Pool.Exec(t.Context(), `UPDATE shows SET format = '3D'`)
		second <- err
	}()
	require.Eventually(t, func() bool {
		var waits bool
		return db.Pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted
			AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database()))`).Scan(&waits) == nil && waits
	}, soon, often)
	_, err = first.Exec(t.Context(), `UPDATE shows SET format = 'IMAX'`)
	require.NoError(t, err)
	require.NoError(t, first.Commit(t.Context()))
	assert.NoError(t, <-second)
}

// The poll is too slow to help here, so every change is found by a hint, also
// after quiet times and after the listening connection was cut.
func TestHintsBringChanges(t *testing.T) {
	t.Parallel()
	db, source := planting(t)
	source.quiet = 10 * time.Millisecond
	e := run(t, source, source.Hints(t.Context()), time.Hour)
	awaitTitle := func(title string, within time.Duration) {
		t.Helper()
		require.Eventually(t, func() bool { return len(e.Index().Search(Query{Text: title}).Items) == 1 }, within, often, title)
	}
	awaitTitle("Amélie", soon)
	execute(t, db, `UPDATE movies SET title = 'Zanzibar Express'`)
	awaitTitle("Zanzibar Express", 2*time.Second)

	const listener = `FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '% listening'`
	require.Eventually(t, func() bool {
		var last string
		return db.Pool.QueryRow(t.Context(), `SELECT query `+listener).Scan(&last) == nil && !strings.HasPrefix(last, "LISTEN")
	}, soon, often, "it was quiet, and asked")
	execute(t, db, `UPDATE movies SET title = 'Nimbus Garden'`)
	awaitTitle("Nimbus Garden", 2*time.Second)

	var ended bool
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT pg_terminate_backend(pid) `+listener).Scan(&ended))
	require.True(t, ended)
	execute(t, db, `UPDATE movies SET title = 'Quixotic Voyage'`)
	awaitTitle("Quixotic Voyage", 2*soon)
}

func TestPollBringsChangesWithoutHints(t *testing.T) {
	t.Parallel()
	db, source := planting(t)
	e := run(t, source, nil, 20*time.Millisecond)
	execute(t, db, `UPDATE movies SET title = 'Zanzibar Express'`)
	require.Eventually(t, func() bool { return len(e.Index().Search(Query{Text: "Zanzibar Express"}).Items) == 1 }, soon, often)
}

// Two replicas follow one writer within 2 s, by hints and by the poll alone. A
// loaded machine gets three tries at being in time; being right it gets none.
func TestReplicasFollowAWriter(t *testing.T) {
	t.Parallel()
	for name, hinted := range map[string]bool{"by hints": true, "by the poll alone": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, source := planting(t)
			var replicas []*Engine
			for range 2 {
				var hints <-chan struct{}
				poll := Poll
				if hinted {
					hints, poll = source.Hints(t.Context()), time.Hour
				}
				replicas = append(replicas, run(t, source, hints, poll))
			}
			for _, e := range replicas {
				require.Eventually(t, func() bool { return len(e.Index().Search(Query{Text: "Amélie"}).Items) == 1 }, soon, often)
			}
			var took time.Duration
			for _, title := range []string{"Zanzibar Express", "Nimbus Garden", "Quixotic Voyage"} {
				changed := time.Now()
				execute(t, db, `UPDATE movies SET title = '`+title+`'`)
				for _, e := range replicas {
					require.Eventually(t, func() bool {
						a := e.Index().Search(Query{Text: title})
						return len(a.Items) == 1 && a.Items[0].Title == title
					}, 2*soon, often)
				}
				if took = time.Since(changed); took <= 2*time.Second {
					break
				}
			}
			assert.LessOrEqual(t, took, 2*time.Second)
			assert.Equal(t, replicas[0].version(), replicas[1].version())
		})
	}
}

func TestReadyOnceLoaded(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	source, e := NewPostgres(db.Pool, slog.New(slog.DiscardHandler)), NewEngine(slog.New(slog.DiscardHandler))
	require.Error(t, e.Ready(t.Context()))
	require.NoError(t, e.Refresh(t.Context(), source))
	assert.NoError(t, e.Ready(t.Context()), "an empty catalog is one, too")

	require.NoError(t, demo.SeedFor(t.Context(), db, time.Now(), 1, nil))
	require.NoError(t, e.Refresh(t.Context(), source))
	city, known := e.Index().City("mumbai")
	require.True(t, known)
	byID, known := e.Index().City(city.ID.String())
	assert.True(t, known)
	assert.Equal(t, city, byID)
	_, known = e.Index().City("atlantis")
	assert.False(t, known)
	assert.NotEmpty(t, e.Index().Search(Query{Filters: Filters{City: "mumbai"}}).Items)
}
