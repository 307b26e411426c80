package staff_test

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
	"github.com/boxoffice/boxoffice/schema"
)

func TestMovieFromCreationToRestoration(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	created, err := o.store.CreateMovie(t.Context(), o.admin, rules.Movie{
		Title: new("  Amélie "), OriginalTitle: new("Le Fabuleux Destin d'Amélie Poulain"), Aliases: &[]string{"अमेली", "アメリ", "अमेली"},
		ReleaseDate: new("2001-04-25"), RuntimeMinutes: new(122), Genres: &[]string{"Romance"}, Languages: &[]string{"FR", "zh-hant"},
		Certificate: new("MPA R"), Credits: &[]schema.Credit{{Name: "Audrey Tautou", Role: "Amélie", Job: "Actor"}, {Name: "Yann Tiersen", Job: "composer"}},
		Synopsis: new("A waitress\r\nmends lives."), Popularity: new(71.5), PosterURL: new("https://IMAGES.example/a.jpg"),
	})
	require.NoError(t, err)
	assert.Equal(t, "Amélie", created.Title)
	assert.Equal(t, "amelie", created.Slug)
	assert.Equal(t, []string{"अमेली", "アメリ"}, created.Aliases)
	assert.Equal(t, 2001, created.Year, "the release date tells")
	assert.Equal(t, []string{"fr", "zh-Hant"}, created.Languages)
	assert.Equal(t, "actor", created.Credits[0].Job)
	assert.Equal(t, "A waitress\nmends lives.", created.Synopsis)
	assert.Equal(t, "https://images.example/a.jpg", created.PosterURL)

	read, err := o.store.Movie(t.Context(), created.ID)
	require.NoError(t, err)
	assert.Equal(t, rendered(t, created), rendered(t, read))

	changed, err := o.store.EditMovie(t.Context(), o.admin, created.ID,
		rules.Movie{Title: new("Amelie"), ReleaseDate: new(""), PosterURL: new(""), Aliases: &[]string{}}, nil)
	require.NoError(t, err)
	assert.Equal(t, "amelie", changed.Slug, "links live on")
	assert.Empty(t, changed.ReleaseDate)
	assert.Empty(t, changed.PosterURL)
	assert.Empty(t, changed.Aliases)
	assert.Equal(t, created.Synopsis, changed.Synopsis, "what is left out stays")
	assert.Equal(t, created.CreatedAt, changed.CreatedAt)
	assert.True(t, changed.UpdatedAt.After(created.UpdatedAt))

	again, err := o.store.EditMovie(t.Context(), o.admin, created.ID, rules.Movie{Title: new("Amelie ")}, nil)
	require.NoError(t, err)
	assert.Equal(t, changed, again, "the same once more is no change")
	for range 2 { // the second time there is nothing to do
		retired, err := o.store.RetireMovie(t.Context(), o.admin, created.ID, nil)
		require.NoError(t, err)
		assert.NotNil(t, retired.RetiredAt)
	}
	for range 2 {
		restored, err := o.store.RestoreMovie(t.Context(), o.admin, created.ID, nil)
		require.NoError(t, err)
		assert.Nil(t, restored.RetiredAt)
	}

	log := o.log("movie", created.ID)
	require.Len(t, log, 4)
	for i, action := range []string{"restore", "retire", "change", "create"} {
		assert.Equal(t, action, log[i].Action)
		assert.Equal(t, o.admin.AccountID, *log[i].ActorID)
		assert.Equal(t, "admin", log[i].ActorRole)
		assert.Equal(t, "request-admin", log[i].RequestID)
		assert.Nil(t, log[i].TheaterID)
	}
	assert.Equal(t, "null", string(log[3].Before))
	assert.JSONEq(t, rendered(t, created), string(log[3].After))
	assert.JSONEq(t, rendered(t, created), string(log[2].Before))
	assert.JSONEq(t, rendered(t, changed), string(log[2].After))
}

func TestMovieNamesEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, err := o.store.CreateMovie(t.Context(), o.admin, rules.Movie{
		Title: new(" "), Aliases: &[]string{"fine", "two\nlines"}, Year: new(1700), ReleaseDate: new("2001-13-01"), RuntimeMinutes: new(-1),
		Genres: &[]string{strings.Repeat("x", 61)}, Languages: &[]string{"fr", "nonsense-language"}, Certificate: new("\u202eR"),
		Credits:  &[]schema.Credit{{Name: "A", Job: "actor"}, {Name: "B"}, {Name: "", Job: "actor"}},
		Synopsis: new("a\x07b"), Popularity: new(101.0), TrailerURL: new("javascript:alert(1)"), PosterURL: new("https://inside.example/"),
	})
	assert.Equal(t, []string{"release_date", "title", "aliases[1]", "year", "runtime_minutes", "genres[0]", "languages[1]", "certificate",
		"credits[1].job", "credits[2].name", "synopsis", "popularity", "trailer_url", "poster_url"}, fieldsOf(t, err))
	_, err = o.store.CreateMovie(t.Context(), o.admin, rules.Movie{})
	assert.Equal(t, []string{"title", "year"}, fieldsOf(t, err))
	_, err = o.store.CreateMovie(t.Context(), o.admin, rules.Movie{Title: new("x"), Year: new(2001),
		Aliases: new(make([]string, 51)), Languages: new(make([]string, 41)), Credits: new(make([]schema.Credit, 301)), Genres: new(make([]string, 41))})
	assert.Equal(t, []string{"aliases", "genres", "languages", "credits"}, fieldsOf(t, err))
}

func TestFault61_ANameThatCannotBeLookedUpNowIsNobodysMistake(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, err := o.store.CreateMovie(t.Context(), o.admin,
		rules.Movie{Title: new("x"), Year: new(2001), PosterURL: new("https://slow.example/")})
	var network net.Error
	assert.True(t, errors.As(err, &network), "%v", err)
}

func TestMoviesOfTheSameTitleHaveSlugsOfTheirOwn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var slugs sync.Map
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			movie, err := o.store.CreateMovie(t.Context(), o.admin, rules.Movie{Title: new("Dune"), Year: new(2021)})
			if assert.NoError(t, err) {
				slugs.Store(movie.Slug, true)
			}
		})
	}
	group.Wait()
	for _, slug := range []string{"dune", "dune-2021", "dune-2021-2", "dune-2021-3", "dune-2021-7"} {
		_, made := slugs.Load(slug)
		assert.True(t, made, slug)
	}
	unreadable := o.movie("🎬")
	assert.Equal(t, unreadable.ID.String()[:8], unreadable.Slug)
	assert.Equal(t, "devdaas", o.movie("देवदास").Slug)
}

func TestMovieWithShowsToComeStays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	movie, screen := o.movie("Dune"), o.screen(o.theater, "One")
	layout := o.layout(screen.ID)
	o.show(movie.ID, screen, layout, "-3 hours") // over
	running, later := o.show(movie.ID, screen, layout, "-30 minutes"), o.show(movie.ID, screen, layout, "2 days")

	_, err := o.store.RetireMovie(t.Context(), o.admin, movie.ID, nil)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(err))
	assert.ErrorContains(t, err, "2 scheduled shows")
	o.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, later)
	_, err = o.store.RetireMovie(t.Context(), o.admin, movie.ID, nil)
	assert.ErrorContains(t, err, "1 scheduled show ")
	_, err = o.store.RetireScreen(t.Context(), o.manager, screen.ID, nil)
	assert.ErrorContains(t, err, "1 scheduled show ")
	_, err = o.store.RetireTheater(t.Context(), o.admin, o.theater, nil)
	assert.ErrorContains(t, err, "1 scheduled show ")
	o.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, running)
	for _, retire := range []func() error{
		func() error { _, err := o.store.RetireMovie(t.Context(), o.admin, movie.ID, nil); return err },
		func() error { _, err := o.store.RetireScreen(t.Context(), o.manager, screen.ID, nil); return err },
		func() error { _, err := o.store.RetireTheater(t.Context(), o.admin, o.theater, nil); return err },
	} {
		assert.NoError(t, retire())
	}
}

func TestListOfMovies(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, title := range []string{"beta", "Alpha", "100% Wolf", "Gamma", "gamma"} {
		o.movie(title)
	}
	retired := o.movie("Zeta")
	_, err := o.store.RetireMovie(t.Context(), o.admin, retired.ID, nil)
	require.NoError(t, err)
	list := func(f staff.MovieFilter) (titles []string) {
		for {
			items, next, err := o.store.Movies(t.Context(), f)
			require.NoError(t, err)
			require.LessOrEqual(t, len(items), max(f.Limit, 1))
			for _, m := range items {
				titles = append(titles, m.Title)
			}
			if f.Cursor = next; next == "" {
				return titles
			}
		}
	}
	for _, limit := range []int{1, 2, 6, 100} {
		titles := list(staff.MovieFilter{Limit: limit})
		assert.Equal(t, []string{"100% wolf", "alpha", "beta", "gamma", "gamma", "zeta"}, lower(titles), "limit %d", limit)
	}
	assert.Equal(t, []string{"Zeta"}, list(staff.MovieFilter{Retired: new(true), Limit: 5}))
	assert.NotContains(t, list(staff.MovieFilter{Retired: new(false), Limit: 5}), "Zeta")
	assert.Equal(t, []string{"100% Wolf"}, list(staff.MovieFilter{Text: "0% w", Limit: 5}), "% is a letter like others")
	assert.Empty(t, list(staff.MovieFilter{Text: "%", Retired: new(true), Limit: 5}))

	_, _, err = o.store.Movies(t.Context(), staff.MovieFilter{Cursor: "forged", Text: "\x00"})
	assert.Equal(t, []string{"q", "cursor"}, fieldsOf(t, err))
}

func lower(texts []string) (made []string) {
	for _, text := range texts {
		made = append(made, strings.ToLower(text))
	}
	return made
}

func TestChangesAreForThoseWhoMay(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	movie := o.movie("Dune")
	nobody := uuid.New()
	for name, try := range map[string]func() error{
		"create a movie": func() error {
			_, err := o.store.CreateMovie(t.Context(), o.manager, rules.Movie{})
			return err
		},
		"change a movie": func() error {
			_, err := o.store.EditMovie(t.Context(), o.manager, movie.ID, rules.Movie{}, nil)
			return err
		},
		"retire a movie":  func() error { _, err := o.store.RetireMovie(t.Context(), o.support, movie.ID, nil); return err },
		"restore a movie": func() error { _, err := o.store.RestoreMovie(t.Context(), o.support, movie.ID, nil); return err },
		"open a theater": func() error {
			_, err := o.store.CreateTheater(t.Context(), o.manager, staff.TheaterFields{})
			return err
		},
		"close a theater":  func() error { _, err := o.store.RetireTheater(t.Context(), o.manager, o.theater, nil); return err },
		"reopen a theater": func() error { _, err := o.store.RestoreTheater(t.Context(), o.manager, o.theater, nil); return err },
		"change another's theater": func() error {
			_, err := o.store.EditTheater(t.Context(), o.manager, o.other, staff.TheaterFields{Name: new("Mine")}, nil)
			return err
		},
		"change a theater as support": func() error {
			_, err := o.store.EditTheater(t.Context(), o.support, o.theater, staff.TheaterFields{Name: new("Mine")}, nil)
			return err
		},
		"list accounts":   func() error { _, _, err := o.store.Accounts(t.Context(), o.support, staff.AccountFilter{}); return err },
		"read an account": func() error { _, err := o.store.Account(t.Context(), o.manager, nobody); return err },
		"change an account": func() error {
			_, err := o.store.EditAccount(t.Context(), o.manager, o.manager.AccountID, staff.DutyFields{Role: new("admin")}, nil)
			return err
		},
	} {
		assert.Equal(t, booking.CodeForbidden, booking.CodeOf(try()), name)
	}
	assert.Len(t, o.log("movie", movie.ID), 1)
	assert.Len(t, o.log("theater", o.other), 1)
}

func TestNoChangeWithoutItsEntry(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	movie := o.movie("Dune")
	o.exec(`ALTER TABLE audit_log ADD CONSTRAINT full_disk CHECK (action <> 'change') NOT VALID`)
	_, err := o.store.EditMovie(t.Context(), o.admin, movie.ID, rules.Movie{Title: new("Dune 2")}, nil)
	require.Error(t, err)
	read, err := o.store.Movie(t.Context(), movie.ID)
	require.NoError(t, err)
	assert.Equal(t, "Dune", read.Title)
}

func TestPreconditionSeesWhatIsShown(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	movie := o.movie("Dune")
	stale := booking.E(booking.CodeConflict, "stale")
	_, err := o.store.EditMovie(t.Context(), o.admin, movie.ID, rules.Movie{Title: new("Dune 2")}, func(current any) error {
		assert.Equal(t, rendered(t, movie), rendered(t, current))
		return stale
	})
	assert.ErrorIs(t, err, stale)
	assert.Len(t, o.log("movie", movie.ID), 1)
}
