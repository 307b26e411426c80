package notify

import (
	"regexp"
	"strings"
	"unicode"
)

// maxName is how much of a customer's name a message repeats.
const maxName = 60

// plain makes a value from outside safe to stand inside a line: one line, no
// control characters, no marks that turn the direction of what follows. Joiners
// stay, because Indic and Arabic scripts need them. What a markup needs escaped
// is escaped where the markup is.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar, r == '\u200b', r == '\ufeff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// looksLikeLink finds what mail programs and phones turn into a link.
var looksLikeLink = regexp.MustCompile(`(?i)[/@]|https?:|www\.|[\p{L}\p{N}]\.\p{L}{2,}`)

// greetable gives the name to greet by. A name that looks like a link or is far
// too long is left out: somebody may have registered another person's address to
// have us deliver it.
func greetable(name string) string {
	name = plain(name)
	if looksLikeLink.MatchString(name) || len([]rune(name)) > maxName {
		return ""
	}
	return name
}
