package web

import (
	"net/http"
	"strings"

	"github.com/boxoffice/boxoffice/internal/links"
)

// openLink answers at an address with the key of a booking: it puts the key into a cookie
// and leads to the same address without it, so that no history, Referer or statistics has
// the key. A key that is not good leads there, too: the owner logs in and sees the booking.
// Banks send customers back by POST, which is answered alike. Nothing else changes: neither
// who is logged in nor the booking.
func (s *server) openLink(w http.ResponseWriter, r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		return false
	}
	page, id, token, found := linked(r)
	if !found {
		return false
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Robots-Tag", "noindex")
	if s.links.Verify(token, links.Read, id) {
		http.SetCookie(w, s.links.Cookie(id, token))
	}
	header.Set("Location", page)
	w.WriteHeader(http.StatusSeeOther)
	return true
}

// byLink tells the app how the customer came. It takes it off the address.
const byLink = "?by=link"

// linked gives the page that a link leads to, and the booking and token that it names. The
// page's address is made of what the app knows, so it is always one of ours.
func linked(r *http.Request) (page, id, token string, found bool) {
	if r.URL.Path == links.ShortPath {
		// One that cannot be read leads to where bookings are.
		page = "/bookings"
		if id, token, found = links.ReadShort(r.URL.RawQuery); found {
			page += "/" + id + byLink
		}
		return page, id, token, true
	}
	query := r.URL.Query()
	kind, name := find(r.URL.Path)
	if kind != private || name == "" || !query.Has(links.Parameter) {
		return "", "", "", false
	}
	id = strings.ToLower(name) // as the path of the cookie
	page = strings.Replace(r.URL.Path, name, id, 1) + byLink
	if query.Has("paid") {
		page += "&paid"
	}
	return page, id, query.Get(links.Parameter), true
}
