// Package accounts serves registration, log-ins, sessions, one's own account with its
// subscriptions to push messages, and the keys that access tokens are signed with.
package accounts

import (
	"net/http"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

type service struct {
	*rest.Server
	accounts *accounts.Service
}

// Mount adds the routes. publicURL is where browsers reach us: our own pages, which get
// sessions by cookie, have that origin.
func Mount(server *rest.Server, all *accounts.Service, publicURL string) error {
	if err := rest.Need(all != nil, "accounts", "Accounts"); err != nil {
		return err
	}
	s := &service{server, all}
	b, err := newBrowser(s, publicURL)
	if err != nil {
		return err
	}
	b.mount()
	s.mountAddresses()
	s.Post("/v1/accounts", s.register)
	s.Post("/v1/sessions", s.signIn)
	s.Post("/v1/sessions/refresh", s.refreshSession)
	s.Route(http.MethodDelete, "/v1/sessions", s.signOut) // what is over may be ended again
	s.mountFactors()
	s.mountPasskeys()
	s.Get("/v1/me", s.getMe)
	s.Route(http.MethodPatch, "/v1/me", s.changeMe)
	s.Get("/v1/me/sessions", s.listSessions)
	s.Route(http.MethodDelete, "/v1/me/sessions", s.endSessions)
	s.Route(http.MethodDelete, "/v1/me/sessions/{id}", s.endSession)
	s.Get("/v1/push/key", s.pushKey)
	s.Route(http.MethodPut, "/v1/me/push-subscriptions", s.subscribe)
	s.Route(http.MethodDelete, "/v1/me/push-subscriptions", s.unsubscribe)
	s.Get("/.well-known/jwks.json", s.keys)
	return nil
}
