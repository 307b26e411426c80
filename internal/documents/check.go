package documents

import (
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice/booking"
)

// problems collects what is wrong with a document.
type problems struct{ booking.FieldErrors }

// text refuses what not every database can store. most is in bytes.
func (p *problems) text(field, value string, most int) {
	switch {
	case len(value) > most:
		p.Add(field, "Write at most %d bytes of UTF-8; these are %d.", most, len(value))
	case !utf8.ValidString(value):
		p.Add(field, "Write UTF-8.")
	case strings.ContainsRune(value, 0):
		p.Add(field, "Leave out the character U+0000.")
	}
}

// texts is text for each of a list.
func (p *problems) texts(field string, values []string, most, mostEach int) {
	p.number(field, len(values), most)
	for _, value := range values {
		p.text(field, value, mostEach)
	}
}

func (p *problems) number(field string, have, most int) {
	if have > most {
		p.Add(field, "Give at most %d; these are %d.", most, have)
	}
}

func (p *problems) between(field string, value, least, most float64) {
	if math.IsNaN(value) || value < least || value > most {
		p.Add(field, "Choose a number from %g to %g.", least, most)
	}
}

// The first and last year that every database and JSON can write.
const (
	firstYear = 1970
	lastYear  = 9999
)

func (p *problems) time(field string, t time.Time) {
	if year := t.UTC().Year(); year < firstYear || year > lastYear {
		p.Add(field, "Choose a time of the years %d to %d.", firstYear, lastYear)
	}
}

var word = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

func (p *problems) word(field, value string) {
	if !word.MatchString(value) {
		p.Add(field, "Write up to 32 small letters, digits and _, a letter first.")
	}
}

// details checks free facts: few, short, and together no more than a few lines.
func (p *problems) details(field string, values map[string]string) {
	p.number(field, len(values), 30)
	for key, value := range values {
		if !word.MatchString(key) {
			p.Add(field, "Write names of up to 32 small letters, digits and _, a letter first.")
		}
		p.text(field, value, 500)
	}
}

// limit is how many a page has: standard when the caller does not say.
func limit(asked, standard, most int) int {
	if asked <= 0 {
		return standard
	}
	return min(asked, most)
}
