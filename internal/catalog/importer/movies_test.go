package importer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/catalog/importer"
	"github.com/boxoffice/boxoffice/internal/database"
	"github.com/boxoffice/boxoffice/internal/database/databasetest"
	"github.com/boxoffice/boxoffice/schema"
)

const wholeMovie = `{"slug":"spirited-away","title":" Spirited Away ","original_title":"千と千尋の神隠し","aliases":["Sen to Chihiro","Sen to Chihiro"],` +
	`"year":2001,"release_date":"2001-07-20","runtime_minutes":125,"genres":["Fantasy","Adventure"],"languages":["JA","en"],"certificate":"PG",` +
	`"credits":[{"name":"Hayao Miyazaki","role":"","job":"Director"},{"name":"Rumi Hiiragi","role":"Chihiro"}],"synopsis":"A girl.\r\nA bathhouse.",` +
	`"popularity":91.5,"trailer_url":"https://example.com/trailer","poster_url":"https://example.com/poster.jpg"}`

func movie(t *testing.T, db *database.DB, slug string) schema.Movie {
	t.Helper()
	var m schema.Movie
	require.NoError(t, db.Bun.NewSelect().Model(&m).Where("slug = ?", slug).Scan(t.Context()))
	return m
}

func slugs(t *testing.T, db *database.DB) []string {
	return query[[]string](t, db, `SELECT coalesce(array_agg(slug ORDER BY created_at, slug), '{}') FROM movies`)
}

func TestMovieOfEveryField(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	r := load(t, db, wholeMovie, importer.Options{Kind: importer.Movies})
	require.Empty(t, r.problems)
	assert.Equal(t, importer.Summary{Added: 1, Written: true}, r.Summary)

	m := movie(t, db, "spirited-away")
	day := time.Date(2001, 7, 20, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, schema.Movie{
		ID: m.ID, Slug: "spirited-away", Title: "Spirited Away", OriginalTitle: "千と千尋の神隠し", Aliases: []string{"Sen to Chihiro"},
		Year: 2001, ReleaseDate: &day, RuntimeMinutes: 125, Genres: []string{"Fantasy", "Adventure"}, Languages: []string{"ja", "en"},
		Certificate: "PG", Credits: []schema.Credit{{Name: "Hayao Miyazaki", Job: "director"}, {Name: "Rumi Hiiragi", Role: "Chihiro", Job: "actor"}},
		Synopsis: "A girl.\nA bathhouse.", Popularity: 91.5, TrailerURL: "https://example.com/trailer", PosterURL: "https://example.com/poster.jpg",
		CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}, m)
}

func TestMovieOfACSV(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	content, o := csvOf(importer.Movies,
		"\ufeffTitle,year,Cast,genres,languages,runtime_minutes,popularity,synopsis,release_date\r",
		"\"Eyes, \"\"Wide\"\" Shut\",1999,Nicole Kidman | Tom Cruise,Drama|Mystery,en,159,50.5,\"Two\r",
		"lines\",\r",
		"\r",
		",,,,,,,,\r",
		"Ran,,,,,,,,1985-06-01\r",
	)
	r := load(t, db, content, o)
	require.Empty(t, r.problems)
	assert.EqualValues(t, 2, r.Added)

	twice, _ := csvOf(importer.Movies, "title,year,slug", "a,1999,a", "b,1999,a")
	assert.Equal(t, []string{"3:3: slug: Line 2 is about this film already."}, load(t, db, twice, o).problems)

	m := movie(t, db, "eyes-wide-shut")
	assert.Equal(t, `Eyes, "Wide" Shut`, m.Title)
	assert.Equal(t, []schema.Credit{{Name: "Nicole Kidman", Job: "actor"}, {Name: "Tom Cruise", Job: "actor"}}, m.Credits)
	assert.Equal(t, []string{"Drama", "Mystery"}, m.Genres)
	assert.Equal(t, "Two\nlines", m.Synopsis)
	assert.Equal(t, 159, m.RuntimeMinutes)
	assert.InDelta(t, 50.5, m.Popularity, 0)
	assert.Equal(t, 1985, movie(t, db, "ran").Year, "of the day of release")
}

func TestMovieIsChangedOnlyInWhatIsSaid(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	load(t, db, wholeMovie, importer.Options{Kind: importer.Movies})
	before := movie(t, db, "spirited-away")

	r := load(t, db, `{"title":"SPIRITED AWAY","year":2001,"synopsis":"","genres":null,"runtime_minutes":124,"release_date":""}`, importer.Options{Kind: importer.Movies})
	assert.EqualValues(t, 1, r.Changed)
	after := movie(t, db, "spirited-away")
	assert.True(t, after.UpdatedAt.After(before.UpdatedAt))
	before.Title, before.Synopsis, before.RuntimeMinutes, before.ReleaseDate, before.UpdatedAt = "SPIRITED AWAY", "", 124, nil, after.UpdatedAt
	assert.Equal(t, before, after)

	r = load(t, db, `{"title":"Spirited Away","year":2001,"cast":["Miyu Irino","Rumi Hiiragi"]}`, importer.Options{Kind: importer.Movies})
	assert.EqualValues(t, 1, r.Changed)
	assert.Equal(t, []schema.Credit{
		{Name: "Hayao Miyazaki", Job: "director"}, {Name: "Miyu Irino", Job: "actor"}, {Name: "Rumi Hiiragi", Role: "Chihiro", Job: "actor"},
	}, movie(t, db, "spirited-away").Credits, "names alone know nothing of the crew nor of roles")

	r = load(t, db, `{"title":"Spirited Away","year":2001,"cast":[]}`, importer.Options{Kind: importer.Movies})
	assert.EqualValues(t, 1, r.Changed)
	assert.Equal(t, []schema.Credit{{Name: "Hayao Miyazaki", Job: "director"}}, movie(t, db, "spirited-away").Credits)
}

func TestWhichFilmALineIsAbout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		there, lines []string
		slugs        []string // afterwards
		sum          importer.Summary
		problems     []string
	}{
		"case, accents and spaces make no other film": {
			there: []string{`{"title":"Amélie","year":2001}`}, lines: []string{`{"title":"AMELIE ","year":2001}`},
			slugs: []string{"amelie"}, sum: importer.Summary{Changed: 1},
		},
		"a mark that is a letter does": {
			there: []string{`{"title":"कल","year":2001}`}, lines: []string{`{"title":"कुल","year":2001}`},
			slugs: []string{"kl", "kul"}, sum: importer.Summary{Added: 1},
		},
		"another year does": {
			there: []string{`{"title":"King Kong","year":1933}`}, lines: []string{`{"title":"King Kong","year":1976}`, `{"title":"King Kong","year":2005}`},
			slugs: []string{"king-kong", "king-kong-1976", "king-kong-2005"}, sum: importer.Summary{Added: 2},
		},
		"two casts without a common name": {
			lines: []string{`{"title":"Swan Song","year":2021,"cast":["Udo Kier"]}`, `{"title":"Swan Song","year":2021,"cast":["Mahershala Ali"]}`, `{"title":"Swan Song","year":2021,"cast":["Somebody"]}`},
			slugs: []string{"swan-song", "swan-song-2021", "swan-song-2021-2"}, sum: importer.Summary{Added: 3},
		},
		"two casts with one": {
			lines: []string{`{"title":"Doctor Parnassus","year":2009,"cast":["Heath Ledger","Jude Law"]}`, `{"title":"Doctor Parnassus","year":2009,"cast":["HEATH LEDGER","Verne Troyer"]}`},
			slugs: []string{"doctor-parnassus"}, sum: importer.Summary{Added: 1, Repeated: 1},
			problems: []string{"2: note: Is the film of line 1 again, and was left out."},
		},
		"no cast is no other cast": {
			lines: []string{`{"title":"Anvil","year":2009,"cast":[]}`, `{"title":"Anvil","year":2009,"cast":["Lips"]}`},
			slugs: []string{"anvil"}, sum: importer.Summary{Added: 1, Repeated: 1},
			problems: []string{"2: note: Is the film of line 1 again, and was left out."},
		},
		"the one with the same people": {
			there: []string{`{"title":"Swan Song","year":2021,"cast":["Udo Kier"]}`, `{"title":"Swan Song","year":2021,"cast":["Mahershala Ali"]}`},
			lines: []string{`{"title":"Swan Song","year":2021,"cast":["Mahershala Ali","Naomie Harris"]}`, `{"title":"Swan Song","year":2021,"cast":["Udo Kier","Jennifer Coolidge"]}`},
			slugs: []string{"swan-song", "swan-song-2021"}, sum: importer.Summary{Changed: 2},
		},
		"another cast does not take a film over": {
			there: []string{`{"title":"Swan Song","year":2021,"cast":["Udo Kier"]}`}, lines: []string{`{"title":"Swan Song","year":2021,"cast":["Mahershala Ali"]}`},
			slugs: []string{"swan-song", "swan-song-2021"}, sum: importer.Summary{Added: 1},
		},
		"a slug says which": {
			there: []string{`{"title":"Alien","year":1979}`}, lines: []string{`{"slug":"alien","title":"Alien: Director's Cut","year":2003}`, `{"slug":"alien-again","title":"Alien","year":1979}`},
			slugs: []string{"alien", "alien-again"}, sum: importer.Summary{Added: 1, Changed: 1},
		},
		"a slug twice": {
			lines: []string{`{"slug":"alien","title":"Alien","year":1979}`, `{"slug":"alien","title":"Alien","year":1980}`, `{"title":"alien","year":1979}`},
			slugs: []string{"alien"}, sum: importer.Summary{Added: 1, Refused: 1, Repeated: 1},
			problems: []string{"2: slug: Line 1 is about this film already.", "3: note: Is the film of line 1 again, and was left out."},
		},
		"names in addresses": {
			lines: []string{
				`{"title":"Adam's Woman & Co_2","year":1970}`, `{"title":"七人の侍","year":1954}`, `{"title":"Солярис","year":1972}`, `{"title":"???","year":1999}`,
				`{"title":"!!!","year":1999}`, `{"title":"Œuvre Ærø ß","year":1999}`, `{"title":"` + strings.Repeat("very ", 40) + `long","year":1999}`,
				`{"title":"00000000-0000-0000-0000-000000000000","year":2000}`,
			},
			slugs: []string{"adams-woman-and-co-2", "movie-1999", "movie-1999-2", "movie-2000", "oeuvre-aero-ss", "qi-ren-noshi", "soliaris", strings.TrimSuffix(strings.Repeat("very-", 16), "-")},
			sum:   importer.Summary{Added: 8},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := databasetest.New(t)
			if len(c.there) > 0 {
				content, o := movies(c.there...)
				require.Empty(t, load(t, db, content, o).problems)
			}
			content, o := movies(c.lines...)
			r := load(t, db, content, o)
			c.sum.Written = true
			assert.Equal(t, c.sum, r.Summary)
			assert.Equal(t, c.problems, r.problems)
			assert.ElementsMatch(t, c.slugs, slugs(t, db))

			// The same lines again, though in another file, find the same films.
			again := load(t, db, content+"\n\n", o)
			assert.Zero(t, again.Added)
			assert.Zero(t, again.Changed)
			assert.Equal(t, c.sum.Added+c.sum.Changed, again.Unchanged)
		})
	}
}
