// Package recommendations serves lists of movies that may suit a customer, and what customers say
// about what they like: their preferences, and their feedback to movies.
//
// What does not live here: how lists are made (internal/recommendations), what is checked and
// kept (internal/tastes), and which messages an account wants (api/accounts).
package recommendations

import (
	"errors"
	"net/http"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/recommendations"
	"github.com/boxoffice/boxoffice/internal/tastes"
)

type service struct {
	*rest.Server
	tastes *tastes.Service
	lists  *recommendations.Service
}

// Mount adds the routes.
func Mount(server *rest.Server, said *tastes.Service, lists *recommendations.Service) error {
	if err := errors.Join(
		rest.Need(said != nil, "recommendations", "Tastes"),
		rest.Need(lists != nil, "recommendations", "Recommendations"),
	); err != nil {
		return err
	}
	s := &service{server, said, lists}
	s.Get("/v1/me/recommendations", s.getRecommendations)
	s.Get("/v1/movies/{id}/similar", s.listSimilar)
	s.AllowBodies("/v1/me/impressions", 128<<10) // 20 lists of 100 ids
	s.Post("/v1/me/impressions", s.reportImpressions)
	s.Get("/v1/me/preferences", s.getPreferences)
	s.Route(http.MethodPut, "/v1/me/preferences", s.putPreferences)
	s.Route(http.MethodDelete, "/v1/me/preferences", s.deletePreferences)
	s.Post("/v1/me/feedback", s.giveFeedback)
	s.Get("/v1/me/activity", s.listActivity)
	return nil
}
