package staff

import (
	"net/http"
	"strings"
)

// noteChanges reads the catalog's version again after a change by staff, before the answer:
// so their next read has the change.
func (s *service) noteChanges(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead || !strings.HasPrefix(r.URL.Path, "/v1/admin/") {
			next.ServeHTTP(w, r)
			return
		}
		noting := &changeWriter{ResponseWriter: w, changed: func() { s.Changed(r.Context()) }}
		next.ServeHTTP(noting, r)
		noting.note(http.StatusOK) // for a handler that wrote nothing
	})
}

type changeWriter struct {
	http.ResponseWriter
	changed func()
	noted   bool
}

func (w *changeWriter) note(status int) {
	if w.noted {
		return
	}
	w.noted = true
	if status < http.StatusBadRequest {
		w.changed()
	}
}

func (w *changeWriter) WriteHeader(status int) {
	w.note(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *changeWriter) Write(body []byte) (int, error) {
	w.note(http.StatusOK)
	return w.ResponseWriter.Write(body)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *changeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
