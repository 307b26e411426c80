package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/booking"
)

func (a *api) mountAlways(document []byte) {
	a.get("/healthz", a.health)
	a.get("/readyz", a.ready)
	a.get("/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		writeCached(w, r, pageFresh, jsonType, document, etagOf(document))
	})
	a.get("/", a.startPage)
	a.router.Path("/docs").Methods(http.MethodGet, http.MethodHead).
		Handler(http.RedirectHandler("/docs/", http.StatusMovedPermanently))
	a.router.PathPrefix("/docs/").Methods(http.MethodGet, http.MethodHead).Handler(docsPage())
}

func (a *api) mountAccounts() {
	a.post("/v1/accounts", a.register)
	a.post("/v1/sessions", a.signIn)
	a.post("/v1/sessions/refresh", a.refreshSession)
	a.route(http.MethodDelete, "/v1/sessions", a.signedIn(a.signOut))
	a.get("/v1/me", a.signedIn(a.getMe))
	a.route(http.MethodPatch, "/v1/me", a.signedIn(a.changeMe))
	a.get("/.well-known/jwks.json", a.keys)
}

func (a *api) mountCatalog() {
	a.get("/v1/cities", a.listCities)
	a.get("/v1/movies", a.listMovies)
	a.get("/v1/movies/{id}", a.getMovie)
	a.get("/v1/movies/{id}/shows", a.showsOfMovie)
	a.get("/v1/movies/{id}/reviews", a.listReviews)
	a.route(http.MethodPut, "/v1/movies/{id}/reviews", a.signedIn(a.putReview))
	a.route(http.MethodDelete, "/v1/movies/{id}/reviews", a.signedIn(a.deleteReview))
	a.get("/v1/movies/{id}/reviews/mine", a.signedIn(a.myReview))
	a.get("/v1/theaters", a.listTheaters)
	a.get("/v1/theaters/{id}", a.getTheater)
	a.get("/v1/theaters/{id}/shows", a.showsOfTheater)
	a.get("/v1/shows/{id}", a.getShow)
	a.get("/v1/shows/{id}/seats", a.getSeats)
	a.get("/v1/shows/{id}/seats/stream", a.watchSeats)
	a.get("/v1/shows/{id}/best-seats", a.bestSeats)
}

func (a *api) mountSearch() {
	a.get("/v1/search", a.search)
	a.get("/v1/search/suggest", a.suggest)
}

func (a *api) mountBookings() {
	a.post("/v1/bookings", a.signedIn(a.createBooking))
	a.get("/v1/bookings", a.signedIn(a.listBookings))
	a.get("/v1/bookings/{id}", a.signedIn(a.getBooking))
	a.get("/v1/bookings/{id}/stream", a.signedIn(a.watchBooking))
	a.post("/v1/bookings/{id}/payment", a.signedIn(a.reopenPayment))
	a.post("/v1/bookings/{id}/payment/check", a.signedIn(a.checkPayment))
	a.post("/v1/bookings/{id}/cancel", a.signedIn(a.cancel))
	a.get("/v1/bookings/{id}/cancellation-quote", a.signedIn(a.cancellationQuote))
	a.get("/v1/bookings/{id}/change", a.signedIn(a.bookingChange))
	a.post("/v1/bookings/{id}/change", a.signedIn(a.chooseChange))
	a.get("/v1/bookings/{id}/ticket", a.signedIn(a.ticket))
	a.get("/v1/bookings/{id}/ticket.png", a.signedIn(a.ticketPNG))
	a.get("/v1/bookings/{id}/ticket.pdf", a.signedIn(a.ticketPDF))
	a.get("/v1/bookings/{id}/ticket.ics", a.signedIn(a.ticketICS))
}

func (a *api) mountPayments() {
	a.post("/v1/webhooks/{provider}", a.webhook)
	if a.StripePublishableKey != "" {
		a.get("/checkout/{id}", a.checkout)
		a.get("/checkout/assets/checkout.js", a.checkoutScript)
	}
}

func (a *api) mountAdmin() {
	staff := func(handler http.HandlerFunc) http.HandlerFunc {
		return a.withRole(handler, roleSupport, roleAdmin)
	}
	a.get("/v1/admin/bookings", staff(a.staffListBookings))
	a.get("/v1/admin/bookings/{id}", staff(a.staffGetBooking))
	a.post("/v1/admin/bookings/{id}/resend", staff(a.resend))
	a.post("/v1/admin/bookings/{id}/extend-hold", staff(a.extendHold))
	a.post("/v1/admin/bookings/{id}/refund", staff(a.refund))
	a.mountStaffCatalog()
	a.mountStaffAccounts()
	a.mountStaffAudit()
	a.mountStaffAlerts()
	a.mountStaffShows()
	a.mountStaffChanges()
	if a.Codec != nil {
		codec := http.HandlerFunc(a.codec)
		if !a.CodecOpen {
			codec = staff(codec)
		}
		a.router.PathPrefix("/codec/").Methods(http.MethodPost).HandlerFunc(codec)
	}
}

func (a *api) get(path string, handler http.HandlerFunc) {
	a.router.Path(path).Methods(http.MethodGet, http.MethodHead).HandlerFunc(handler)
}

func (a *api) post(path string, handler http.HandlerFunc) { a.route(http.MethodPost, path, handler) }

func (a *api) route(method, path string, handler http.HandlerFunc) {
	a.router.Path(path).Methods(method).HandlerFunc(handler)
}

func (a *api) notFound(w http.ResponseWriter, r *http.Request) {
	a.fail(w, r, booking.E(booking.CodeNotFound, "There is nothing at this address."))
}

// methodNotAllowed names the methods that would do (RFC 9110, section 15.5.6).
func (a *api) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete} {
		probe := r.Clone(r.Context())
		probe.Method = method
		var match mux.RouteMatch
		if a.router.Match(probe, &match) && match.MatchErr == nil && match.Route != nil {
			allowed = append(allowed, method)
		}
	}
	slices.Sort(allowed)
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	a.fail(w, r, booking.E(codeMethodNotAllowed, "This address does not know %s.", clip(r.Method)))
}

// refuseOdd turns away addresses that cannot be read, and those with the one character
// that Postgres cannot store, which would otherwise look like a fault of ours.
func (a *api) refuseOdd(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, err := url.ParseQuery(r.URL.RawQuery); {
		case strings.Contains(r.URL.Path, "\x00") || strings.Contains(r.URL.RawQuery, "%00"):
			a.fail(w, r, booking.E(booking.CodeMalformed, "The address contains the character U+0000."))
		case err != nil:
			a.fail(w, r, booking.E(booking.CodeMalformed,
				"The part of the address after the question mark cannot be read. Write a percent sign as %%25 and a semicolon as %%3B.").Wrap(err))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// invalidTogether joins validation errors, so that a caller mends all at once.
func invalidTogether(errs ...error) error {
	var fields []booking.FieldError
	for _, err := range errs {
		if e, ok := err.(*booking.Error); ok && e != nil { // made by this package, never wrapped
			fields = append(fields, e.Fields...)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return booking.Invalid(fields...)
}
