package web

import (
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// kind says what the head of a page is about.
type kind int

const (
	unknown kind = iota
	plain        // the same for all who read it
	movie
	theater
	private // of one customer, or a step on the way to it: not for search engines
)

// routes are the addresses that the app has a page for. src/router must have the same, or
// a page that works by a click is not found when it is loaded again.
var routes = []struct {
	path string
	kind kind
}{
	{"/", plain},
	{"/search", plain},
	{"/movies/{slug}", movie},
	{"/theaters/{slug}", theater},
	{"/shows/{id}", plain},
	{"/checkout/{id}", private},
	{"/bookings", private},
	{"/bookings/{id}", private},
	{"/bookings/{id}/cancel", private},
	{"/bookings/{id}/choice", private},
	{"/tickets", private},
	{"/tickets/{id}", private},
	{"/account", private},
	{"/account/profile", private},
	{"/account/email", private},
	{"/account/password", private},
	{"/account/security", private},
	{"/account/messages", private},
	{"/account/tastes", private},
	{"/account/region", private},
	{"/login", private},
	{"/signup", private},
	{"/guest", private},
	// What links of mails open.
	{"/verify", private},
	{"/reset", private},
	{"/email-undo", private},
	{"/about", plain},
}

// find gives the kind of a page, and the slug or id in its address.
func find(path string) (k kind, name string) {
	for _, route := range routes {
		if name, fits := match(route.path, path); fits {
			return route.kind, name
		}
	}
	return unknown, ""
}

// match compares word by word. A path that is not clean fits nothing.
func match(pattern, path string) (name string, fits bool) {
	expected, words := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(expected) != len(words) {
		return "", false
	}
	for i, word := range words {
		switch expected[i] {
		case "{id}":
			name, fits = word, uuid.Validate(word) == nil && len(word) == len(uuid.Nil.String())
		case "{slug}":
			name, fits = word, len(word) <= longestSlug && slug.MatchString(word)
		default:
			fits = word == expected[i]
		}
		if !fits {
			return "", false
		}
	}
	return name, true
}

// longestSlug keeps odd addresses from the database; the catalog's own names are shorter.
const longestSlug = 100

var slug = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
