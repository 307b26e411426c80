package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/gosimple/slug"
	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/boxoffice/boxoffice/internal/outbound"
)

// The checks are those of what staff type, so that a film which was imported can
// be changed there without being refused for what the file said. Each gives the
// value back as it is stored, and passes nil through.

// required reports a field that was left out, not one that was refused already.
func required[T any](f *findings, field string, value *T) {
	if value == nil && !f.about(field) {
		f.add(field, "Is required.")
	}
}

// name checks text of one line that must not be empty.
func (f *findings) name(field string, text *string, most int) *string {
	return f.oneLine(field, text, 1, most)
}

// text checks text of one line.
func (f *findings) text(field string, text *string, most int) *string {
	return f.oneLine(field, text, 0, most)
}

func (f *findings) oneLine(field string, text *string, least, most int) *string {
	if text == nil {
		return nil
	}
	clean := norm.NFC.String(strings.TrimSpace(*text))
	f.checkText(field, clean, least, most)
	return &clean
}

// paragraphs checks text that may have several lines. They end in \n alone.
func (f *findings) paragraphs(field string, text *string, most int) *string {
	if text == nil {
		return nil
	}
	clean := norm.NFC.String(strings.TrimSpace(strings.ReplaceAll(*text, "\r\n", "\n")))
	f.checkText(field, strings.ReplaceAll(clean, "\n", " "), 0, most)
	return &clean
}

// list checks short texts. A repeat is dropped.
func (f *findings) list(field string, list *[]string, items, most int) *[]string {
	if list == nil {
		return nil
	}
	if len(*list) > items {
		f.add(field, "Has at most %d entries.", items)
		return list
	}
	clean := make([]string, 0, len(*list))
	for i, text := range *list {
		if text := *f.name(fmt.Sprintf("%s[%d]", field, i), &text, most); !slices.Contains(clean, text) {
			clean = append(clean, text)
		}
	}
	return &clean
}

var codePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// codes checks words for programs, such as "hearing_loop".
func (f *findings) codes(field string, list *[]string, items int) *[]string {
	if list == nil {
		return nil
	}
	if len(*list) > items {
		f.add(field, "Has at most %d entries.", items)
		return list
	}
	for i, word := range *list {
		f.code(fmt.Sprintf("%s[%d]", field, i), word)
	}
	once := slices.Compact(slices.Sorted(slices.Values(*list)))
	if once == nil {
		once = []string{}
	}
	return &once
}

func (f *findings) code(field, word string) {
	if !codePattern.MatchString(word) {
		f.add(field, "Use at most 40 small letters, digits and underscores, for example hearing_loop.")
	}
}

func (f *findings) checkText(field, text string, least, most int) {
	switch {
	case hasControls(text):
		f.add(field, "Has characters that are not text: controls, or marks that turn its direction around.")
	case strings.ContainsRune(text, utf8.RuneError):
		f.add(field, "Has U+FFFD, which stands where a character was lost.")
	case utf8.RuneCountInString(text) > most:
		f.add(field, "Has at most %d characters.", most)
	case least > 0 && text == "":
		f.add(field, "Must not be empty.")
	case text != "" && !strings.ContainsFunc(text, visible):
		f.add(field, "Has nothing that can be seen.")
	}
}

func hasControls(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) ||
			r == '\u2028' || r == '\u2029' || r == '\ufeff'
	})
}

func visible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

func between[N int | int64 | float64](f *findings, field string, value *N, least, most N) {
	if value != nil && !(*value >= least && *value <= most) { // so that NaN does not pass
		f.add(field, "Must be from %v to %v.", least, most)
	}
}

func (f *findings) oneOf(field string, value *string, those ...string) {
	if value != nil && !slices.Contains(those, *value) {
		f.add(field, "Choose %s.", strings.Join(those, ", "))
	}
}

func (f *findings) currency(field string, text *string) {
	if text == nil {
		return
	}
	if unit, err := currency.ParseISO(*text); err != nil || unit.String() != *text {
		f.add(field, "Write a currency of ISO 4217, for example INR.")
	}
}

func (f *findings) country(field string, text *string) {
	if text == nil {
		return
	}
	region, err := language.ParseRegion(*text)
	if err != nil || !region.IsCountry() || region.String() != *text {
		f.add(field, "Write a country of ISO 3166-1, two capital letters, for example IN.")
	}
}

// language checks a tag of BCP 47 and gives it in its usual spelling.
func (f *findings) language(field string, text *string) *string {
	if text == nil {
		return nil
	}
	tag, err := language.Parse(strings.TrimSpace(*text))
	if err != nil || tag == language.Und || len(*text) > 35 { // RFC 5646, section 4.4.1
		f.add(field, "Write a language tag of BCP 47, for example hi or zh-Hant.")
		return text
	}
	usual := tag.String()
	return &usual
}

func (f *findings) languages(field string, list *[]string, items int) *[]string {
	if list == nil {
		return nil
	}
	if len(*list) > items {
		f.add(field, "Has at most %d entries.", items)
		return list
	}
	usual := make([]string, 0, len(*list))
	for i, text := range *list {
		if tag := *f.language(fmt.Sprintf("%s[%d]", field, i), &text); !slices.Contains(usual, tag) {
			usual = append(usual, tag)
		}
	}
	return &usual
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

// day reads a date. Empty is none.
func (f *findings) day(field string, text *string) *time.Time {
	if text == nil || *text == "" {
		return nil
	}
	day, err := time.Parse(time.DateOnly, *text)
	if err != nil || day.Year() == 0 { // which Postgres has not
		f.add(field, "Write a day as YYYY-MM-DD, for example 2026-03-29.")
		return nil
	}
	return &day
}

// webAddress checks an address as that of staff is, except that its name is not
// looked up: a file has thousands. Where it leads is asked by whoever fetches it,
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

const maxSlug = 80

var slugPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (f *findings) slug(field string, text *string) {
	if text == nil {
		return
	}
	if _, err := uuid.Parse(*text); err == nil || len(*text) > maxSlug || !slugPattern.MatchString(*text) {
		f.add(field, "Use at most %d small letters, digits and single hyphens, for example the-red-shoes.", maxSlug)
	}
}

// slugOf names a thing in addresses. Other scripts than Latin are written in
// Latin letters by their sound, as well as a table can. It is empty when nothing
// of the text can be written like that.
func slugOf(text string) string {
	name := strings.ReplaceAll(slug.Make(text), "_", "-")
	if len(name) > maxSlug {
		name = name[:maxSlug]
		if at := strings.LastIndexByte(name, '-'); at > 0 {
			name = name[:at]
		}
	}
	if _, err := uuid.Parse(name); err == nil {
		return "" // an address with it would mean an id
	}
	return strings.Trim(name, "-")
}
