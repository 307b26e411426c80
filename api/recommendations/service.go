// Package recommendations serves what customers say about what they like: their preferences,
// and their feedback to movies.
//
// What does not live here: what is checked and kept (internal/tastes), and which messages an
// account wants (api/accounts).
package recommendations

import (
	"net/http"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/tastes"
)

type service struct {
	*rest.Server
	tastes *tastes.Service
}

// Mount adds the routes.
func Mount(server *rest.Server, all *tastes.Service) error {
	if err := rest.Need(all != nil, "recommendations", "Tastes"); err != nil {
		return err
	}
	s := &service{server, all}
	s.Get("/v1/me/preferences", s.getPreferences)
	s.Route(http.MethodPut, "/v1/me/preferences", s.putPreferences)
	s.Route(http.MethodDelete, "/v1/me/preferences", s.deletePreferences)
	s.Post("/v1/me/feedback", s.giveFeedback)
	s.Get("/v1/me/activity", s.listActivity)
	return nil
}
