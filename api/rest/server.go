package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/policy"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/limits"
	"github.com/boxoffice/boxoffice/internal/servicekeys"
)

// Options are what all services share.
type Options struct {
	// Verify reads an access token. Services without it answer all callers alike.
	Verify func(token string) (*accounts.Claims, error)
	// Standing asks whether the session of a token that was verified still goes on, and
	// which role its account has now. It goes with Verify.
	Standing func(context.Context, *accounts.Claims) (*accounts.Claims, error)
	// Fresh is an error unless the session of a caller has shown a moment ago who it is. It
	// goes with Standing.
	Fresh func(context.Context, accounts.Claims) error
	// Keys knows the service keys of partners. Without it, none counts.
	Keys *servicekeys.Store
	// Linked tells whether a request brings the link of a booking. Without it, none does.
	Linked func(*http.Request) bool
	Logger *slog.Logger
	// CORSOrigins are the web origins that may call the API from a browser; "*"
	// admits all.
	CORSOrigins []string
	// TrustedProxies are proxies of ours: their X-Forwarded-For counts. Default none.
	TrustedProxies []netip.Prefix
	// RequestTimeout ends every request but streams. Default 20 s, which leaves
	// the workflows' answers their 10.
	RequestTimeout time.Duration
	Streams        StreamLimits
	// Limits count requests by the groups that GroupOf gives for a method and a route's
	// template. Default no limits.
	Limits  *limits.Limiter
	GroupOf func(method, route string) limits.Group
	// Keyed is the group of all that service keys do. It goes with Limits.
	Keyed limits.Group
	// HTTPS tells that browsers reach the platform over TLS, and may remember that.
	HTTPS bool
	// Closing ends all streams, so that a server can shut down gracefully.
	// Default never.
	Closing context.Context
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = 20 * time.Second
	}
	if o.Closing == nil {
		o.Closing = context.Background()
	}
	o.Streams = o.Streams.withDefaults()
	return o
}

// Server is one HTTP server. Services mount their routes on it; then Handler answers.
type Server struct {
	Options
	router    *mux.Router
	shortcuts shortcuts
	places    *streamPlaces
	// foreignProxy is for the one warning about it.
	foreignProxy sync.Once
	// bodies are the routes with a larger body limit than the others, in bytes.
	bodies map[string]int64
	pages  *pages // nil without
	// refused are the routes that could not be mounted.
	refused []error
}

// New makes a server without routes.
func New(options Options) *Server {
	options = options.withDefaults()
	s := &Server{
		Options: options,
		// A path that is not clean is not found: the router's redirect would name the host
		// that the request named.
		router:    mux.NewRouter().SkipClean(true),
		shortcuts: newShortcuts(),
		places:    newStreamPlaces(options.Streams),
		bodies:    map[string]int64{},
	}
	s.router.Use(s.noteRoute, s.limit)
	s.router.NotFoundHandler = s.serve(NotFound)
	s.router.MethodNotAllowedHandler = s.serve(s.methodNotAllowed)
	return s
}

// Handler answers requests, with all that goes around the routes.
func (s *Server) Handler() http.Handler {
	// The order, outside in: every answer is observed; preflights need no route.
	return s.observe(s.secure(s.cors(s.shortcuts.take(s.free, s.bounded(s.pages.besides(s.refuseOdd(s.router)))))))
}

// Handler answers one request. An error becomes a problem document.
type Handler func(w http.ResponseWriter, r *http.Request) error

func (s *Server) serve(handler Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handler(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

// ruled is a handler behind the guard that the policy asks for. A route without a row in the
// policy is not mounted; Complete tells.
func (s *Server) ruled(route string, handler Handler, mount func(http.HandlerFunc)) {
	rule, err := policy.Of(route)
	if err != nil {
		s.refused = append(s.refused, err)
		return
	}
	mount(s.serve(s.keyed(rule, handler, s.guard(rule, handler))))
}

// Complete is an error when a route could not be mounted. The error names all of them.
func (s *Server) Complete() error { return errors.Join(s.refused...) }

// Get mounts a handler for GET and HEAD.
func (s *Server) Get(path string, handler Handler) {
	s.ruled(http.MethodGet+" "+path, handler, func(h http.HandlerFunc) {
		s.router.Path(path).Methods(http.MethodGet, http.MethodHead).HandlerFunc(h)
	})
}

// Post mounts a handler for POST.
func (s *Server) Post(path string, handler Handler) { s.Route(http.MethodPost, path, handler) }

// Route mounts a handler for another method.
func (s *Server) Route(method, path string, handler Handler) {
	s.ruled(method+" "+path, handler, func(h http.HandlerFunc) {
		s.router.Path(path).Methods(method).HandlerFunc(h)
	})
}

// Below mounts a handler for all paths below a prefix, which ends with a slash. Its row is
// that of the first method.
func (s *Server) Below(prefix string, handler Handler, methods ...string) {
	s.ruled(methods[0]+" "+prefix, handler, func(h http.HandlerFunc) {
		s.router.PathPrefix(prefix).Methods(methods...).HandlerFunc(h)
	})
}

// OpenBelow is Below for what a setting opens to everyone, which is a row of its own.
func (s *Server) OpenBelow(prefix string, handler Handler, method string) {
	s.ruled(method+" "+prefix+" open", handler, func(h http.HandlerFunc) {
		s.router.PathPrefix(prefix).Methods(method).HandlerFunc(h)
	})
}

// Routes are what is mounted, as method and template: "GET /v1/movies/{id}".
func (s *Server) Routes() ([]string, error) {
	var all []string
	err := s.router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		template, err := route.GetPathTemplate()
		if err != nil {
			return err
		}
		methods, err := route.GetMethods()
		for _, method := range methods {
			all = append(all, method+" "+template)
		}
		return err
	})
	return all, err
}

// Use puts something around every route.
func (s *Server) Use(around func(http.Handler) http.Handler) { s.router.Use(around) }

// AllowBodies lets a route take bodies of up to so many bytes.
func (s *Server) AllowBodies(route string, most int64) { s.bodies[route] = most }

const (
	// mostBodies is enough for what customers send. Sending a body needs no log-in, so it
	// must be cheap to handle.
	mostBodies = 8 << 10
	// staffBodies come from people who logged in.
	staffBodies = 64 << 10
)

// bodyLimit is how many bytes the body of a route may have, by the route's template.
func (s *Server) bodyLimit(route string) int64 {
	if limit, large := s.bodies[route]; large {
		return limit
	}
	if strings.HasPrefix(route, "/v1/admin/") {
		return staffBodies
	}
	return mostBodies
}

// NotFound answers 404.
func NotFound(http.ResponseWriter, *http.Request) error {
	return booking.E(booking.CodeNotFound, "There is nothing at this address.")
}

// methodNotAllowed names the methods that would do (RFC 9110, section 15.5.6).
func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete} {
		probe := r.Clone(r.Context())
		probe.Method = method
		var match mux.RouteMatch
		if s.router.Match(probe, &match) && match.MatchErr == nil && match.Route != nil {
			allowed = append(allowed, method)
		}
	}
	slices.Sort(allowed)
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return booking.E(codeMethodNotAllowed, "This address does not know %s.", Clip(r.Method))
}

// refuseOdd refuses URLs that cannot be parsed, and those with the one character that
// Postgres cannot store. Otherwise the client's error would look like ours.
func (s *Server) refuseOdd(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, err := url.ParseQuery(r.URL.RawQuery); {
		case strings.Contains(r.URL.Path, "\x00") || strings.Contains(r.URL.RawQuery, "%00"):
			s.fail(w, r, booking.E(booking.CodeMalformed, "The address contains the character U+0000."))
		case err != nil:
			s.fail(w, r, booking.E(booking.CodeMalformed,
				"The part of the address after the question mark cannot be read. Write a percent sign as %%25 and a semicolon as %%3B.").Wrap(err))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Need is an error unless a service has what it needs.
func Need(there bool, service, what string) error {
	if there {
		return nil
	}
	return fmt.Errorf("api: service %s needs %s", service, what)
}
