package rest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/mux"
	"github.com/rs/cors"

	"github.com/boxoffice/boxoffice/internal/accounts"
)

// exchange is what the middleware notes about one request while it is answered.
type exchange struct {
	id      string
	route   string // the path's template, so that log lines of one route can be counted
	subject string // the id in the path
	account string
	key     string // the id of the service key
	// bodyLimit is how many bytes the body may have.
	bodyLimit int64
	// counted is a request that the limits know already.
	counted bool
	// claims are of the access token, read once.
	claims *accounts.Claims
	status int
	bytes  int64
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e
	}
	return &exchange{}
}

// RequestID is what the customer can quote, and the log has.
func RequestID(ctx context.Context) string { return exchangeOf(ctx).id }

// Subject adds the subject of a request to the access log, when its path does not name it.
func Subject(r *http.Request, id string) { exchangeOf(r.Context()).subject = id }

// A caller may bring its own request id, as long as it cannot forge log lines.
func saneRequestID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// observe gives every request an id, recovers from panics and writes the access
// log. The query is left out of the log: it may carry what a customer typed.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		e := &exchange{id: r.Header.Get("X-Request-Id")}
		if !saneRequestID(e.id) {
			e.id = uuid.NewString()
		}
		r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e))
		w.Header().Set("X-Request-Id", e.id)
		recorded := &recorder{ResponseWriter: w, exchange: e}
		defer func() {
			if cause := recover(); cause != nil {
				s.recovered(recorded, r, cause)
			}
			s.logAccess(r, e, began)
		}()
		next.ServeHTTP(recorded, r)
	})
}

// logAccess makes its record by hand: a Logger would look up the line of code
// that logs, for every request the same.
func (s *Server) logAccess(r *http.Request, e *exchange, began time.Time) {
	level := slog.LevelInfo
	if e.route == "/healthz" || e.route == "/readyz" {
		level = slog.LevelDebug
	}
	handler := s.Logger.Handler()
	if !handler.Enabled(r.Context(), level) {
		return
	}
	ended := time.Now()
	line := slog.NewRecord(ended, level, "request", 0)
	line.AddAttrs(slog.String("request_id", e.id), slog.String("method", r.Method), slog.String("route", e.route),
		slog.String("id", e.subject), slog.String("account", e.account), slog.Int("status", e.status),
		slog.Int64("bytes", e.bytes), slog.Int64("ms", ended.Sub(began).Milliseconds()))
	if e.key != "" {
		line.AddAttrs(slog.String("service_key", e.key))
	}
	_ = handler.Handle(r.Context(), line) // where could we report that the log is full?
}

func (s *Server) recovered(w *recorder, r *http.Request, cause any) {
	if cause == http.ErrAbortHandler { // net/http's own way to say: drop the connection, log nothing
		panic(cause)
	}
	s.Logger.ErrorContext(r.Context(), "panic", "request_id", RequestID(r.Context()),
		"cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if w.exchange.status == 0 {
		s.fail(w, r, fmt.Errorf("panic: %v", cause))
	}
}

// noteRoute runs inside the router, where the matched route is known.
func (s *Server) noteRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := exchangeOf(r.Context())
		if route := mux.CurrentRoute(r); route != nil {
			e.route, _ = route.GetPathTemplate()
		}
		e.bodyLimit = s.bodyLimit(e.route)
		e.subject = Clip(mux.Vars(r)["id"])
		next.ServeHTTP(w, r)
	})
}

// recorder remembers what was answered. Unwrap lets http.ResponseController
// reach the connection, for flushing and write deadlines.
type recorder struct {
	http.ResponseWriter
	exchange *exchange
}

func (w *recorder) WriteHeader(status int) {
	if w.exchange.status == 0 {
		w.exchange.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(body []byte) (int, error) {
	if w.exchange.status == 0 {
		w.exchange.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(body)
	w.exchange.bytes += int64(n)
	return n, err
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// noPermissions are for answers that are no pages. Pages have a list of their own.
const noPermissions = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), " +
	"magnetometer=(), microphone=(), midi=(), payment=(), usb=()"

// secure sets the headers that cost nothing. Pages loosen the content policy for
// themselves. Written as the map it is, with canonical names: every answer
// passes here.
func (s *Server) secure(next http.Handler) http.Handler {
	nosniff, referrer, frames := []string{"nosniff"}, []string{"no-referrer"}, []string{"DENY"}
	policy := []string{"default-src 'none'; frame-ancestors 'none'"}
	permissions, transport := []string{noPermissions}, []string{"max-age=31536000"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header["X-Content-Type-Options"] = nosniff
		header["Referrer-Policy"] = referrer
		header["X-Frame-Options"] = frames
		header["Content-Security-Policy"] = policy
		header["Permissions-Policy"] = permissions
		if s.HTTPS {
			header["Strict-Transport-Security"] = transport
		}
		if len(r.TransferEncoding) > 0 {
			// The server drops a Content-Length beside it without a word. Two ways to say
			// where a body ends may hide another request in it, so the connection ends with
			// the answer (RFC 9112, section 6.1).
			header.Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// cors lets web apps of the configured origins in. Their tokens travel in a header, never
// in a cookie, so credentials are not allowed.
func (s *Server) cors(next http.Handler) http.Handler {
	if len(s.CORSOrigins) == 0 {
		return next
	}
	return cors.New(cors.Options{
		AllowedOrigins: s.CORSOrigins,
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
		// X-Namespace is what the Temporal UI sends to the codec.
		AllowedHeaders: []string{"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID", "X-Namespace", "X-Request-Id"},
		ExposedHeaders: []string{"ETag", "Location", "Retry-After", "Idempotent-Replayed", "X-Request-Id", "RateLimit", "RateLimit-Policy"},
		MaxAge:         int((10 * time.Minute).Seconds()),
	}).Handler(next)
}

// bounded gives every request a timeout. Streams have their own.
func (s *Server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/stream") {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.RequestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
