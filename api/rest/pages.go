package rest

import (
	"fmt"
	"net/http"
	"strings"
)

// pages are for people, beside the API.
type pages struct {
	handler http.Handler
	// ours are the first words of the API's addresses.
	ours map[string]bool
}

// Pages has a handler answer at all addresses but those that begin like one of a route that
// is mounted by now. Whatever begins like one of the API's is answered by the API: with a
// problem when there is nothing.
func (s *Server) Pages(handler http.Handler) error {
	routes, err := s.Routes()
	if err != nil {
		return fmt.Errorf("api: the routes beside the pages: %w", err)
	}
	ours := map[string]bool{"v1": true, ".well-known": true, "pay": true} // also where other processes serve them
	for _, route := range routes {
		_, path, _ := strings.Cut(route, " ")
		ours[firstWord(path)] = true
	}
	s.pages = &pages{handler, ours}
	return nil
}

func firstWord(path string) string {
	word, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return word
}

// besides sends the requests for pages to them. They pass by what only the API needs: an odd
// query in a link is no reason to show a person a problem document.
func (p *pages) besides(api http.Handler) http.Handler {
	if p == nil {
		return api
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.ours[firstWord(r.URL.Path)] {
			api.ServeHTTP(w, r)
			return
		}
		exchangeOf(r.Context()).route = "web"
		p.handler.ServeHTTP(w, r)
	})
}
