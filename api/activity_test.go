package api

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/tastes"
)

const activityPath = "/v1/me/activity"

// activityPage is what a client reads: fields that are not there are not in the map.
type activityPage struct {
	Items []map[string]any
	Next  string `json:"next_cursor"`
}

func (w *world) activity(t testing.TB, token, query string) (p activityPage) {
	t.Helper()
	w.do(t, call{token: token, method: "GET", path: activityPath + query, status: http.StatusOK}).into(t, &p)
	return p
}

func (w *world) sayOfBooking(t testing.TB, token, id string, said tastes.Feedback) (p tastes.Preferences) {
	t.Helper()
	w.do(t, call{token: token, method: "POST", path: feedbackPath, status: http.StatusOK,
		body: fmt.Sprintf(`{"booking_id":%q,"feedback":%q}`, id, said)}).into(t, &p)
	return p
}

// A visit with a child is left out, and counts again when its owner says so.
func TestABookingIsLeftOut(t *testing.T) {
	t.Parallel()
	w, amelie, _ := tasteWorld(t)
	mine, others := w.bought(t, w.customer, "mine", "A01"), w.bought(t, w.other, "others", "A02")
	leaveOthers := call{token: w.customer, method: "POST", path: feedbackPath, body: fmt.Sprintf(`{"booking_id":%q,"feedback":"leave_out"}`, others.ID),
		status: 422, code: "validation_failed", holds: []string{`"booking_id"`, "GET /v1/bookings"}}
	w.do(t, leaveOthers)
	w.say(t, w.customer, amelie, tastes.Like)

	id := uuid.MustParse(mine.ID)
	left := w.sayOfBooking(t, w.customer, mine.ID, tastes.LeaveOut)
	assert.Equal(t, []uuid.UUID{id}, left.LeftOut)
	assert.Equal(t, []uuid.UUID{amelie}, left.Liked, "what was said of movies stays")
	assert.Equal(t, left, w.sayOfBooking(t, w.customer, mine.ID, tastes.LeaveOut), "a repeat changes nothing")
	w.do(t, call{token: w.customer, method: "PUT", path: preferencesPath, body: `{}`, status: http.StatusOK})
	assert.Equal(t, []uuid.UUID{id}, w.preferences(w.customer).LeftOut, "and it stays when the choice is replaced")

	assert.Empty(t, w.sayOfBooking(t, w.customer, mine.ID, tastes.Count).LeftOut)
	assert.Empty(t, w.sayOfBooking(t, w.customer, mine.ID, tastes.Count).LeftOut)
	assert.Equal(t, []documents.Kind{documents.KindLeaveOutWithdrawn, documents.KindLeaveOut}, w.told(w.customerID))
	assert.Empty(t, w.preferences(w.other).LeftOut)
	assert.Empty(t, w.told(w.account(t, w.other)))

	w.do(t, call{token: w.customer, method: "PUT", path: preferencesPath, body: `{"personalization":false}`, status: http.StatusOK})
	assert.Equal(t, []uuid.UUID{id}, w.sayOfBooking(t, w.customer, mine.ID, tastes.LeaveOut).LeftOut)
	assert.Len(t, w.told(w.customerID), 2, "without personalization nothing is noted")

	// A booking that is gone since can be let count again: its owner does not see it any more.
	gone := uuid.New()
	profile, err := w.documents.Preferences.Get(t.Context(), uuid.MustParse(w.customerID))
	require.NoError(t, err)
	profile.LeftOut = append(profile.LeftOut, gone)
	_, err = w.documents.Preferences.Put(t.Context(), uuid.MustParse(w.customerID), profile)
	require.NoError(t, err)
	assert.Equal(t, []uuid.UUID{id}, w.sayOfBooking(t, w.customer, gone.String(), tastes.Count).LeftOut)
}

func TestBookingsThatAreLeftOutHaveAnEnd(t *testing.T) {
	t.Parallel()
	w, _, _ := tasteWorld(t)
	mine := w.bought(t, w.customer, "mine", "A01")
	full := documents.Profile{LeftOut: make([]uuid.UUID, documents.MostLeftOut)}
	for i := range full.LeftOut {
		full.LeftOut[i] = uuid.New()
	}
	_, err := w.documents.Preferences.Put(t.Context(), uuid.MustParse(w.customerID), full)
	require.NoError(t, err)
	w.do(t, call{token: w.customer, method: "POST", path: feedbackPath, body: fmt.Sprintf(`{"booking_id":%q,"feedback":"leave_out"}`, mine.ID),
		status: 422, code: "validation_failed", holds: []string{`"feedback"`, "1000 bookings"}})
	w.sayOfBooking(t, w.customer, full.LeftOut[7].String(), tastes.Count)
	assert.Len(t, w.sayOfBooking(t, w.customer, mine.ID, tastes.LeaveOut).LeftOut, documents.MostLeftOut)
}

// Who forgets what they like does not say that lists may be made from what they do from now on.
func TestForgettingKeepsPersonalizationOff(t *testing.T) {
	t.Parallel()
	w, amelie, _ := tasteWorld(t)
	w.say(t, w.customer, amelie, tastes.NotForMe)
	mine := w.bought(t, w.customer, "mine", "A01")
	w.sayOfBooking(t, w.customer, mine.ID, tastes.LeaveOut)
	w.do(t, call{token: w.customer, method: "PUT", path: preferencesPath, body: `{"personalization":false,"languages":["hi"],"genres":["Drama"],"accessibility":["captions"]}`, status: http.StatusOK})
	require.NoError(t, w.documents.Lists.Put(t.Context(), documents.List{Key: "for you", Person: uuid.MustParse(w.customerID), MadeAt: time.Now()}, time.Hour))
	for range 2 {
		w.do(t, call{token: w.customer, method: "DELETE", path: preferencesPath, status: http.StatusNoContent})
		left := w.preferences(w.customer)
		left.Version = 0
		assert.Equal(t, tastes.Preferences{Languages: []string{}, Genres: []string{}, Accessibility: []string{},
			Liked: []uuid.UUID{}, NotForMe: []uuid.UUID{}, LeftOut: []uuid.UUID{}}, left, "the choice alone is left")
		assert.Equal(t, []documents.Kind{documents.KindForgotten}, w.told(w.customerID))
	}
	_, found, err := w.documents.Lists.Get(t.Context(), "for you")
	require.NoError(t, err)
	assert.False(t, found)
	assert.True(t, w.put(t, w.customer, `{"personalization":true}`).Personalization, "until it is turned on")
}

// One device forgets, the other one turns personalization off. In any order, it is off afterwards.
func TestForgettingWhilePersonalizationIsTurnedOff(t *testing.T) {
	t.Parallel()
	w, amelie, _ := tasteWorld(t)
	for range 10 {
		w.put(t, w.customer, `{"personalization":true}`)
		w.say(t, w.customer, amelie, tastes.Like)
		var group sync.WaitGroup
		group.Go(func() {
			w.do(t, call{token: w.customer, method: "PUT", path: preferencesPath, body: `{"personalization":false}`, status: http.StatusOK})
		})
		group.Go(func() {
			w.do(t, call{token: w.customer, method: "DELETE", path: preferencesPath, status: http.StatusNoContent})
		})
		group.Wait()
		assert.False(t, w.preferences(w.customer).Personalization)
	}
}

func (w *world) put(t testing.TB, token, body string) (p tastes.Preferences) {
	t.Helper()
	w.do(t, call{token: token, method: "PUT", path: preferencesPath, body: body, status: http.StatusOK}).into(t, &p)
	return p
}

func TestActivityHasAllThatWasNoted(t *testing.T) {
	t.Parallel()
	w, amelie, dune := tasteWorld(t)
	assert.Equal(t, activityPage{Items: []map[string]any{}}, w.activity(t, w.customer, ""))
	mine := w.bought(t, w.customer, "mine", "A01")
	person, city, at := uuid.MustParse(w.customerID), uuid.New(), time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	_, err := w.documents.Events.Append(t.Context(), []documents.Event{
		{ID: uuid.New(), Kind: documents.KindImpression, At: at, Person: person, City: city, Film: dune,
			EventFacts: documents.EventFacts{List: "list-1", Position: 3, Propensity: 0.25, Model: "m-7"}},
		{ID: uuid.New(), Kind: documents.KindReview, At: at.Add(-time.Minute), Person: person, Film: dune, EventFacts: documents.EventFacts{Value: 4}},
		{ID: uuid.New(), Kind: documents.KindBooking, At: at.Add(-2 * time.Minute), Person: person, City: city, Film: amelie,
			EventFacts: documents.EventFacts{Session: "s", Details: map[string]string{"booking": mine.ID, "seats": "2"}}},
		{ID: uuid.New(), Kind: documents.KindView, At: at, Person: uuid.MustParse(w.account(t, w.other)), Film: dune},
	})
	require.NoError(t, err)
	w.say(t, w.customer, amelie, tastes.NotForMe)
	w.sayOfBooking(t, w.customer, mine.ID, tastes.LeaveOut)

	when := func(t time.Time) string { return t.Format(time.RFC3339) }
	all := w.activity(t, w.customer, "")
	require.Len(t, all.Items, 5)
	for _, item := range all.Items[:2] {
		said, err := time.Parse(time.RFC3339Nano, item["at"].(string))
		require.NoError(t, err)
		assert.WithinDuration(t, time.Now(), said, time.Minute)
		delete(item, "at")
	}
	assert.Equal(t, []map[string]any{
		{"kind": "leave_out", "booking_id": mine.ID},
		{"kind": "not_for_me", "movie_id": amelie.String()},
		{"kind": "impression", "at": when(at), "movie_id": dune.String(), "city_id": city.String(), "list_id": "list-1", "position": 3.0, "propensity": 0.25, "model": "m-7"},
		{"kind": "review", "at": when(at.Add(-time.Minute)), "movie_id": dune.String(), "stars": 4.0},
		{"kind": "booking", "at": when(at.Add(-2 * time.Minute)), "movie_id": amelie.String(), "city_id": city.String(), "booking_id": mine.ID, "session": "s", "details": map[string]any{"seats": "2"}},
	}, all.Items)

	var paged []string
	for next := "?limit=2"; next != ""; {
		page := w.activity(t, w.customer, next)
		for _, item := range page.Items {
			paged = append(paged, item["kind"].(string))
		}
		next = page.Next
		if next != "" {
			assert.Len(t, page.Items, 2)
			next = "?limit=2&cursor=" + next
		}
	}
	assert.Equal(t, []string{"leave_out", "not_for_me", "impression", "review", "booking"}, paged)

	w.do(t, call{token: w.customer, method: "DELETE", path: preferencesPath, status: http.StatusNoContent})
	left := w.activity(t, w.customer, "").Items
	require.Len(t, left, 1)
	assert.Equal(t, "forgotten", left[0]["kind"])
	assert.Len(t, left[0], 2, "and when: nothing else")
	assert.Len(t, w.activity(t, w.other, "").Items, 1)
}

// What is stored of a person and has no end, or a late one, is a profile and events: their owner
// reads every field of both. A field that is added has to be shown, or named here.
func TestAPersonReadsAllThatIsStored(t *testing.T) {
	t.Parallel()
	shown := map[string]string{
		"Version": "version", "Personalization": "personalization", "Genres": "genres", "Films": "liked", "Languages": "languages",
		"Certificate": "certificate", "Accessibility": "accessibility", "NotForMe": "not_for_me", "LeftOut": "left_out",
		"ChangedAt": "", "People": "", "Subtitles": "", // the time of the last change; the others no route writes
	}
	of := reflect.TypeFor[documents.Profile]()
	for i := range of.NumField() {
		name, known := shown[of.Field(i).Name]
		if assert.True(t, known, "show %s, which a profile has, to its owner", of.Field(i).Name) && name != "" {
			assert.True(t, hasField[tastes.Preferences](name), name)
		}
	}
	noted := map[string]string{
		"At": "at", "Kind": "kind", "Film": "movie_id", "City": "city_id", "List": "list_id", "Position": "position", "Propensity": "propensity",
		"Model": "model", "Value": "stars", "Session": "session", "Details": "details", "ID": "", "Person": "",
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[documents.Event]()) {
		if name, known := noted[field.Name]; !field.Anonymous && assert.True(t, known, "show %s, which an event has, to its person", field.Name) && name != "" {
			assert.True(t, hasField[tastes.Activity](name), name)
		}
	}
}

// hasField tells whether the JSON of a type has a field.
func hasField[T any](name string) bool {
	of := reflect.TypeFor[T]()
	for i := range of.NumField() {
		if tag, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); tag == name {
			return true
		}
	}
	return false
}

// account is the id of who has a token.
func (w *world) account(t testing.TB, token string) string {
	t.Helper()
	var me struct{ ID string }
	w.do(t, call{token: token, method: "GET", path: "/v1/me", status: http.StatusOK}).into(t, &me)
	return me.ID
}
