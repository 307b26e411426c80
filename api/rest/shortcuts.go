package rest

import (
	"net/http"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	shortcutsKept   = 8192
	longestShortcut = 512 // bytes of address
)

// shortcuts remember, by the text of a URL, the result of the router and of the parameters'
// reader. A ready answer then costs little more than sending it. Only public reads take
// shortcuts.
type shortcuts struct{ known *lru.Cache[string, shortcut] }

type shortcut struct {
	route, subject string
	// answer answers when it can do so from memory, at once.
	answer func(w http.ResponseWriter, r *http.Request) bool
}

func newShortcuts() shortcuts {
	known, _ := lru.New[string, shortcut](shortcutsKept) // the size is valid
	return shortcuts{known}
}

// take answers what it can, if the client may have it without being counted elsewhere, and
// passes on all other requests. One with a service key goes past the guard, which asks
// whether the key still counts.
func (s shortcuts) take(free func(r *http.Request, route string) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.Method == http.MethodGet || r.Method == http.MethodHead) && !bringsKey(r) {
			if known, ok := s.known.Get(r.RequestURI); ok && free(r, known.route) && known.answer(w, r) {
				e := exchangeOf(r.Context())
				e.route, e.subject = known.route, known.subject
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// Remember lets the next request for the same address be answered by answer, which
// tells whether it could. It is for a handler that has just answered with success.
func (s *Server) Remember(r *http.Request, answer func(w http.ResponseWriter, r *http.Request) bool) {
	if r.RequestURI == "" || len(r.RequestURI) > longestShortcut {
		return
	}
	e := exchangeOf(r.Context())
	s.shortcuts.known.Add(r.RequestURI, shortcut{route: e.route, subject: e.subject, answer: answer})
}
