package accounts

import (
	"fmt"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/contacts"
	"github.com/boxoffice/boxoffice/internal/text"
)

const (
	minPassword = 10  // characters; length is what makes one strong (NIST SP 800-63B)
	maxPassword = 128 // a bound on the work of hashing
	maxName     = 100
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
	r.Name = text.Line(r.Name)
	var p problems
	var wrong string
	r.Email, wrong = contacts.Mailbox(r.Email)
	p.add("email", wrong)
	p.add("password", wrongPassword(r.Password))
	p.add("name", wrongName(r.Name))
	r.Phone, wrong = contacts.Number(r.Phone)
	p.add("phone", wrong)
	return r, p.err()
}

func (c Profile) check() (Profile, error) {
	var p problems
	if c.Name != nil {
		name := text.Line(*c.Name)
		p.add("name", wrongName(name))
		c.Name = &name
	}
	if c.Phone != nil {
		phone, wrong := contacts.Number(*c.Phone)
		p.add("phone", wrong)
		c.Phone = &phone
	}
	return c, p.err()
}

func wrongPassword(password string) string {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return fmt.Sprintf("Choose between %d and %d characters.", minPassword, maxPassword)
	}
	return ""
}

func wrongName(name string) string {
	if name == "" {
		return "Write the name you want to be addressed by."
	}
	return text.WrongLine(name, 1, maxName)
}
