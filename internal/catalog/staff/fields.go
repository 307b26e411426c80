package staff

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gosimple/slug"
	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/boxoffice/boxoffice/booking"
)

// A change names the fields that it sets by pointers: what is nil stays as it is.
// The checks below give a value back as it is stored, and pass nil through.

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

// line checks text of one line, such as a name. least is 0 or 1 characters.
func (p *problems) line(field string, text *string, least, most int) *string {
	if text == nil {
		return nil
	}
	clean := norm.NFC.String(strings.TrimSpace(*text))
	p.checkText(field, clean, least, most)
	return &clean
}

// paragraphs checks text that may have several lines. They end in \n alone.
func (p *problems) paragraphs(field string, text *string, most int) *string {
	if text == nil {
		return nil
	}
	clean := norm.NFC.String(strings.TrimSpace(strings.ReplaceAll(*text, "\r\n", "\n")))
	p.checkText(field, strings.ReplaceAll(clean, "\n", " "), 0, most)
	return &clean
}

// lines checks a list of short texts. A repeat is dropped.
func (p *problems) lines(field string, list *[]string, items, most int) *[]string {
	if list == nil {
		return nil
	}
	if len(*list) > items {
		p.add(field, "Has at most %d entries.", items)
		return list
	}
	clean := make([]string, 0, len(*list))
	for i, text := range *list {
		text := *p.line(fmt.Sprintf("%s[%d]", field, i), &text, 1, most)
		if !slices.Contains(clean, text) {
			clean = append(clean, text)
		}
	}
	return &clean
}

var code = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// codes checks a list of words for programs, such as "step_free_access".
func (p *problems) codes(field string, list *[]string, items int) *[]string {
	if list == nil {
		return nil
	}
	if len(*list) > items {
		p.add(field, "Has at most %d entries.", items)
		return list
	}
	for i, word := range *list {
		if !code.MatchString(word) {
			p.add(fmt.Sprintf("%s[%d]", field, i), "Use at most 40 small letters, digits and underscores, for example hearing_loop.")
		}
	}
	once := slices.Compact(slices.Sorted(slices.Values(*list)))
	return &once
}

func (p *problems) checkText(field, text string, least, most int) {
	switch {
	case hasControls(text):
		p.add(field, "Has characters that are not text: controls, or marks that turn its direction around.")
	case utf8.RuneCountInString(text) > most:
		p.add(field, "Has at most %d characters.", most)
	case least > 0 && text == "":
		p.add(field, "Must not be empty.")
	case text != "" && !strings.ContainsFunc(text, visible):
		p.add(field, "Has nothing that can be seen.")
	}
}

// hasControls also finds what is invisible but turns text around or ends it:
// titles stand in mails, files and lists beside the text of others.
func hasControls(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) ||
			r == '\u2028' || r == '\u2029' || r == '\ufeff'
	})
}

// storable tells what Postgres can compare with.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

func visible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

// between checks a number, both ends included.
func between[N int | int64 | float64](p *problems, field string, value *N, least, most N) *N {
	if value != nil && !(*value >= least && *value <= most) { // so that NaN does not pass
		p.add(field, "Must be from %v to %v.", least, most)
	}
	return value
}

// oneOf checks a value against those there are.
func oneOf[S ~string](p *problems, field string, value *S, those ...S) *S {
	if value != nil && !slices.Contains(those, *value) {
		names := make([]string, len(those))
		for i, s := range those {
			names[i] = string(s)
		}
		p.add(field, "Choose %s.", strings.Join(names, ", "))
	}
	return value
}

// currency checks a code of ISO 4217.
func (p *problems) currency(field string, text *string) *string {
	if text == nil {
		return nil
	}
	unit, err := currency.ParseISO(*text)
	if err != nil || unit.String() != *text {
		p.add(field, "Write a currency of ISO 4217, for example INR.")
	}
	return text
}

// language checks a tag of BCP 47 and gives it in its usual spelling.
func (p *problems) language(field string, text *string) *string {
	if text == nil {
		return nil
	}
	tag, err := language.Parse(strings.TrimSpace(*text))
	if err != nil || tag == language.Und || len(*text) > 35 { // RFC 5646, section 4.4.1
		p.add(field, "Write a language tag of BCP 47, for example hi or zh-Hant.")
		return text
	}
	usual := tag.String()
	return &usual
}

// day checks a date, YYYY-MM-DD. Empty is none, and fine.
func (p *problems) day(field string, text *string) *time.Time {
	if text == nil || *text == "" {
		return nil
	}
	day, err := time.Parse(time.DateOnly, *text)
	if err != nil || day.Year() == 0 { // which Postgres has not
		p.add(field, "Write a day as YYYY-MM-DD, for example 2026-03-29.")
		return nil
	}
	return &day
}

const maxSlug = 80

// slugOf names a thing in addresses: small Latin letters, digits and hyphens,
// whatever script it is written in. It is empty for text without any letters.
func slugOf(text string) string {
	made := slug.Make(text)
	if len(made) > maxSlug {
		made = strings.TrimRight(made[:maxSlug], "-")
	}
	return made
}
