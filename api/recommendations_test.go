package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommend"
	"github.com/boxoffice/boxoffice/internal/recommendations"
	"github.com/boxoffice/boxoffice/internal/tastes"
)

const listPath, impressionsPath = "/v1/me/recommendations", "/v1/me/impressions"

// shown is a film that is on in Pune, beside Amélie.
type shown struct {
	slug, genre, language, certificate string
	popularity                         int
}

// program are the films of a cinema world, the most popular first.
func program() []shown {
	return []shown{
		{"dune", "Science Fiction", "en", "MPA PG-13", 90}, {"arrival", "Science Fiction", "en", "MPA PG-13", 80},
		{"alien", "Horror", "en", "MPA R", 70}, {"jawan", "Action", "hi", "CBFC U/A", 60},
		{"babe", "Family", "en", "MPA PG", 50}, {"unrated", "Drama", "en", "MPA NR", 40},
		{"kaithi", "Action", "ta", "CBFC U/A 16+", 30}, {"heidi", "Family", "de", "", 20},
	}
}

// cinema is a world with a program. Each film has one show, with sixty seats.
type cinema struct {
	*world
	films map[string]uuid.UUID
	shows map[string]string
}

func newCinema(t *testing.T, change ...func(*Options)) *cinema {
	t.Helper()
	c := &cinema{world: newWorld(t, change...).withDocuments(), films: map[string]uuid.UUID{}, shows: map[string]string{}}
	c.exec(`UPDATE movies SET certificate = 'MPA G', popularity = 10`)
	for i, f := range program() {
		film, show, screen := uuid.New(), uuid.New(), uuid.New()
		c.exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes, genres, languages, certificate, popularity)
			VALUES ($1, $2, initcap($2), 2020, 120, ARRAY[$3], ARRAY[$4], $5, $6)`, film, f.slug, f.genre, f.language, f.certificate, f.popularity)
		c.exec(`INSERT INTO screens (id, theater_id, name) SELECT $1, id, $2 FROM theaters`, screen, "Screen "+f.slug)
		c.exec(`INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language,
				sales_open_at, sales_close_at, currency, prices, fee_per_seat, tax_basis_points)
			SELECT $1, $2, theater_id, $3, layout_id, starts_at + $4::interval, ends_at + $4::interval, '2D', $5,
				sales_open_at, sales_close_at + $4::interval, currency, prices, fee_per_seat, tax_basis_points FROM shows WHERE id = $6`,
			show, film, screen, time.Duration(i)*time.Hour, f.language, c.show)
		c.films[f.slug], c.shows[f.slug] = film, show.String()
	}
	var amelie uuid.UUID
	require.NoError(t, c.db.Pool.QueryRow(t.Context(), `SELECT id FROM movies WHERE slug = 'amelie'`).Scan(&amelie))
	c.films["amelie"], c.shows["amelie"] = amelie, c.show
	return c
}

// buys is a paid booking of a film by a customer.
func (c *cinema) buys(token, slug string, seats ...string) string {
	c.t.Helper()
	before := c.show
	defer func() { c.show = before }()
	c.show = c.shows[slug]
	return c.bought(c.t, token, slug+"-"+strings.Join(seats, "-"), seats...).ID
}

// holds is an unpaid booking.
func (c *cinema) holds(token, slug string, seats ...string) string {
	c.t.Helper()
	before := c.show
	defer func() { c.show = before }()
	c.show = c.shows[slug]
	return c.book(c.t, token, slug+"-"+strings.Join(seats, "-"), seats...).ID
}

func (c *cinema) list(token, query string) (l recommendations.List) {
	c.t.Helper()
	return c.listAt(token, listPath+"?city=pune"+query)
}

func (c *cinema) listAt(token, path string) (l recommendations.List) {
	c.t.Helper()
	c.do(c.t, call{token: token, method: "GET", path: path, status: http.StatusOK}).into(c.t, &l)
	return l
}

func slugs(l recommendations.List) (slugs []string) {
	for i, item := range l.Items {
		slugs = append(slugs, item.Movie.Slug)
		if item.Position != i+1 {
			slugs = append(slugs, fmt.Sprint("wrong position ", item.Position))
		}
	}
	return slugs
}

// mailed is the list that a mail to a person names.
func (c *cinema) mailed(person string) recommendations.List {
	c.t.Helper()
	list, err := c.options.Recommendations.ForMail(c.t.Context(), uuid.MustParse(person), "pune")
	require.NoError(c.t, err)
	return list
}

// train makes a model of made-up people: who likes science fiction likes both of its films, and
// so on, and puts it in use.
func (c *cinema) train(service *recommendations.Service) {
	c.t.Helper()
	store, model := c.documents, trainedOn(c.t, c.films)
	require.NoError(c.t, store.Models.Put(c.t.Context(), documents.Model{Name: recommendations.ModelName, Version: "1", MadeAt: time.Now(), Content: model}))
	require.NoError(c.t, store.Models.Swap(c.t.Context(), recommendations.ModelName, "", "1"))
	service.LookForModel(c.t.Context())
}

func TestVisitorsGetWhatIsPopularInTheCity(t *testing.T) {
	t.Parallel()
	c := newCinema(t)
	c.serve()
	list := c.list("", "")
	assert.Equal(t, recommendations.FromPopularity, list.Source)
	assert.Equal(t, []string{"dune", "arrival", "alien", "jawan", "babe", "unrated"}, slugs(list)[:6])
	assert.ElementsMatch(t, []string{"kaithi", "heidi", "amelie"}, slugs(list)[6:], "the most popular first, but not two alike")
	assert.NotEmpty(t, list.ID)
	assert.NotEqual(t, list.ID, c.list("", "").ID, "each list is one that can be reported of")
	for _, item := range list.Items {
		assert.Equal(t, "popular_in_city", string(item.Reason.Code))
		require.Len(t, item.Shows, 1)
		assert.Equal(t, c.shows[item.Movie.Slug], item.Shows[0].ID.String())
		assert.Empty(t, item.Shows[0].Habits)
	}
	assert.Equal(t, []string{"dune", "arrival"}, slugs(c.list("", "&limit=2")))
	assert.Empty(t, c.list("", "&date=2031-01-01").Items, "nothing is on that day")
	day := list.Items[0].Shows[0].LocalTime[:10]
	assert.NotEmpty(t, c.list("", "&date="+day).Items)

	for _, wrong := range []call{
		{name: "no city", path: listPath, holds: []string{`"city"`, "GET /v1/cities"}},
		{name: "no such city", path: listPath + "?city=atlantis", holds: []string{`"city"`, "no such city"}},
		{name: "no day", path: listPath + "?city=pune&date=tomorrow", holds: []string{`"date"`, "YYYY-MM-DD"}},
		{name: "too many", path: listPath + "?city=pune&limit=51", holds: []string{`"limit"`, "1 to 50"}},
		{name: "no point", path: listPath + "?city=pune&near=91,0", holds: []string{`"near"`, "latitude,longitude"}},
	} {
		wrong.method, wrong.status, wrong.code = "GET", http.StatusUnprocessableEntity, "validation_failed"
		c.do(t, wrong)
	}
	c.do(t, call{method: "GET", path: "/v1/movies/nosferatu/similar?city=pune", status: 404, code: "not_found"})
	c.do(t, call{token: "x", method: "GET", path: listPath + "?city=pune", status: 401, code: "unauthenticated"})
}

// Recommendations scenario 5, with complaints C1 to C3: every list is filtered when it is read.
func TestRecommendations5_EveryListIsFilteredWhenItIsRead(t *testing.T) {
	t.Parallel()
	c := newCinema(t)
	c.serve()
	c.train(c.options.Recommendations)
	c.buys(c.customer, "babe", "A01") // makes it a person with taste
	paths := map[string]string{"personal": listPath + "?city=pune&limit=5", "similar": "/v1/movies/amelie/similar?city=pune&limit=5"}
	for name, path := range paths {
		require.Len(t, c.listAt(c.customer, path).Items, 5, name)
	}
	booked := c.buys(c.customer, "dune", "A01")
	c.holds(c.customer, "arrival", "A01")
	c.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, c.shows["alien"])
	c.exec(`INSERT INTO seat_claims (show_id, seat, booking_id, state)
		SELECT $1, chr(65 + n / 12) || to_char(n % 12 + 1, 'FM00'), $2, 'sold' FROM generate_series(0, 59) AS n`, c.shows["jawan"], booked)

	never := []string{"babe", "dune", "arrival", "alien", "jawan"}
	look := func(name string, list recommendations.List, n int) {
		t.Helper()
		assert.Len(t, list.Items, n, "%s is filled up", name)
		for _, slug := range slugs(list) {
			assert.NotContains(t, never, slug, name)
		}
	}
	for name, path := range paths {
		look(name, c.listAt(c.customer, path), map[string]int{"personal": 4, "similar": 3}[name])
	}
	look("mail", c.mailed(c.customerID), 3)
	c.do(t, call{token: c.customer, method: "PUT", path: preferencesPath, body: `{"personalization":false}`, status: http.StatusOK})
	popular := c.listAt(c.customer, paths["personal"])
	assert.Equal(t, recommendations.FromPopularity, popular.Source)
	look("popular", popular, 4)
	assert.Empty(t, c.mailed(c.customerID).Items, "who wants no suggestions gets none by mail either")
	// Another person may have what this one has booked; what is gone is gone for all.
	for _, slug := range []string{"alien", "jawan"} {
		assert.NotContains(t, slugs(c.list(c.other, "")), slug)
	}
	assert.Subset(t, slugs(c.list(c.other, "")), []string{"dune", "arrival", "babe"})

	// A hold that lapses and a booking that is given back bring their films back at once.
	c.exec(`UPDATE bookings SET hold_expires_at = now() - interval '1 minute' WHERE status = 'held'`)
	assert.NotContains(t, slugs(c.list(c.customer, "")), "arrival", "the seats stay while a payment is in doubt")
	c.exec(`UPDATE bookings SET status = 'expired' WHERE status = 'held'`)
	assert.Contains(t, slugs(c.list(c.customer, "")), "arrival")
	c.do(t, call{token: c.customer, method: "POST", path: "/v1/bookings/" + booked + "/cancel", status: http.StatusOK})
	assert.Contains(t, slugs(c.list(c.customer, "")), "dune")
	c.exec(`DELETE FROM seat_claims WHERE show_id = $1 AND seat = 'A01'`, c.shows["jawan"])
	assert.Contains(t, slugs(c.list(c.customer, "")), "jawan", "a seat is free again")

	// All of it given back after the show, which cancels no booking, is as if it had never been.
	c.exec(`UPDATE bookings SET refund_due = total - 1 WHERE status = 'confirmed'`)
	assert.NotContains(t, slugs(c.list(c.customer, "")), "babe")
	c.exec(`UPDATE bookings SET refund_due = total WHERE status = 'confirmed'`)
	assert.Contains(t, slugs(c.list(c.customer, "")), "babe")
}

// Recommendations scenario 6, with complaint C4: a certificate counts on every list.
func TestRecommendations6_ACertificateCountsOnEveryList(t *testing.T) {
	t.Parallel()
	c := newCinema(t)
	c.serve()
	c.train(c.options.Recommendations)
	child := []string{"dune", "arrival", "jawan", "babe", "amelie"} // up to 13 years, and known
	adult := slugs(c.list(c.other, ""))
	require.Len(t, adult, 9)
	c.do(t, call{token: c.other, method: "PUT", path: preferencesPath, body: `{"certificate":"CBFC U/A 16+"}`, status: http.StatusOK})
	assert.ElementsMatch(t, append([]string{"kaithi"}, child...), slugs(c.list(c.other, "")), "scales of two countries are compared by age")

	c.do(t, call{token: c.customer, method: "PUT", path: preferencesPath, body: `{"certificate":"MPA PG-13"}`, status: http.StatusOK})
	assert.ElementsMatch(t, child, slugs(c.list(c.customer, "")), "popular")
	assert.ElementsMatch(t, []string{"arrival", "jawan", "babe", "amelie"}, slugs(c.listAt(c.customer, "/v1/movies/dune/similar?city=pune")), "similar")
	c.buys(c.customer, "amelie", "A01")
	assert.ElementsMatch(t, child[:4], slugs(c.list(c.customer, "")), "personal")
	assert.Subset(t, child[:4], slugs(c.mailed(c.customerID)), "mail")
	// Nor does a reason name what they must not see, though it was booked before.
	c.buys(c.customer, "alien", "A01")
	for _, path := range []string{listPath + "?city=pune", "/v1/movies/alien/similar?city=pune"} {
		for _, item := range c.listAt(c.customer, path).Items {
			if item.Reason.Movie != nil {
				assert.Contains(t, child, item.Reason.Movie.Slug, path)
			}
		}
	}
	c.exec(`UPDATE movies SET certificate = 'MPA R' WHERE slug = 'dune'`)
	assert.ElementsMatch(t, child[1:4], slugs(c.list(c.customer, "")), "a certificate that was raised counts at once")

	// An adult's certificate takes nothing away, not even what has none.
	c.do(t, call{token: c.other, method: "PUT", path: preferencesPath, body: `{"certificate":"MPA NR"}`, status: 200})
	c.do(t, call{token: c.other, method: "PUT", path: preferencesPath, body: `{}`, status: 200})
	assert.ElementsMatch(t, adult, slugs(c.list(c.other, "")))
}

// While the store of documents is away, the lists are what is popular, and say so; what this
// process knows of the person still counts.
func TestListsWithoutTheStoreOfDocuments(t *testing.T) {
	t.Parallel()
	c := newCinema(t)
	away := openDocuments(t, "postgres://nobody@127.0.0.1:1/away")
	c.options.Recommendations = openRecommendations(t, c.db, away)
	c.options.Tastes = tastes.New(away, catalog.New(c.db), c.options.Bookings.Bookings)
	c.serve()
	list := c.list("", "")
	assert.Equal(t, recommendations.WithoutStore, list.Source)
	assert.Len(t, list.Items, 9)
	c.buys(c.customer, "babe", "A01")
	own := c.list(c.customer, "")
	assert.Equal(t, recommendations.WithoutStore, own.Source)
	assert.NotContains(t, slugs(own), "babe")
	assert.NotContains(t, slugs(own), "alien", "whether this is a child is not known: only what is for all ages is sure")
	assert.Contains(t, slugs(own), "amelie")
	c.do(t, call{method: "POST", path: impressionsPath, status: http.StatusNoContent,
		body: fmt.Sprintf(`{"lists":[{"list_id":%q,"seen":[%q]}]}`, list.ID, list.Items[0].Movie.ID)})
	for range 50 {
		started := time.Now()
		c.list(c.customer, "")
		require.Less(t, time.Since(started), 5*time.Second)
	}
}

// A profile that cannot be read, such as one that a newer program wrote, is one person's trouble.
func TestAListDoesNotFailForAnothersProfile(t *testing.T) {
	t.Parallel()
	c := newCinema(t)
	c.serve()
	c.do(t, call{token: c.customer, method: "PUT", path: preferencesPath, body: `{}`, status: http.StatusOK})
	c.exec(`UPDATE documents.profiles SET body = '[]'`)
	assert.Equal(t, recommendations.WithoutStore, c.list(c.customer, "").Source)
	assert.NotContains(t, slugs(c.list(c.customer, "")), "alien", "what they must not see is not known")
	assert.Equal(t, recommendations.FromPopularity, c.list(c.other, "").Source)
}

func TestAListFollowsThePerson(t *testing.T) {
	t.Parallel()
	c := newCinema(t)
	c.serve()
	assert.Equal(t, recommendations.FromPopularity, c.list(c.customer, "").Source)
	c.buys(c.customer, "dune", "C05", "C06")
	without := c.list(c.customer, "")
	assert.Equal(t, recommendations.WithoutModel, without.Source, "a missing model is no secret")
	c.train(c.options.Recommendations)

	list := c.list(c.customer, "")
	assert.Equal(t, recommendations.FromModel, list.Source)
	assert.Equal(t, "1", list.Model)
	require.Equal(t, "arrival", list.Items[0].Movie.Slug, "%v", slugs(list))
	require.NotNil(t, list.Items[0].Reason.Movie)
	assert.Equal(t, "because_you_saw", string(list.Items[0].Reason.Code))
	assert.Equal(t, recommendations.Because{ID: c.films["dune"], Slug: "dune", Title: "Dune"}, *list.Items[0].Reason.Movie)

	// A like counts in the next request, and is not called a visit.
	c.say(t, c.other, c.films["jawan"], tastes.Like)
	liked := c.list(c.other, "")
	require.Equal(t, recommendations.FromModel, liked.Source)
	at := slices.IndexFunc(liked.Items, func(i recommendations.Item) bool { return i.Movie.Slug == "kaithi" })
	assert.Equal(t, "because_you_liked", string(liked.Items[at].Reason.Code))

	assert.NotEqual(t, "because_you_liked", string(liked.Items[slices.IndexFunc(liked.Items, func(i recommendations.Item) bool { return i.Movie.Slug == "jawan" })].Reason.Code),
		"a movie does not speak for itself")

	// Not for me: gone from all lists, until it is taken back.
	c.say(t, c.customer, c.films["arrival"], tastes.NotForMe)
	assert.NotContains(t, slugs(c.list(c.customer, "")), "arrival")
	assert.NotContains(t, slugs(c.listAt(c.customer, "/v1/movies/dune/similar?city=pune")), "arrival")
	c.say(t, c.customer, c.films["arrival"], tastes.None)
	assert.Equal(t, "arrival", c.list(c.customer, "").Items[0].Movie.Slug)

	c.exec(`UPDATE shows SET captions = true WHERE id = $1`, c.shows["kaithi"])
	c.do(t, call{token: c.customer, method: "PUT", path: preferencesPath, body: `{"accessibility":["captions"]}`, status: http.StatusOK})
	assert.Equal(t, []string{"kaithi"}, slugs(c.list(c.customer, "")))
}

// Complaint C9: languages are those of shows that can be booked, not of movies, and the show that
// is offered is in one of them.
func TestComplaintC9_EveryShowIsInALanguageOfThePerson(t *testing.T) {
	t.Parallel()
	c := newCinema(t)
	c.serve()
	c.exec(`INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language, subtitles,
			sales_open_at, sales_close_at, currency, prices, fee_per_seat, tax_basis_points)
		SELECT gen_random_uuid(), movie_id, theater_id, screen_id, layout_id, starts_at + interval '12 hours', ends_at + interval '12 hours', '2D', 'ta-IN', 'en',
			sales_open_at, sales_close_at, currency, prices, fee_per_seat, tax_basis_points FROM shows WHERE id = $1`, c.shows["arrival"])
	c.do(t, call{token: c.customer, method: "PUT", path: preferencesPath, body: `{"languages":["hi","ta"]}`, status: http.StatusOK})
	for name, list := range map[string]recommendations.List{
		"popular": c.list(c.customer, ""), "similar": c.listAt(c.customer, "/v1/movies/dune/similar?city=pune"), "mail": c.mailed(c.customerID),
	} {
		assert.ElementsMatch(t, []string{"jawan", "kaithi", "arrival"}, slugs(list), name)
		for _, item := range list.Items {
			for _, show := range item.Shows {
				assert.Contains(t, []string{"hi", "ta", "ta-IN"}, show.Language, "%s: %s", name, item.Movie.Slug)
			}
		}
	}
}

func TestUsualShows(t *testing.T) {
	t.Parallel()
	c := newCinema(t)
	c.serve()
	c.buys(c.customer, "dune", "C05")
	c.buys(c.customer, "babe", "C07")
	left := c.buys(c.customer, "alien", "E01")
	c.do(t, call{token: c.customer, method: "POST", path: feedbackPath, status: http.StatusOK, body: fmt.Sprintf(`{"booking_id":%q,"feedback":"leave_out"}`, left)})
	// What a person pays for a seat is its price alone, as shows name it, without fees and taxes.
	c.exec(`UPDATE shows SET prices = (SELECT jsonb_object_agg(key, value::bigint * 6 / 5) FROM jsonb_each_text(prices)) WHERE id = $1`, c.shows["kaithi"])
	for _, item := range c.list(c.customer, "").Items {
		assert.NotEqual(t, "alien", item.Movie.Slug, "what was left out was booked, still")
		assert.Contains(t, item.Shows[0].Habits, recommend.HabitTheater)
		assert.Equal(t, item.Movie.Slug != "kaithi", slices.Contains(item.Shows[0].Habits, recommend.HabitPrice), item.Movie.Slug)
		assert.Equal(t, "C", item.Shows[0].UsualRow)
	}
	c.do(t, call{token: c.customer, method: "PUT", path: preferencesPath, body: `{"personalization":false}`, status: http.StatusOK})
	assert.Empty(t, c.list(c.customer, "").Items[0].Shows[0].Habits, "what they did shapes nothing")
}

// Complaint C12: impressions are counted once, however often they are reported.
func TestComplaintC12_ImpressionsCountOnce(t *testing.T) {
	t.Parallel()
	c := newCinema(t)
	c.serve()
	c.train(c.options.Recommendations)
	c.buys(c.customer, "dune", "A01")
	list := c.list(c.customer, "&limit=5")
	visitors := c.list("", "&limit=2")
	report := fmt.Sprintf(`{"lists":[{"list_id":%q,"seen":[%q,%q,%q],"opened":[%q]},{"list_id":"gone","seen":[%[2]q]}]}`,
		list.ID, list.Items[0].Movie.ID, list.Items[1].Movie.ID, c.films["dune"], list.Items[2].Movie.ID)
	of := func(kind documents.Kind) (found []documents.Event) {
		page, err := c.documents.Events.Scan(t.Context(), documents.ScanQuery{Kind: kind})
		require.NoError(t, err)
		return page.Events
	}
	require.Eventually(t, func() bool { // the list is kept in the background
		c.do(t, call{token: c.customer, method: "POST", path: impressionsPath, body: report, status: http.StatusNoContent})
		return len(of(documents.KindImpression)) == 3
	}, 10*time.Second, 50*time.Millisecond)
	for range 3 {
		c.do(t, call{token: c.customer, method: "POST", path: impressionsPath, body: report, status: http.StatusNoContent})
	}
	// Another person's list, or a stranger's report of it, counts for nothing; a visitor's list does.
	for _, token := range []string{c.other, ""} {
		c.do(t, call{token: token, method: "POST", path: impressionsPath, status: http.StatusNoContent,
			body: fmt.Sprintf(`{"lists":[{"list_id":%q,"seen":[%q]}]}`, list.ID, list.Items[3].Movie.ID)})
	}
	c.do(t, call{method: "POST", path: impressionsPath, status: http.StatusNoContent,
		body: fmt.Sprintf(`{"lists":[{"list_id":%q,"seen":[%q]}]}`, visitors.ID, visitors.Items[1].Movie.ID)})
	require.Eventually(t, func() bool { return len(of(documents.KindImpression)) == 4 }, 10*time.Second, 50*time.Millisecond)
	assert.Len(t, of(documents.KindClick), 1)
	for _, e := range of(documents.KindImpression) {
		if e.List != list.ID {
			assert.Equal(t, uuid.Nil, e.Person)
			assert.Equal(t, "popularity", e.Model)
			assert.Equal(t, 2, e.Position)
			continue
		}
		assert.Equal(t, c.customerID, e.Person.String())
		assert.Equal(t, "1", e.Model)
		assert.Equal(t, list.Items[e.Position-1].Movie.ID, e.Film)
		assert.Greater(t, e.Propensity, 0.0)
		assert.NotEqual(t, uuid.Nil, e.City)
	}
	// Pages count once a day, for people who want it.
	viewed := fmt.Sprintf(`{"viewed":[%q,%q]}`, c.films["jawan"], uuid.New())
	c.do(t, call{token: c.other, method: "PUT", path: preferencesPath, body: `{"personalization":false}`, status: http.StatusOK})
	for _, token := range []string{c.customer, c.customer, c.other, ""} {
		c.do(t, call{token: token, method: "POST", path: impressionsPath, body: viewed, status: http.StatusNoContent})
	}
	require.Eventually(t, func() bool { return len(of(documents.KindView)) == 1 }, 10*time.Second, 50*time.Millisecond)
	assert.Equal(t, c.films["jawan"], of(documents.KindView)[0].Film)
	// With personalization off it is not noted who it was, though the list was made before.
	c.do(t, call{token: c.customer, method: "PUT", path: preferencesPath, body: `{"personalization":false}`, status: http.StatusOK})
	c.do(t, call{token: c.customer, method: "POST", path: impressionsPath, status: http.StatusNoContent,
		body: fmt.Sprintf(`{"lists":[{"list_id":"gone","seen":[%[2]q]},{"list_id":%[1]q,"seen":[%[2]q]}]}`, list.ID, list.Items[4].Movie.ID)})
	require.Eventually(t, func() bool { return len(of(documents.KindImpression)) == 5 }, 10*time.Second, 50*time.Millisecond)
	at := slices.IndexFunc(of(documents.KindImpression), func(e documents.Event) bool { return e.Film == list.Items[4].Movie.ID && e.List == list.ID })
	assert.Equal(t, uuid.Nil, of(documents.KindImpression)[at].Person)
	for _, wrong := range []call{
		{name: "no lists", body: `{"lists":[]}`, holds: []string{`"lists"`}},
		{name: "no id", body: `{"lists":[{"list_id":""}]}`, holds: []string{`"list_id"`}},
	} {
		wrong.method, wrong.path, wrong.status, wrong.code = "POST", impressionsPath, http.StatusUnprocessableEntity, "validation_failed"
		c.do(t, wrong)
	}
}

// Complaint C5: a visit that the person leaves out shapes nothing, as if it had not been.
func TestComplaintC5_AVisitCanBeLeftOut(t *testing.T) {
	t.Parallel()
	c := newCinema(t)
	c.serve()
	c.train(c.options.Recommendations)
	c.buys(c.customer, "jawan", "A01")
	babe := c.buys(c.customer, "babe", "A01")
	place := func(slug string) int { return slices.Index(slugs(c.list(c.customer, "")), slug) }
	with := place("heidi")
	c.do(t, call{token: c.customer, method: "POST", path: feedbackPath, status: http.StatusOK, body: fmt.Sprintf(`{"booking_id":%q,"feedback":"leave_out"}`, babe)})
	assert.Greater(t, place("heidi"), with, "the children's film is no longer because of Babe")
	assert.Equal(t, -1, place("babe"))
	c.do(t, call{token: c.customer, method: "POST", path: feedbackPath, status: http.StatusOK, body: fmt.Sprintf(`{"booking_id":%q,"feedback":"count"}`, babe)})
	assert.Equal(t, with, place("heidi"))
}

// A/B: the account decides which way its lists are made.
func TestArmsOfAccounts(t *testing.T) {
	t.Parallel()
	c := newCinema(t)
	c.options.Recommendations = recommendations.New(c.db, c.db, c.documents, recommendations.Options{Arms: recommendations.Arms{Popularity: 100}})
	t.Cleanup(func() { c.options.Recommendations.Close(t.Context()) })
	c.serve()
	c.train(c.options.Recommendations)
	c.buys(c.customer, "dune", "A01")
	list := c.list(c.customer, "")
	assert.Equal(t, recommendations.FromPopularity, list.Source)
	assert.NotContains(t, slugs(list), "dune")

	// What came into view says why it was popular movies: for those of whom nothing is known, and for
	// visitors, there was no other way. Similar movies are no part of the comparison.
	lists := map[string]recommendations.List{
		recommendations.PopularityArm: list, "popularity": c.list(c.other, ""),
		"similar:1": c.listAt(c.customer, "/v1/movies/dune/similar?city=pune"),
	}
	for name, list := range lists {
		require.Eventually(t, func() bool {
			kept, found, err := c.documents.Lists.Get(t.Context(), "shown:"+list.ID)
			return assert.NoError(t, err) && found && assert.Equal(t, name, kept.Model)
		}, 10*time.Second, 50*time.Millisecond, name)
	}
}
