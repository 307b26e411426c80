package staff

import (
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/paging"
)

// A change names the fields that it sets by pointers: what is nil stays as it is.

// fieldErrors collects everything that is wrong with a request.
type fieldErrors struct{ booking.FieldErrors }

// check gives the checks that files are held to as well.
func (p *fieldErrors) check() rules.Report { return p.Add }

func (p *fieldErrors) missing(field string) { p.Add(field, "Is required.") }

// required reports the fields of a creation that were left out.
func required[T any](p *fieldErrors, field string, value *T) {
	if value == nil {
		p.missing(field)
	}
}

// id reads the id of a filter or a reference; the zero id when it is empty or
// wrong.
func (p *fieldErrors) id(field, text, message string) uuid.UUID {
	if text == "" {
		return uuid.Nil
	}
	id, err := uuid.Parse(text)
	if err != nil {
		p.Add(field, "%s", message)
	}
	return id
}

// readCursor gives the zero key for none. valid says whether SQL can read the key.
func (p *fieldErrors) readCursor(cursor string, valid func(key string) bool) paging.Key {
	key, err := paging.ReadKey(cursor, "", valid)
	if err != nil {
		p.FieldErrors = append(p.FieldErrors, paging.Foreign())
	}
	return key
}

// storable tells what Postgres can compare with.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }
