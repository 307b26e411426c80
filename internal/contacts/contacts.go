// Package contacts reads e-mail addresses and phone numbers as people write and copy them,
// and gives each mailbox and each number one stored form.
//
// What does not live here: whose they are, and whether they were confirmed.
package contacts

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

const (
	// MaxEmail is in octets.
	MaxEmail = 254 // RFC 5321, erratum 1690
	maxLocal = 64  // octets before the @ (RFC 5321, section 4.5.3.1.1)
	maxPhone = 60  // characters, before anything looks at them
)

var (
	// dotAtom is what stands before the @ (RFC 5322, section 3.2.3). Quoted forms could
	// smuggle text into mail, and those with other letters (RFC 6531) our mail vendor does
	// not deliver to.
	dotAtom = regexp.MustCompile("^[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+)*$")

	// domains checks the part behind the @ as browsers and registries do (UTS #46, RFC
	// 5891), and gives it in ASCII.
	domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.ValidateLabels(true),
		idna.CheckHyphens(true), idna.CheckJoiners(true), idna.VerifyDNSLength(true))
)

// Mailbox gives an e-mail address as it is stored, or what is wrong with it. Two
// spellings of one mailbox are stored alike: invisible characters, which come along when
// people copy, are left out, full-width letters are plain ones, and the domain stands in
// ASCII, as the mail vendor needs it.
func Mailbox(written string) (email, wrong string) {
	const example = "Write an e-mail address, for example asha@example.com."
	if len(written) > 4*MaxEmail {
		return written, tooLongEmail
	}
	clean := strings.TrimSpace(norm.NFKC.String(strings.Map(visibly, written)))
	local, domain, found := cutLast(clean, "@")
	if !found || domain == "" {
		return written, example
	}
	switch {
	case strings.ContainsFunc(local, func(r rune) bool { return r > unicode.MaxASCII }):
		return written, "Before the @ there may be only letters from a to z, digits and signs: mail to others cannot be delivered."
	case len(local) > maxLocal:
		return written, "Before the @ there are at most 64 characters."
	case !dotAtom.MatchString(local):
		return written, example
	}
	ascii, err := domains.ToASCII(domain)
	if err != nil || !strings.Contains(ascii, ".") || strings.HasSuffix(ascii, ".") {
		return written, "Check the part behind the @: there can be no such domain."
	}
	email = local + "@" + ascii
	if len(email) > MaxEmail {
		return written, tooLongEmail
	}
	return email, ""
}

const tooLongEmail = "An e-mail address has at most 254 characters."

// Same gives an address that is searched for as it would be stored. What could not be
// stored belongs to no account; it stays as it is.
func Same(written string) string {
	email, wrong := Mailbox(written)
	if wrong != "" {
		return strings.TrimSpace(written)
	}
	return email
}

// Stored gives the spellings under which a mailbox can be stored: accounts from before
// domains were stored in ASCII have theirs as it was written.
func Stored(written string) []string {
	same := Same(written)
	if shown := Shown(same); shown != same {
		return []string{same, shown}
	}
	return []string{same}
}

// Shown gives a stored address as its owner writes it.
func Shown(email string) string {
	local, domain, found := cutLast(email, "@")
	if !found || !strings.Contains(strings.ToLower(domain), "xn--") {
		return email
	}
	shown, err := idna.Display.ToUnicode(domain)
	if err != nil {
		return email
	}
	return local + "@" + shown
}

func cutLast(s, sep string) (before, after string, found bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

// visibly leaves out what shows nothing and comes along when people copy from web pages
// and address books: zero-width characters, soft hyphens, joiners, marks of direction.
func visibly(r rune) rune {
	if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) {
		return -1
	}
	return r
}

// Number gives a phone number as it is stored, in E.164, or what is wrong with it. It
// takes what address books write: spaces and dashes of all kinds, brackets, a trunk zero
// behind the country code. Empty is no number.
func Number(written string) (e164, wrong string) {
	const example = "Write the number with its country code, for example +919820012345."
	if len(written) > 4*maxPhone {
		return written, example
	}
	clean := strings.TrimSpace(norm.NFKC.String(strings.Map(visibly, written)))
	if clean == "" {
		return "", ""
	}
	if !strings.HasPrefix(clean, "+") || strings.ContainsFunc(clean, unicode.IsLetter) {
		return written, example
	}
	parsed, err := phonenumbers.Parse(clean, "ZZ")
	if err != nil || parsed.GetExtension() != "" {
		return written, example
	}
	// One that is possible within a region alone has no area code, so a caller abroad
	// reaches it.
	if phonenumbers.IsPossibleNumberWithReason(parsed) != phonenumbers.IS_POSSIBLE {
		return written, "There is no such number in the country of its code. " + example
	}
	return phonenumbers.Format(parsed, phonenumbers.E164), ""
}
