package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/retention"
	"github.com/boxoffice/boxoffice/internal/tastes"
)

const preferencesPath, feedbackPath = "/v1/me/preferences", "/v1/me/feedback"

// tasteWorld is a world with the movies amelie and dune, and another one that left.
func tasteWorld(t *testing.T) (w *world, amelie, dune uuid.UUID) {
	t.Helper()
	w = newWorld(t).withDocuments()
	dune = uuid.New()
	w.exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes, genres, languages, certificate)
		VALUES ($1, 'dune', 'Dune', 2021, 155, '{Science Fiction,Drama}', '{en}', 'CBFC U/A')`, dune)
	w.exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes, genres, languages, certificate, retired_at)
		VALUES (gen_random_uuid(), 'gone', 'Gone', 1999, 90, '{Western}', '{en}', 'MPA PG', now())`)
	require.NoError(t, w.db.Pool.QueryRow(t.Context(), `SELECT id FROM movies WHERE slug = 'amelie'`).Scan(&amelie))
	return w, amelie, dune
}

func (w *world) preferences(token string) (p tastes.Preferences) {
	w.t.Helper()
	w.do(w.t, call{token: token, method: "GET", path: preferencesPath, status: http.StatusOK}).into(w.t, &p)
	return p
}

func (w *world) say(t testing.TB, token string, film uuid.UUID, said tastes.Feedback) (p tastes.Preferences) {
	t.Helper()
	w.do(t, call{token: token, method: "POST", path: feedbackPath, status: http.StatusOK,
		body: fmt.Sprintf(`{"movie_id":%q,"feedback":%q}`, film, said)}).into(t, &p)
	return p
}

// told are the kinds of a person's events, the newest first.
func (w *world) told(person string) (kinds []documents.Kind) {
	w.t.Helper()
	page, err := w.documents.Events.Recent(w.t.Context(), documents.RecentQuery{Person: uuid.MustParse(person)})
	require.NoError(w.t, err)
	for _, event := range page.Events {
		kinds = append(kinds, event.Kind)
	}
	return kinds
}

func TestPreferencesComeBackAsTheyWereChosen(t *testing.T) {
	t.Parallel()
	w, amelie, _ := tasteWorld(t)
	assert.Equal(t, tastes.Preferences{Personalization: true, Languages: []string{}, Genres: []string{}, Accessibility: []string{},
		Liked: []uuid.UUID{}, NotForMe: []uuid.UUID{}, LeftOut: []uuid.UUID{}}, w.preferences(w.customer), "nothing was said yet")

	put := func(body string) (p tastes.Preferences) {
		w.do(t, call{token: w.customer, method: "PUT", path: preferencesPath, body: body, status: http.StatusOK}).into(t, &p)
		return p
	}
	first := put(`{"version":0,"personalization":false,"languages":["HI","ta","hi"],"genres":["science fiction","WESTERN"],
		"certificate":"cbfc u/a","accessibility":["captions","relaxed","captions"]}`)
	assert.Positive(t, first.Version)
	assert.Equal(t, tastes.Preferences{Version: first.Version, Languages: []string{"hi", "ta"}, Genres: []string{"Science Fiction", "Western"},
		Certificate: "CBFC U/A", Accessibility: []string{"captions", "relaxed"}, Liked: []uuid.UUID{}, NotForMe: []uuid.UUID{}, LeftOut: []uuid.UUID{}}, first,
		"as the catalog writes them, each once")
	assert.Equal(t, first, w.preferences(w.customer))
	assert.Zero(t, w.preferences(w.other).Version, "another person's are another's")

	w.say(t, w.customer, amelie, tastes.NotForMe)
	second := put(`{}`)
	assert.Greater(t, second.Version, first.Version)
	assert.Equal(t, []uuid.UUID{amelie}, second.NotForMe, "what was said about movies stays")
	assert.True(t, second.Personalization)
	assert.Empty(t, second.Genres)
	assert.Empty(t, second.Certificate)

	// What a person chose stays good when the catalog has lost it.
	put(`{"genres":["Western"],"certificate":"MPA PG"}`)
	w.exec(`DELETE FROM movies WHERE slug = 'gone'`)
	assert.Equal(t, []string{"Western"}, put(`{"genres":["Western"],"certificate":"MPA PG"}`).Genres)
	put(`{}`)
	w.do(t, call{token: w.customer, method: "PUT", path: preferencesPath, body: `{"genres":["Western"]}`, status: 422, code: "validation_failed"})
}

func TestPreferencesThatAreRefused(t *testing.T) {
	t.Parallel()
	w, amelie, _ := tasteWorld(t)
	many := func(n int, word string) string { return `["` + strings.Repeat(word+`","`, n-1) + word + `"]` }
	put := func(name, body string, holds ...string) call {
		return call{name: name, token: w.customer, method: "PUT", path: preferencesPath, body: body, status: 422, code: "validation_failed", holds: holds}
	}
	say := func(name, body string, holds ...string) call {
		return call{name: name, token: w.customer, method: "POST", path: feedbackPath, body: body, status: 422, code: "validation_failed", holds: holds}
	}
	for _, c := range []call{
		put("all at once", `{"languages":["klingonese!"],"genres":["Drama","Tea"],"certificate":"18+","accessibility":["ramp"]}`,
			`"languages[0]"`, `BCP 47`, `"genres[1]"`, `facets.genre`, `"certificate"`, `facets.certificate`, `"accessibility[0]"`, `audio_description`),
		put("no genre", `{"genres":[""]}`, `"genres[0]"`),
		put("too many languages", `{"languages":`+many(21, "hi")+`}`, `"languages"`, `at most 20`),
		put("too many genres", `{"genres":`+many(31, "Drama")+`}`, `"genres"`, `at most 30`),
		put("too many features", `{"accessibility":`+many(5, "captions")+`}`, `"accessibility"`, `at most 4`),
		{name: "what feedback changes", token: w.customer, method: "PUT", path: preferencesPath, body: `{"not_for_me":[]}`, status: 400, code: "malformed_request", holds: []string{`"not_for_me"`}},
		{name: "another version", token: w.customer, method: "PUT", path: preferencesPath, body: `{"version":7}`, status: 409, code: "conflict"},
		say("no feedback", `{"movie_id":"`+amelie.String()+`"}`, `"feedback"`, `like, not_for_me or none`),
		say("no movie", `{"feedback":"like"}`, `"movie_id"`, `GET /v1/movies`),
		say("no such movie", `{"movie_id":"`+uuid.NewString()+`","feedback":"not_for_me"}`, `"movie_id"`, `no such movie`),
		say("a movie and a booking", `{"movie_id":"`+amelie.String()+`","booking_id":"`+uuid.NewString()+`","feedback":"like"}`, `"booking_id"`, `not both`),
		say("no booking", `{"booking_id":"mine","feedback":"leave_out"}`, `"booking_id"`, `GET /v1/bookings`),
		say("no such booking", `{"booking_id":"`+uuid.NewString()+`","feedback":"leave_out"}`, `"booking_id"`, `no such booking`),
		say("no such booking that counts", `{"booking_id":"`+uuid.NewString()+`","feedback":"count"}`, `"booking_id"`, `no such booking`),
		say("a booking is not liked", `{"booking_id":"`+uuid.NewString()+`","feedback":"like"}`, `"feedback"`, `leave_out or count`),
		say("a movie is not left out", `{"movie_id":"`+amelie.String()+`","feedback":"leave_out"}`, `"feedback"`, `like, not_for_me or none`),
		{name: "activity of no such page", token: w.customer, method: "GET", path: activityPath + "?cursor=none", status: 422, code: "validation_failed", holds: []string{`"cursor"`}},
		{name: "activity of many", token: w.customer, method: "GET", path: activityPath + "?limit=101", status: 422, code: "validation_failed", holds: []string{`"limit"`}},
		{name: "a stranger's activity", method: "GET", path: activityPath, status: 401, code: "unauthenticated"},
		{name: "a stranger reads", method: "GET", path: preferencesPath, status: 401, code: "unauthenticated"},
		{name: "a stranger writes", method: "PUT", path: preferencesPath, body: `{}`, status: 401, code: "unauthenticated"},
		{name: "a stranger deletes", method: "DELETE", path: preferencesPath, status: 401, code: "unauthenticated"},
		{name: "a stranger says", method: "POST", path: feedbackPath, body: `{}`, status: 401, code: "unauthenticated"},
	} {
		t.Run(c.name, func(t *testing.T) { w.do(t, c) })
	}
	assert.Zero(t, w.preferences(w.customer).Version, "nothing was kept")
}

// Of two who change the same version one wins, and the other hears it.
func TestPreferencesOfTwoDevices(t *testing.T) {
	t.Parallel()
	w, amelie, _ := tasteWorld(t)
	version := w.say(t, w.customer, amelie, tastes.Like).Version
	var won, lost int
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			got := w.send(t, call{token: w.customer, method: "PUT", path: preferencesPath, body: fmt.Sprintf(`{"version":%d}`, version)})
			mu.Lock()
			defer mu.Unlock()
			switch got.status {
			case http.StatusOK:
				won++
			case http.StatusConflict:
				lost++
			}
		})
	}
	group.Wait()
	assert.Equal(t, 1, won)
	assert.Equal(t, 7, lost)
}

// A movie that is not for a person stays so until they take it back, whatever else they change.
func TestFeedback(t *testing.T) {
	t.Parallel()
	w, amelie, dune := tasteWorld(t)
	assert.Equal(t, []uuid.UUID{amelie}, w.say(t, w.customer, amelie, tastes.Like).Liked)
	disliked := w.say(t, w.customer, amelie, tastes.NotForMe)
	assert.Empty(t, disliked.Liked, "a movie is not both")
	assert.Equal(t, []uuid.UUID{amelie}, disliked.NotForMe)
	assert.Equal(t, disliked, w.say(t, w.customer, amelie, tastes.NotForMe), "a repeat changes nothing")
	assert.Equal(t, []documents.Kind{documents.KindNotForMe}, w.told(w.customerID), "a liking is no event of a dislike")
	w.exec(`UPDATE movies SET retired_at = now() WHERE id = $1`, dune)
	assert.Equal(t, []uuid.UUID{amelie, dune}, w.say(t, w.customer, dune, tastes.NotForMe).NotForMe)

	undone := w.say(t, w.customer, amelie, tastes.None)
	assert.Equal(t, []uuid.UUID{dune}, undone.NotForMe)
	assert.Equal(t, []documents.Kind{documents.KindNotForMeWithdrawn, documents.KindNotForMe, documents.KindNotForMe}, w.told(w.customerID))
	w.exec(`DELETE FROM movies WHERE id = $1`, dune)
	assert.Empty(t, w.say(t, w.customer, dune, tastes.None).NotForMe, "also of a movie that is gone")
	assert.Empty(t, w.preferences(w.other).NotForMe)

	w.do(t, call{token: w.customer, method: "PUT", path: preferencesPath, body: `{"personalization":false}`, status: http.StatusOK})
	before := len(w.told(w.customerID))
	assert.Equal(t, []uuid.UUID{amelie}, w.say(t, w.customer, amelie, tastes.NotForMe).NotForMe)
	assert.Len(t, w.told(w.customerID), before, "without personalization nothing is noted")
}

func TestFeedbackAtOnce(t *testing.T) {
	t.Parallel()
	w, _, _ := tasteWorld(t)
	films := make([]uuid.UUID, 8)
	var group sync.WaitGroup
	for i := range films {
		films[i] = uuid.New()
		w.exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes, genres, languages) VALUES ($1, $2, 'Film', 2020, 90, '{}', '{}')`, films[i], films[i].String())
	}
	for _, film := range films {
		group.Go(func() { w.say(t, w.customer, film, tastes.NotForMe) })
		group.Go(func() { w.say(t, w.customer, film, tastes.NotForMe) })
	}
	group.Wait()
	assert.ElementsMatch(t, films, w.preferences(w.customer).NotForMe, "none is lost, none is there twice")
}

func TestFeedbackHasAnEnd(t *testing.T) {
	t.Parallel()
	w, amelie, dune := tasteWorld(t)
	full := documents.Profile{Films: make([]uuid.UUID, documents.MostStated)}
	for i := range full.Films {
		full.Films[i] = uuid.New()
	}
	full.Films[0] = dune
	_, err := w.documents.Preferences.Put(t.Context(), uuid.MustParse(w.customerID), full)
	require.NoError(t, err)
	like := fmt.Sprintf(`{"movie_id":%q,"feedback":"like"}`, amelie)
	w.do(t, call{token: w.customer, method: "POST", path: feedbackPath, body: like, status: 422, code: "validation_failed", holds: []string{`"feedback"`, "100 movies"}})
	w.say(t, w.customer, dune, tastes.Like) // was there
	w.say(t, w.customer, dune, tastes.None)
	w.do(t, call{token: w.customer, method: "POST", path: feedbackPath, body: like, status: http.StatusOK})
}

func TestForgettingWhatAPersonLikes(t *testing.T) {
	t.Parallel()
	w, amelie, _ := tasteWorld(t)
	w.say(t, w.customer, amelie, tastes.NotForMe)
	w.say(t, w.other, amelie, tastes.NotForMe)
	require.NoError(t, w.documents.Lists.Put(t.Context(), documents.List{Key: "for you", Person: uuid.MustParse(w.customerID), MadeAt: time.Now()}, time.Hour))
	for range 2 {
		w.do(t, call{token: w.customer, method: "DELETE", path: preferencesPath, status: http.StatusNoContent})
	}
	assert.Zero(t, w.preferences(w.customer).Version)
	assert.Equal(t, []documents.Kind{documents.KindForgotten}, w.told(w.customerID), "that is all that is left")
	_, found, err := w.documents.Lists.Get(t.Context(), "for you")
	require.NoError(t, err)
	assert.False(t, found)
	assert.Equal(t, []uuid.UUID{amelie}, w.preferences(w.other).NotForMe)
}

// The document store is another database: a sale does not ask it.
func TestBookingWithoutDocuments(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(*world) *documents.Store{
		"away":         func(w *world) *documents.Store { return openDocuments(w.t, "postgres://nobody@127.0.0.1:1/away") },
		"not migrated": func(w *world) *documents.Store { return w.documents },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.options.Tastes = tastes.New(store(w), catalog.New(w.db), w.options.Bookings.Bookings)
			w.serve()
			held := w.book(t, w.customer, "held", "B01")
			movie := w.do(t, call{method: "GET", path: "/v1/movies/amelie", status: http.StatusOK})
			var amelie struct{ ID uuid.UUID }
			movie.into(t, &amelie)
			for _, c := range []call{
				{method: "GET", path: preferencesPath},
				{method: "PUT", path: preferencesPath, body: `{}`},
				{method: "DELETE", path: preferencesPath},
				{method: "GET", path: activityPath},
				{method: "POST", path: feedbackPath, body: fmt.Sprintf(`{"booking_id":%q,"feedback":"leave_out"}`, held.ID)},
				{method: "POST", path: feedbackPath, body: fmt.Sprintf(`{"movie_id":%q,"feedback":"like"}`, amelie.ID)},
			} {
				c.token, c.status, c.code = w.customer, http.StatusServiceUnavailable, "unavailable"
				assert.NotEmpty(t, w.do(t, c).header.Get("Retry-After"))
			}
			b := w.bought(t, w.customer, "k", "A01", "A02")
			assert.Equal(t, booking.StatusConfirmed, b.Status)
			w.do(t, call{token: w.customer, method: "POST", path: "/v1/bookings/" + b.ID + "/cancel", status: http.StatusOK})
		})
	}
}

// Accounts are deleted in several ways. The document store forgets them later, and also when
// it was away meanwhile.
func TestDocumentsForgetAccountsThatAreGone(t *testing.T) {
	t.Parallel()
	w, amelie, _ := tasteWorld(t)
	w.say(t, w.customer, amelie, tastes.NotForMe)
	w.say(t, w.other, amelie, tastes.NotForMe)
	w.exec(`DELETE FROM accounts WHERE id = $1`, w.customerID)
	w.do(t, call{token: w.customer, method: "PUT", path: preferencesPath, body: `{}`, status: 401, code: "unauthenticated"})

	away := retention.New(w.db.Pool).WithDocuments(openDocuments(t, "postgres://nobody@127.0.0.1:1/away"), slog.New(slog.DiscardHandler))
	for _, kind := range []booking.OldRecords{booking.OldAccounts, booking.OldEvents, booking.OldCounters, booking.OldLists} {
		n, err := away.DeleteOld(t.Context(), kind, 0, 100)
		require.NoError(t, err, "left to the next run")
		assert.Zero(t, n)
	}
	there := retention.New(w.db.Pool).WithDocuments(w.documents, slog.New(slog.DiscardHandler))
	n, err := there.DeleteOld(t.Context(), booking.OldAccounts, time.Hour, 100)
	require.NoError(t, err)
	assert.Zero(t, n, "its requests may be under way")
	for _, want := range []int{1, 0} {
		n, err = there.DeleteOld(t.Context(), booking.OldAccounts, 0, 100)
		require.NoError(t, err)
		assert.Equal(t, want, n)
	}
	assert.Empty(t, w.told(w.customerID))
	stored, err := w.documents.Preferences.Get(t.Context(), uuid.MustParse(w.customerID))
	require.NoError(t, err)
	assert.Zero(t, stored.Version)
	assert.Equal(t, []uuid.UUID{amelie}, w.preferences(w.other).NotForMe)
}
