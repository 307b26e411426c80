// Package oidctest is an identity provider for tests that can lie in every way: it signs
// with other keys, answers for others, and sends what no honest issuer would.
package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// The client that the issuer knows.
const (
	ClientID     = "boxoffice"
	ClientSecret = "a secret of the client"
)

// Key signs ID tokens.
type Key struct {
	ID        string
	Private   crypto.Signer
	Algorithm jose.SignatureAlgorithm
}

// NewKey makes a key for ES256.
func NewKey(t testing.TB, id string) Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return Key{id, private, jose.ES256}
}

// NewEdKey makes a key for EdDSA.
func NewEdKey(t testing.TB, id string) Key {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return Key{id, private, jose.EdDSA}
}

// Issuer is the provider. Change its fields with Set, while requests are served.
type Issuer struct {
	*httptest.Server
	t testing.TB

	mu sync.Mutex
	// Keys are published; the first signs, unless Signs is set.
	Keys  []Key
	Signs *Key
	// Claims are of the person who logs in: sub, email, and what else there is. What is
	// here replaces the claims that the issuer makes; nil leaves one out.
	Claims map[string]any
	// UserInfo is what the UserInfo endpoint says; nil is no such endpoint.
	UserInfo map[string]any
	// Discovery is added to the discovery document; nil leaves a member out.
	Discovery map[string]any
	// Answer changes the parameters that go back to the client.
	Answer func(url.Values)
	// Token changes the answer of the token endpoint.
	Token func(map[string]any)
	// Forge makes the ID token in place of the issuer, from its claims.
	Forge func(claims map[string]any) string
	// KeyStatus and KeyBody are in place of the key set, when the status is not 0.
	KeyStatus int
	KeyBody   string
	// Clock is how far the issuer's clock is ahead.
	Clock time.Duration

	hits  map[string]int
	codes map[string]url.Values
}

// New starts an issuer at 127.0.0.1 for one test.
func New(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{t: t, Keys: []Key{NewKey(t, "one")}, hits: map[string]int{}, codes: map[string]url.Values{},
		Claims: map[string]any{"sub": "person-1", "email": "asha@example.com", "email_verified": true, "name": "Asha O'Neill"}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("/authorize", i.authorize)
	mux.HandleFunc("/token", i.token)
	mux.HandleFunc("/userinfo", i.userInfo)
	mux.HandleFunc("/keys", i.keys)
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(i.KeySet())) })
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.hits[r.URL.Path]++
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

// Set changes the issuer between two requests.
func (i *Issuer) Set(change func(*Issuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(i)
}

// Hits is how often a path was asked for.
func (i *Issuer) Hits(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hits[path]
}

// LogIn is the person at the issuer: it follows the address that the client gave, and gives
// where the issuer sends the browser to.
func (i *Issuer) LogIn(address string) *url.URL {
	i.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(address)
	require.NoError(i.t, err)
	defer response.Body.Close()
	require.Equal(i.t, http.StatusFound, response.StatusCode)
	to, err := response.Location()
	require.NoError(i.t, err)
	return to
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client notices
}

func merged(into, from map[string]any) map[string]any {
	into = maps.Clone(into)
	for name, value := range from {
		if value == nil {
			delete(into, name)
		} else {
			into[name] = value
		}
	}
	return into
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	document := map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"}, "code_challenge_methods_supported": []string{"S256"},
	}
	if i.UserInfo != nil {
		document["userinfo_endpoint"] = i.URL + "/userinfo"
	}
	answer(w, http.StatusOK, merged(document, i.Discovery))
}

func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	to, err := url.Parse(asked.Get("redirect_uri"))
	if err != nil || asked.Get("client_id") != ClientID || asked.Get("response_type") != "code" || asked.Get("code_challenge_method") != "S256" {
		http.Error(w, "this client is not known", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.codes[code] = asked
	back := url.Values{"code": {code}, "state": {asked.Get("state")}}
	if i.Answer != nil {
		i.Answer(back)
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	code := r.PostFormValue("code")
	asked, known := i.codes[code]
	delete(i.codes, code)
	digest := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != ClientID || secret != url.QueryEscape(ClientSecret):
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	case !known, asked.Get("redirect_uri") != r.PostFormValue("redirect_uri"),
		asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(digest[:]):
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "not this code: " + code})
		return
	}
	now := time.Now().Add(i.Clock)
	claims := merged(map[string]any{
		"iss": i.URL, "aud": ClientID, "nonce": asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}, i.Claims)
	body := map[string]any{"access_token": "access-" + code, "token_type": "Bearer", "expires_in": 300, "id_token": i.sign(claims)}
	if i.Token != nil {
		i.Token(body)
	}
	answer(w, http.StatusOK, body)
}

func (i *Issuer) sign(claims map[string]any) string {
	if i.Forge != nil {
		return i.Forge(claims)
	}
	key := i.Keys[0]
	if i.Signs != nil {
		key = *i.Signs
	}
	return Sign(i.t, key, claims)
}

// Sign makes an ID token.
func Sign(t testing.TB, key Key, claims map[string]any) string {
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	var options jose.SignerOptions
	if key.ID != "" {
		options.WithHeader("kid", key.ID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: key.Algorithm, Key: key.Private}, options.WithType("JWT"))
	require.NoError(t, err)
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}

func (i *Issuer) userInfo(w http.ResponseWriter, r *http.Request) {
	if i.UserInfo == nil || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer access-") {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	answer(w, http.StatusOK, i.UserInfo)
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	if i.KeyStatus != 0 {
		if i.KeyStatus == http.StatusFound {
			w.Header().Set("Location", i.URL+"/elsewhere")
		}
		w.WriteHeader(i.KeyStatus)
		_, _ = w.Write([]byte(i.KeyBody))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(i.KeySet()))
}

// KeySet is what the issuer publishes.
func (i *Issuer) KeySet() string {
	var set jose.JSONWebKeySet
	for _, key := range i.Keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Private.Public(), KeyID: key.ID, Algorithm: string(key.Algorithm), Use: "sig"})
	}
	text, err := json.Marshal(set)
	require.NoError(i.t, err)
	return string(text)
}
