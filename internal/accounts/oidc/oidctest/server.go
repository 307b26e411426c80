package oidctest

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// Server is an identity provider by others (zitadel/oidc): what it answers is not what we
// think that a provider answers.
type Server struct {
	*httptest.Server
	t testing.TB
}

// people has one person.
type people struct{ one storage.User }

func (p people) GetUserByID(id string) *storage.User {
	if id == p.one.ID {
		return &p.one
	}
	return nil
}

func (p people) GetUserByUsername(name string) *storage.User {
	if name == p.one.Username {
		return &p.one
	}
	return nil
}

func (people) ExampleClientID() string { return ClientID }

// NewServer starts one at 127.0.0.1 for one test. redirect is registered for the client.
func NewServer(t testing.TB, redirect string) *Server {
	t.Helper()
	s := &Server{httptest.NewUnstartedServer(nil), t}
	issuer := "http://" + s.Listener.Addr().String()
	users := people{storage.User{
		ID: "person-7", Username: "maya", Password: "a password there", FirstName: "Maya", LastName: "Rao", Email: "maya@example.com", EmailVerified: true,
	}}
	clients := map[string]*storage.Client{ClientID: storage.WebClient(ClientID, ClientSecret, redirect)}
	s.Config.Handler = exampleop.SetupServer(issuer, storage.NewStorageWithClients(users, clients), nil, false)
	s.Start()
	t.Cleanup(s.Close)
	require.Equal(t, issuer, s.URL)
	return s
}

// LogIn is the person at the provider: it follows the address that the client gave, types
// the password, and gives where the provider sends the browser to.
func (s *Server) LogIn(address string) *url.URL {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	client := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), s.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	page := s.get(client, http.MethodGet, address, nil)
	id := page.Request.URL.Query().Get("authRequestID")
	require.NotEmpty(s.t, id, "the page for logging in: %s", page.Status)
	answer := s.get(client, http.MethodPost, s.URL+"/login/username", url.Values{"username": {"maya"}, "password": {"a password there"}, "id": {id}})
	to, err := answer.Location()
	require.NoError(s.t, err, answer.Status)
	return to
}

func (s *Server) get(client *http.Client, method, address string, form url.Values) *http.Response {
	s.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	return response
}
