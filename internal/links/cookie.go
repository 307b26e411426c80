package links

import (
	"net/http"
	"time"
)

const (
	cookieName = "boxoffice_booking"
	// cookieKept is how long a browser has the link. The API asks at each read whether it
	// still holds.
	cookieKept = 30 * 24 * time.Hour
	// cookiePath is where the API has bookings.
	cookiePath = "/v1/bookings/"
)

// cookieOf decides what the cookie looks like. WebKit takes no Secure cookie over http, not
// even from one's own machine.
func cookieOf(https bool) http.Cookie {
	cookie := http.Cookie{
		Name: cookieName, HttpOnly: true, MaxAge: int(cookieKept.Seconds()),
		// Only our own pages send it, by fetch and by links to files. It is also set when a
		// page of a bank leads here.
		SameSite: http.SameSiteStrictMode,
	}
	if https {
		// The prefix of a path that is not the whole site (RFC 6265bis, section 4.1.3.1).
		cookie.Name, cookie.Secure = "__Secure-"+cookie.Name, true
	}
	return cookie
}

// Cookie has the browser send the token with each read of this booking, and nowhere else.
// The id is in the form in which addresses have it.
func (l *Links) Cookie(bookingID, token string) *http.Cookie {
	cookie := l.cookie
	cookie.Path, cookie.Value = cookiePath+bookingID, token
	return &cookie
}

// Forget takes the cookie away.
func (l *Links) Forget(bookingID string) *http.Cookie {
	cookie := l.Cookie(bookingID, "")
	cookie.MaxAge = -1
	return cookie
}

// Sent tells whether the request has a token in its cookies.
func (l *Links) Sent(r *http.Request) bool { return len(r.CookiesNamed(l.cookie.Name)) > 0 }

// Opens tells whether a token in the request's cookies opens this booking. Cookies of the
// same name may come from elsewhere: one that fits is enough.
func (l *Links) Opens(r *http.Request, scope Scope, bookingID string) bool {
	for _, cookie := range r.CookiesNamed(l.cookie.Name) {
		if l.Verify(cookie.Value, scope, bookingID) {
			return true
		}
	}
	return false
}
