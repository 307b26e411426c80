// Package search serves the search for movies and theaters, and suggestions while a
// customer types. How titles are found and ranked is in internal/search.
package search

import (
	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/search"
)

type service struct {
	*rest.Server
	engine *search.Engine
}

// Mount adds the routes. The engine is kept fresh by its owner.
func Mount(server *rest.Server, engine *search.Engine) error {
	if err := rest.Need(engine != nil, "search", "Search"); err != nil {
		return err
	}
	s := &service{server, engine}
	s.Get("/v1/search", s.search)
	s.Get("/v1/search/suggest", s.suggest)
	return nil
}
