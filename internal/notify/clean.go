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

var (
	// looksLikeLink finds what is written as an address. Names go on with a capital letter
	// behind a dot. Dots have all the forms that browsers take for one (UTS #46, section 2.3).
	looksLikeLink = regexp.MustCompile(`(?i:[@\\]|//|[a-z]{2,}:|www\.)|[\p{L}\p{N}][.\x{3002}\x{ff0e}\x{ff61}][\p{Ll}\p{N}]{2,}`)
	// joined is a dot right before a letter or digit: mail programs and phones make links
	// of all such words.
	joined = regexp.MustCompile(`[.\x{3002}\x{ff0e}\x{ff61}]([\p{L}\p{N}])`)
)

// greetable gives the name to greet by, with a space behind each dot: A.R.Rahman is
// A. R. Rahman, and no link. A name that reads like an address, or is far too long, is left
// out: an attacker may have registered another person's address to make us deliver it.
func greetable(name string) string {
	name = plain(name)
	if looksLikeLink.MatchString(name) || len([]rune(name)) > maxName {
		return ""
	}
	return joined.ReplaceAllString(name, ". $1")
}
