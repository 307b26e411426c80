package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/cache"
)

// shell is the page as Vite built it, cut where the head of an address goes.
type shell struct{ before, between, after string }

// What the build leaves in the page to be replaced.
const (
	titleMark = "<title>Boxoffice</title>"
	headMark  = "<!--head-->"
)

func readShell(index string) (shell, error) {
	if strings.Count(index, titleMark) != 1 || strings.Count(index, headMark) != 1 {
		return shell{}, errors.New("it needs " + titleMark + " and, after that, " + headMark + ", each once")
	}
	before, rest, _ := strings.Cut(index, titleMark)
	between, after, found := strings.Cut(rest, headMark)
	if !found {
		return shell{}, errors.New(headMark + " has to come after " + titleMark)
	}
	return shell{before, between, after}, nil
}

// factsWithin is how long a page waits for its head. The app's own requests follow, and
// know more.
const factsWithin = 3 * time.Second

// page answers with the app at an address of its own. At an unknown one it shows that
// itself; the status is for programs that do not run it.
func (s *server) page(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/index.html" { // as service workers ask for it
		s.answerPage(w, r, http.StatusOK, s.plainHead("/"))
		return
	}
	kind, name := find(r.URL.Path)
	if kind == unknown {
		if s.redirectSlash(w, r) {
			return
		}
		s.answerPage(w, r, http.StatusNotFound, head{NoIndex: true})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), factsWithin)
	defer cancel()
	found, about, err := true, head{}, error(nil)
	switch kind {
	case movie:
		about, found, err = s.movieHead(ctx, name)
	case theater:
		about, found, err = s.theaterHead(ctx, name)
	case private:
		about.NoIndex = true
	default:
		about = s.plainHead(r.URL.Path)
	}
	switch {
	case err != nil:
		s.log.WarnContext(r.Context(), "a page goes out without its head", "error", err)
		// The app works without it. The status keeps search engines from taking a page
		// that says nothing for the movie's.
		w.Header().Set("Retry-After", "5")
		s.answerPage(w, r, http.StatusServiceUnavailable, head{})
	case !found:
		s.answerPage(w, r, http.StatusNotFound, head{NoIndex: true})
	default:
		s.answerPage(w, r, http.StatusOK, about)
	}
}

// redirectSlash leads from an address with a slash too much to the one without. Only to
// known addresses: they begin with one slash, so none of them names another host.
func (s *server) redirectSlash(w http.ResponseWriter, r *http.Request) bool {
	path, cut := strings.CutSuffix(r.URL.Path, "/")
	if kind, _ := find(path); !cut || kind == unknown || path == "/" {
		return false
	}
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	w.Header().Set("Cache-Control", askAgain)
	http.Redirect(w, r, path, http.StatusPermanentRedirect)
	return true
}

// answerPage sends the app with a head. It is not compressed here: the page is small, and
// nginx in front compresses all HTML.
func (s *server) answerPage(w http.ResponseWriter, r *http.Request, status int, about head) {
	title, rest, err := about.render()
	if err != nil {
		s.log.ErrorContext(r.Context(), "the head of a page cannot be written", "error", err)
		answerText(w, http.StatusInternalServerError, "Something broke on our side.\n")
		return
	}
	body := []byte(s.shell.before + title + s.shell.between + rest + s.shell.after)
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	if status == http.StatusOK {
		serveContent(w, r, askAgain, cache.ETag(body), body)
		return
	}
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone when this fails
}
