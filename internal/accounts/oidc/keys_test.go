package oidc_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/accounts/oidc"
	"github.com/boxoffice/boxoffice/internal/accounts/oidc/oidctest"
)

func TestScenario3_NewKeysAreFetchedOnce(t *testing.T) {
	t.Parallel()
	issuer, time := oidctest.New(t), new(clock)
	p := newProvider(t, issuer.URL, time.now)
	_, err := logIn(t, p, issuer)
	require.NoError(t, err)
	assert.Equal(t, 1, issuer.Hits("/keys"))

	// The issuer swaps its keys: the next log-in works, with one fetch.
	issuer.Set(func(i *oidctest.Issuer) { i.Keys = []oidctest.Key{oidctest.NewKey(t, "two")} })
	_, err = logIn(t, p, issuer)
	require.NoError(t, err)
	assert.Equal(t, 2, issuer.Hits("/keys"))
	assert.Equal(t, 1, issuer.Hits("/.well-known/openid-configuration"))
}

func TestScenario3_MadeUpKeyIDsFetchLittle(t *testing.T) {
	t.Parallel()
	issuer, clock := oidctest.New(t), new(clock)
	p := newProvider(t, issuer.URL, clock.now)
	made, began := oidctest.NewKey(t, "made up"), time.Now()
	issuer.Set(func(i *oidctest.Issuer) { i.Signs = &made })
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				_, err := logIn(t, p, issuer)
				assert.Contains(t, reasonOf(err), "no key of the issuer")
			}
		})
	}
	all.Wait()
	// The first one, and one for each ten seconds that this took.
	assert.LessOrEqual(t, issuer.Hits("/keys"), 2+int(time.Since(began)/(10*time.Second)))
	issuer.Set(func(i *oidctest.Issuer) { i.Signs = nil })
	_, err := logIn(t, p, issuer)
	require.NoError(t, err, "honest log-ins go on")
	clock.pass(11 * time.Second)
	issuer.Set(func(i *oidctest.Issuer) { i.Keys = []oidctest.Key{oidctest.NewKey(t, "two")} })
	_, err = logIn(t, p, issuer)
	require.NoError(t, err)
}

func TestScenario3_AKeyThatWasTakenBackEnds(t *testing.T) {
	t.Parallel()
	issuer, clock := oidctest.New(t), new(clock)
	old := issuer.Keys[0]
	p := newProvider(t, issuer.URL, clock.now)
	_, err := logIn(t, p, issuer)
	require.NoError(t, err)
	issuer.Set(func(i *oidctest.Issuer) { i.Keys, i.Signs = []oidctest.Key{oidctest.NewKey(t, "two")}, &old })
	clock.pass(time.Hour + time.Second)
	issuer.Set(func(i *oidctest.Issuer) { i.Clock = time.Hour })
	_, err = logIn(t, p, issuer)
	refused(t, err, "no key of the issuer")
}

func TestA8_OneFetchForManyAtOnce(t *testing.T) {
	t.Parallel()
	issuer := oidctest.New(t)
	p := newProvider(t, issuer.URL, nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := logIn(t, p, issuer)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Equal(t, 1, issuer.Hits("/keys"))
	assert.Equal(t, 1, issuer.Hits("/.well-known/openid-configuration"))
}

// When the issuer swaps its keys, all who log in at that moment wait for the same new ones.
func TestA9_ManyLogInAtTheMomentOfNewKeys(t *testing.T) {
	t.Parallel()
	issuer := oidctest.New(t)
	p := newProvider(t, issuer.URL, nil)
	_, err := logIn(t, p, issuer)
	require.NoError(t, err)
	var answers []oidc.Answer
	var asked []oidc.Secrets
	issuer.Set(func(i *oidctest.Issuer) { i.Keys = []oidctest.Key{oidctest.NewKey(t, "two")} })
	for range 30 {
		secrets := oidc.NewSecrets()
		address, err := p.Start(t.Context(), redirect, secrets)
		require.NoError(t, err)
		answers, asked = append(answers, answerOf(issuer.LogIn(address).Query())), append(asked, secrets)
	}
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			_, err := p.Finish(t.Context(), redirect, asked[i], answers[i])
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Equal(t, 2, issuer.Hits("/keys"))
}

// The request that asked first may be cancelled: the others, and later ones, still get keys.
func TestA8_ACancelledRequestBreaksNoLaterOne(t *testing.T) {
	t.Parallel()
	issuer := oidctest.New(t)
	p := newProvider(t, issuer.URL, nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = p.Start(gone, redirect, oidc.NewSecrets())
	_, err := logIn(t, p, issuer)
	require.NoError(t, err)
}

func TestA9_ANewKeyWorksWithoutARestart(t *testing.T) {
	t.Parallel()
	issuer, clock := oidctest.New(t), new(clock)
	p := newProvider(t, issuer.URL, clock.now)
	for _, id := range []string{"one", "two", "three"} {
		issuer.Set(func(i *oidctest.Issuer) { i.Keys = []oidctest.Key{oidctest.NewKey(t, id)} })
		_, err := logIn(t, p, issuer)
		require.NoError(t, err, id)
		clock.pass(11 * time.Second)
		issuer.Set(func(i *oidctest.Issuer) { i.Clock += 11 * time.Second })
	}
	// The same key id may get another key.
	issuer.Set(func(i *oidctest.Issuer) { i.Keys = []oidctest.Key{oidctest.NewKey(t, "three")} })
	_, err := logIn(t, p, issuer)
	require.NoError(t, err)
}

func TestA10_AnErrorIsNotKept(t *testing.T) {
	t.Parallel()
	other := oidctest.New(t)
	other.Set(func(i *oidctest.Issuer) { i.Keys[0].ID = "other" })
	otherKeys := other.KeySet()
	for name, away := range map[string]struct {
		status int
		body   string
	}{
		"503": {http.StatusServiceUnavailable, `{"keys":[]}`}, "a page": {http.StatusOK, "<html>"}, "nothing": {http.StatusOK, ""},
		"no keys": {http.StatusOK, `{"keys":[]}`}, "a redirect": {http.StatusFound, ""}, "500 with keys": {http.StatusInternalServerError, otherKeys}, "404": {http.StatusNotFound, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer, clock := oidctest.New(t), new(clock)
			p := newProvider(t, issuer.URL, clock.now)
			_, err := logIn(t, p, issuer)
			require.NoError(t, err)
			// The hour is over, and the issuer is away for a minute: the old keys still verify.
			clock.pass(time.Hour + time.Second)
			issuer.Set(func(i *oidctest.Issuer) { i.Clock, i.KeyStatus, i.KeyBody = time.Hour, away.status, away.body })
			for range 3 {
				_, err = logIn(t, p, issuer)
				require.NoError(t, err)
				clock.pass(20 * time.Second)
			}
			// It is back, with other keys.
			issuer.Set(func(i *oidctest.Issuer) {
				i.Clock, i.KeyStatus, i.Keys = time.Hour+time.Minute, 0, []oidctest.Key{oidctest.NewKey(t, "two")}
			})
			_, err = logIn(t, p, issuer)
			require.NoError(t, err)
			// An issuer that never answered is asked again a second later.
			issuer.Set(func(i *oidctest.Issuer) { i.KeyStatus, i.KeyBody = away.status, away.body })
			fresh := newProvider(t, issuer.URL, clock.now)
			_, err = logIn(t, fresh, issuer)
			refused(t, err, "id_token")
			issuer.Set(func(i *oidctest.Issuer) { i.KeyStatus = 0 })
			clock.pass(time.Second)
			_, err = logIn(t, fresh, issuer)
			require.NoError(t, err)
		})
	}
}

// Keys that were not renewed for a day count no longer.
func TestKeysOfAnIssuerThatStaysAwayEnd(t *testing.T) {
	t.Parallel()
	issuer, clock := oidctest.New(t), new(clock)
	p := newProvider(t, issuer.URL, clock.now)
	_, err := logIn(t, p, issuer)
	require.NoError(t, err)
	clock.pass(23 * time.Hour)
	issuer.Set(func(i *oidctest.Issuer) { i.Clock, i.KeyStatus = 23*time.Hour, http.StatusServiceUnavailable })
	_, err = logIn(t, p, issuer)
	require.NoError(t, err)
	clock.pass(2 * time.Hour)
	issuer.Set(func(i *oidctest.Issuer) { i.Clock = 25 * time.Hour })
	_, err = logIn(t, p, issuer)
	refused(t, err, "fetch the keys")
}

func TestA13_PlacesToReturnTo(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"//e", "///e", `/\e`, `\e`, `\\e`, "/%5Ce", "/%5ce", "/%2F%2Fe", "/%2fe", "/%252Fe", "\t//e", "\n/e", " /e", "/\te", "/e\r\nSet-Cookie: a=b",
		"https:e", "https://evil.example", "http:/e", "javascript:alert(1)", "data:text/html,x", "e", "?x", "#f", "@e", "/a//e", "/../e", "/a/..//e", "/\x00", "/é",
		"/\u2028e", "/%00", "/%0d%0a", "/%zz", "//user@e/", "/" + string(make([]byte, 2000)),
	} {
		_, good := oidc.Place(bad)
		assert.False(t, good, "%q", bad)
	}
	for _, good := range []string{"/", "/ok?x=1#f", "/account", "/login?next=%2Fshows%2F7", "/shows/7?seats=C7,C8", "/a@b", "/a:b"} {
		place, is := oidc.Place(good)
		assert.True(t, is, "%q", good)
		assert.Equal(t, good, place)
	}
	place, _ := oidc.Place("")
	assert.Equal(t, "/", place)
}
