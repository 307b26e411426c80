package web_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/links"
	"github.com/boxoffice/boxoffice/web"
)

// opening has the key with which package notify writes its golden files.
func opening(t *testing.T) *links.Links {
	t.Helper()
	known, err := links.New(publicURL, []ed25519.PrivateKey{ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))})
	require.NoError(t, err)
	return known
}

var link = regexp.MustCompile(`https://boxoffice\.example(/[^\s"<]*)`)

// anyMovie knows each movie: messages name movies that the other tests here do not have.
type anyMovie struct{ known }

func (anyMovie) Movie(_ context.Context, slug string) (web.Movie, bool, error) {
	return web.Movie{Slug: slug, Title: slug}, true, nil
}

// The messages as package notify writes them: each link in them is a page of the app.
func TestLinksInMessagesArePages(t *testing.T) {
	t.Parallel()
	handler := serve(t, anyMovie{demo()}, built())
	messages, err := filepath.Glob("../internal/notify/testdata/*")
	require.NoError(t, err)
	kinds := map[string]bool{}
	for _, message := range messages {
		content, err := os.ReadFile(message)
		require.NoError(t, err)
		for _, found := range link.FindAllStringSubmatch(string(content), -1) {
			path := html.UnescapeString(found[1])
			got := ask(handler, "GET", path)
			if strings.Contains(path, "?") { // opens a booking without a log-in
				assert.Equal(t, 303, got.status, "%s in %s", path, message)
				assert.NotEmpty(t, got.header.Get("Set-Cookie"), "%s in %s", path, message)
				path = got.header.Get("Location")
				got = ask(handler, "GET", path)
			}
			assert.Equal(t, 200, got.status, "%s in %s", path, message)
			path, _, _ = strings.Cut(path, "?")
			words := strings.Split(path, "/")
			kinds[words[1]+words[len(words)-1]] = true
		}
	}
	assert.GreaterOrEqual(t, len(kinds), 4, "bookings, choices, shows and movies: %v", kinds)
}

func TestALinkOpensItsBooking(t *testing.T) {
	t.Parallel()
	handler, known := serve(t, demo(), built()), opening(t)
	token := known.Token(links.Read, anID)
	short := strings.TrimPrefix(known.Short(links.Read, anID), publicURL)
	for _, c := range []struct{ target, location string }{
		{"/bookings/" + anID + "?key=" + token, "/bookings/" + anID + "?by=link"},
		{"/bookings/" + strings.ToUpper(anID) + "?key=" + token, "/bookings/" + anID + "?by=link"},
		{"/bookings/" + anID + "?paid&key=" + token + "&payment_intent=pi_1&payment_intent_client_secret=pi_1_secret", "/bookings/" + anID + "?by=link&paid"},
		{"/bookings/" + anID + "?utm_source=mail&key=" + token + "&next=https://evil.example", "/bookings/" + anID + "?by=link"},
		{"/bookings/" + anID + "/choice?key=" + token, "/bookings/" + anID + "/choice?by=link"},
		{"/tickets/" + anID + "?key=" + token, "/tickets/" + anID + "?by=link"},
		{short, "/bookings/" + anID + "?by=link"},
		{short + "&fbclid=x", "/bookings/" + anID + "?by=link"},
	} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			// As a bank's page sends the customer, and as a mail program does.
			for _, headers := range [][]string{
				{"Sec-Fetch-Site", "cross-site", "Origin", "null", "Cookie", "__Host-boxoffice_session=asha"},
				{"Sec-Fetch-Site", "none", "Host", "evil.example"}, nil,
			} {
				got := ask(handler, method, c.target, headers...)
				require.Equal(t, 303, got.status, "%s %s", method, c.target)
				assert.Equal(t, c.location, got.header.Get("Location"), c.target)
				assert.Equal(t, "no-store", got.header.Get("Cache-Control"), c.target)
				assert.Equal(t, "no-referrer", got.header.Get("Referrer-Policy"), c.target)
				require.Len(t, got.header.Values("Set-Cookie"), 1, "and nothing of the session")
				cookie, err := http.ParseSetCookie(got.header.Get("Set-Cookie"))
				require.NoError(t, err)
				assert.Equal(t, known.Cookie(anID, token).String(), cookie.String())
				assert.NotContains(t, got.body+got.header.Get("Location"), token)
			}
		}
	}
}

func TestALinkThatIsNotGoodOpensNothing(t *testing.T) {
	t.Parallel()
	handler, known := serve(t, demo(), built()), opening(t)
	token, other := known.Token(links.Read, anID), "7f1d2c3b-4a59-5687-9706-a5b4c3d2e1f0"
	for target, location := range map[string]string{
		"/bookings/" + anID + "?key=" + token[:22]:                 "/bookings/" + anID + "?by=link",
		"/bookings/" + anID + "?key=":                              "/bookings/" + anID + "?by=link",
		"/bookings/" + anID + "?key":                               "/bookings/" + anID + "?by=link",
		"/bookings/" + other + "?key=" + token:                     "/bookings/" + other + "?by=link",
		"/bookings/" + anID + "?key=" + known.Token("write", anID): "/bookings/" + anID + "?by=link",
		"/bookings/" + anID + "?key=%0d%0aSet-Cookie:%20a=b":       "/bookings/" + anID + "?by=link",
		"/b":                             "/bookings",
		"/b?" + token:                    "/bookings",
		"/b?//evil.example":              "/bookings",
		"/b?1" + strings.Repeat("A", 44): "/bookings/00000000-0000-0000-0000-000000000000?by=link",
	} {
		for _, method := range []string{"GET", "POST"} {
			got := ask(handler, method, target)
			assert.Equal(t, 303, got.status, target)
			assert.Equal(t, location, got.header.Get("Location"), target)
			assert.Empty(t, got.header.Values("Set-Cookie"), target)
		}
	}
	// A key is for bookings only.
	for _, target := range []string{"/?key=" + token, "/movies/dune-part-two?key=" + token, "/shows/" + anID + "?key=" + token, "/login?key=" + token, "/bookings?key=" + token} {
		got := ask(handler, "GET", target)
		assert.Equal(t, 200, got.status, target)
		assert.Empty(t, got.header.Values("Set-Cookie"), target)
		assert.Equal(t, 405, ask(handler, "POST", target).status, target)
	}
	assert.Equal(t, 404, ask(handler, "GET", "/bookings/nope?key="+token).status)
	assert.Equal(t, 405, ask(handler, "DELETE", "/bookings/"+anID+"?key="+token).status)
	assert.Equal(t, 405, ask(handler, "POST", "/bookings/"+anID).status)
}

func TestTheKeyIsNotLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	handler, err := web.New(web.Options{
		Pages: demo(), Links: opening(t), PublicURL: publicURL, Dist: built(),
		Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	token := opening(t).Token(links.Read, anID)
	for _, path := range []string{"/bookings/" + anID, "/tickets/" + anID, "/nope", "/bookings/"} {
		r := httptest.NewRequest(http.MethodGet, path+"?key="+token, nil)
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	assert.NotContains(t, log.String(), token)
}
