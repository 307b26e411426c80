package accounts

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	minPassword = 10  // characters; length is what makes one strong (NIST SP 800-63B)
	maxPassword = 128 // a bound on the work of hashing
	maxEmail    = 254 // RFC 5321, erratum 1690
	maxName     = 100
)

var (
	e164     = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	grouping = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "")
)

type problems []booking.FieldError

func (p *problems) add(field, message string) {
	if message != "" {
		*p = append(*p, booking.FieldError{Field: field, Message: message})
	}
}

func (p *problems) err() error {
	if len(*p) == 0 {
		return nil
	}
	return booking.Invalid(*p...)
}

// check gives the registration as it is stored.
func (r Registration) check() (Registration, error) {
	r.Email = strings.TrimSpace(r.Email)
	r.Name = strings.TrimSpace(r.Name)
	r.Phone = grouping.Replace(strings.TrimSpace(r.Phone))
	var p problems
	p.add("email", wrongEmail(r.Email))
	p.add("password", wrongPassword(r.Password))
	p.add("name", wrongName(r.Name))
	p.add("phone", wrongPhone(r.Phone))
	return r, p.err()
}

func (c Profile) check() (Profile, error) {
	var p problems
	if c.Name != nil {
		name := strings.TrimSpace(*c.Name)
		p.add("name", wrongName(name))
		c.Name = &name
	}
	if c.Phone != nil {
		phone := grouping.Replace(strings.TrimSpace(*c.Phone))
		p.add("phone", wrongPhone(phone))
		c.Phone = &phone
	}
	return c, p.err()
}

func wrongEmail(email string) string {
	parsed, err := mail.ParseAddress(email)
	// What is more than the bare address, such as a display name or a quoted
	// local part, could smuggle text into the mail we send.
	bare := err == nil && parsed.Address == email && !strings.ContainsAny(email, "\"(),:;<>[\\] ")
	_, domain, _ := strings.Cut(email, "@")
	switch {
	case !bare || !strings.Contains(domain, ".") || hasControls(email):
		return "Write an e-mail address, for example asha@example.com."
	case len(email) > maxEmail:
		return fmt.Sprintf("An e-mail address has at most %d characters.", maxEmail)
	default:
		return ""
	}
}

func wrongPassword(password string) string {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return fmt.Sprintf("Choose between %d and %d characters.", minPassword, maxPassword)
	}
	return ""
}

func wrongName(name string) string {
	switch {
	case name == "":
		return "Write the name you want to be addressed by."
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Sprintf("A name has at most %d characters.", maxName)
	case hasControls(name):
		return "A name has letters, not control characters."
	default:
		return ""
	}
}

func wrongPhone(phone string) string {
	if phone == "" || e164.MatchString(phone) {
		return ""
	}
	return "Write the number with its country code, for example +919820012345."
}

// hasControls also finds what is invisible but turns text around or ends it: a
// name is shown in mails, messages and lists.
func hasControls(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
	})
}
