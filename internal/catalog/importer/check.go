package importer

import (
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/outbound"
)

// check gives the checks that staff are held to as well.
func (f *findings) check() rules.Report { return f.add }

// required reports a field that was left out.
func required[T any](f *findings, field string, value *T) {
	if value == nil {
		f.missing(field)
	}
}

// missing reports a field that was left out, not one that was refused already.
func (f *findings) missing(field string) {
	if !f.about(field) {
		f.add(field, "Is required.")
	}
}

// name checks text of one line that must not be empty.
func (f *findings) name(field string, text *string, most int) *string {
	return f.check().Line(field, text, 1, most)
}

func (f *findings) timeZone(field string, text *string) {
	if text != nil && !rules.ZoneKnown(*text) {
		f.add(field, rules.WrongZone)
	}
}

// webAddress checks an address as that of staff is, except that its name is not
// looked up: a file has thousands. Where it leads is checked by the process that fetches it,
// and then again, because names move.
func (f *findings) webAddress(field string, text *string) *string {
	if text == nil || *text == "" {
		return text
	}
	clean, _, err := outbound.Form(*text)
	if err != nil {
		f.add(field, "%s", err)
	}
	return &clean
}
