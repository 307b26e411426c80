// Package web serves the single-page app that Vite builds into dist: its files, and its
// page at every address that the app knows. Search engines and messengers read only the
// head of a page, so movies and theaters get theirs from the server.
//
// What does not live here: the app itself, which is in src, and where the facts of a movie
// or a theater come from, which is behind Pages.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/boxoffice/boxoffice/internal/links"
)

// All of it: files whose names begin with an underscore, too.
//
//go:embed all:dist
var embedded embed.FS

// Options are what the app's server needs.
type Options struct {
	// Pages gives the facts for the heads of pages.
	Pages Pages
	// Links are those of bookings, which open without a log-in.
	Links *links.Links
	// PublicURL is the address by which customers reach us.
	PublicURL string
	// Dist is what Vite built. Default the files in the program.
	Dist fs.FS
	// Logger default slog.Default().
	Logger *slog.Logger
}

type server struct {
	pages     Pages
	links     *links.Links
	publicURL string
	log       *slog.Logger
	files     map[string]*file
	shell     shell
	policy    string
}

// New makes the handler of all addresses of the app. It reads all files, so that one that
// cannot be served is an error at the start.
func New(o Options) (http.Handler, error) {
	if o.Pages == nil {
		return nil, errors.New("web: Pages is missing: give the facts of movies and theaters")
	}
	if o.Links == nil {
		return nil, errors.New("web: Links is missing: give those of bookings")
	}
	address, err := url.Parse(o.PublicURL)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return nil, fmt.Errorf("web: PublicURL %q is no address: write it like https://boxoffice.example", o.PublicURL)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Dist == nil {
		if o.Dist, err = fs.Sub(embedded, "dist"); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	s := &server{pages: o.Pages, links: o.Links, publicURL: strings.TrimRight(o.PublicURL, "/"), log: o.Logger}
	if s.files, err = readFiles(o.Dist); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	index, err := fs.ReadFile(o.Dist, "index.html")
	if err != nil {
		return nil, fmt.Errorf("web: %w: build the app", err)
	}
	if s.shell, err = readShell(string(index)); err != nil {
		return nil, fmt.Errorf("web: index.html: %w", err)
	}
	s.policy = policyFor(string(index))
	return s, nil
}

// ServeHTTP answers with a file, with the app's page, or with the two texts for crawlers.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.secure(w.Header())
	if s.openLink(w, r) {
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		answerText(w, http.StatusMethodNotAllowed, "This address knows GET and HEAD only.\n")
		return
	}
	file, there := s.files[r.URL.Path]
	switch {
	case there:
		file.serve(w, r)
	case r.URL.Path == "/robots.txt":
		s.robots(w, r)
	case r.URL.Path == "/sitemap.xml":
		s.sitemap(w, r)
	case strings.HasPrefix(r.URL.Path, assets):
		// A browser that still has yesterday's page asks for yesterday's script. The page
		// in its place would be a script that cannot be read.
		answerText(w, http.StatusNotFound, "There is no such file.\n")
	default:
		s.page(w, r)
	}
}

// contentPolicy allows what the app does: its own scripts and styles, its own API, posters
// from wherever they are. Of scripts inside of the page it allows those that the build put
// there, by what they say.
const contentPolicy = "default-src 'none'; script-src 'self'%s; style-src 'self'; img-src 'self' https: data: blob:; " +
	"font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// permissions leave the app what it asks for: where the customer is, to find theaters nearby.
const permissions = "accelerometer=(), camera=(), display-capture=(), geolocation=(self), gyroscope=(), " +
	"magnetometer=(), microphone=(), midi=(), payment=(), usb=()"

// inlineScript is a script inside of the page. What browsers hash is all between its tags.
var inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// policyFor gives the policy of a page with its scripts' hashes:
// https://www.w3.org/TR/CSP3/#match-element-to-source-list
func policyFor(page string) string {
	var hashes strings.Builder
	for _, script := range inlineScript.FindAllStringSubmatch(page, -1) {
		sum := sha256.Sum256([]byte(script[1]))
		fmt.Fprintf(&hashes, " 'sha256-%s'", base64.StdEncoding.EncodeToString(sum[:]))
	}
	return fmt.Sprintf(contentPolicy, hashes.String())
}

func (s *server) secure(header http.Header) {
	header.Set("Content-Security-Policy", s.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	header.Set("Permissions-Policy", permissions)
	// Payment pages of banks may open a window of their own.
	header.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
}

// answerText says what is wrong. It is never kept: the next version may have the file.
func answerText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the client is gone when this fails
}
