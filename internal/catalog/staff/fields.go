package staff

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
)

// A change names the fields that it sets by pointers: what is nil stays as it is.

// problems collects everything that is wrong with a request.
type problems []booking.FieldError

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, booking.FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

// err is nil when there are none. Code: validation_failed.
func (p *problems) err() error {
	if len(*p) == 0 {
		return nil
	}
	return booking.Invalid(*p...)
}

// check gives the checks that files are held to as well.
func (p *problems) check() rules.Report { return p.add }

// set writes a change's field over what is there.
func set[T any](into *T, value *T) {
	if value != nil {
		*into = *value
	}
}

// required reports the fields of a creation that were left out.
func required[T any](p *problems, field string, value *T) {
	if value == nil {
		p.add(field, "Is required.")
	}
}

// storable tells what Postgres can compare with.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }
