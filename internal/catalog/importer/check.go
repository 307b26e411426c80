package importer

import (
	"time"

	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/outbound"
)

// check gives the checks that staff are held to as well.
func (f *findings) check() rules.Report { return f.add }

// required reports a field that was left out, not one that was refused already.
func required[T any](f *findings, field string, value *T) {
	if value == nil && !f.about(field) {
		f.add(field, "Is required.")
	}
}

// name checks text of one line that must not be empty.
func (f *findings) name(field string, text *string, most int) *string {
	return f.check().Line(field, text, 1, most)
}

// text checks text of one line.
func (f *findings) text(field string, text *string, most int) *string {
	return f.check().Line(field, text, 0, most)
}

const badZone = "Write a time zone of the IANA database, for example Asia/Kolkata."

// timeZone checks an IANA zone. "Local" and "localtime" would be this machine's.
func (f *findings) timeZone(field string, text *string) {
	if text == nil {
		return
	}
	if _, err := time.LoadLocation(*text); err != nil || *text == "" || *text == "Local" || *text == "localtime" {
		f.add(field, badZone)
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
