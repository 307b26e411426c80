package bookings

import (
	"crypto/rand"
	"net/http"

	"github.com/boxoffice/boxoffice/internal/hoarding"
)

// deviceCookie is a random name that a browser gets with its first hold. It is for the limits
// against hoarding alone, and lasts as long as they look back. A program that drops it is a new device,
// which its account and its network still bound.
const deviceCookie = "boxoffice_device"

// maxDevice is longer than any name of ours.
const maxDevice = 64

// device gives the name of the device that holds, and sends a new device its name.
func device(w http.ResponseWriter, r *http.Request, guard *hoarding.Guard, https bool) string {
	if guard == nil {
		return ""
	}
	cookie := http.Cookie{
		Name: deviceCookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: int(guard.Memory().Seconds()),
	}
	if https {
		cookie.Name, cookie.Secure = "__Host-"+cookie.Name, true // as the session's
	}
	if sent, err := r.Cookie(cookie.Name); err == nil && sent.Value != "" && len(sent.Value) <= maxDevice {
		cookie.Value = sent.Value
	} else {
		cookie.Value = rand.Text()
	}
	http.SetCookie(w, &cookie)
	return cookie.Value
}
