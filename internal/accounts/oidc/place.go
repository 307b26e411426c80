package oidc

import (
	"net/url"
	"strings"
)

// maxPlace is in bytes.
const maxPlace = 1000

// Place gives a place of our own pages that a log-in may return to, or false. A browser
// reads addresses more generously than we do (WHATWG URL): it takes \ for /, drops tabs and
// line breaks, and decodes late. So what is odd is refused. Empty is the first page.
func Place(written string) (string, bool) {
	if written == "" {
		return "/", true
	}
	odd := func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }
	if len(written) > maxPlace || !strings.HasPrefix(written, "/") || strings.HasPrefix(written, "//") || strings.ContainsFunc(written, odd) {
		return "", false
	}
	place, err := url.Parse(written)
	if err != nil || place.Scheme != "" || place.Host != "" || place.User != nil || place.Opaque != "" {
		return "", false
	}
	// Some servers on the way decode a path once more.
	lower := strings.ToLower(place.EscapedPath())
	for _, hidden := range []string{"%2f", "%5c", "%25", "%00", "%09", "%0a", "%0d", "//", "/.."} {
		if strings.Contains(lower, hidden) {
			return "", false
		}
	}
	return written, true
}
