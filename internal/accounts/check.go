package accounts

import (
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/contacts"
	"github.com/boxoffice/boxoffice/internal/text"
)

const (
	minPassword = 10  // characters; length is what makes one strong (NIST SP 800-63B)
	maxPassword = 128 // a bound on the work of hashing
	maxName     = 100
)

type fieldErrors struct{ booking.FieldErrors }

// add adds what is wrong with a field, if anything is.
func (f *fieldErrors) add(field, wrong string) {
	if wrong != "" {
		f.Add(field, "%s", wrong)
	}
}

// check gives the registration as it is stored.
func (r Registration) check() (Registration, error) {
	r.Name = text.Line(r.Name)
	var fields fieldErrors
	var wrong string
	r.Email, wrong = contacts.Mailbox(r.Email)
	fields.add("email", wrong)
	fields.add("password", wrongNewPassword(r.Password, r.Email, r.Name))
	fields.add("name", wrongName(r.Name))
	r.Phone, wrong = contacts.Number(r.Phone)
	fields.add("phone", wrong)
	return r, fields.Err()
}

func (c Profile) check() (Profile, error) {
	var fields fieldErrors
	if c.Name != nil {
		name := text.Line(*c.Name)
		fields.add("name", wrongName(name))
		c.Name = &name
	}
	if c.Phone != nil {
		phone, wrong := contacts.Number(*c.Phone)
		fields.add("phone", wrong)
		c.Phone = &phone
	}
	c.Preferences = c.Preferences.check(&fields)
	return c, fields.Err()
}

func wrongName(name string) string {
	if name == "" {
		return "Write the name you want to be addressed by."
	}
	return text.WrongLine(name, 1, maxName)
}
