// Package rules checks what people write into the fields of the catalog, by hand
// or in files: both are held to the same rules, so that what was imported can be
// changed by staff without being refused for what a file said.
//
// What does not live here: rules that need the database. Of schema it knows the rows
// that the fields are written over.
package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bojanz/currency"
	"github.com/google/uuid"
	"github.com/gosimple/slug"
	"golang.org/x/text/language"

	words "github.com/boxoffice/boxoffice/internal/text"
)

// Report takes what is wrong with a field. Its methods are the checks: each gives
// the value back as it is stored, and passes nil through.
type Report func(field, format string, args ...any)

// Line checks text of one line, such as a name. least is 0 or 1 characters.
func (f Report) Line(field string, text *string, least, most int) *string {
	if text == nil {
		return nil
	}
	clean := words.Line(*text)
	f.text(field, clean, least, most)
	return &clean
}

// Paragraphs checks text that may have several lines. They end in \n alone.
func (f Report) Paragraphs(field string, text *string, most int) *string {
	if text == nil {
		return nil
	}
	clean := words.Paragraphs(*text)
	f.text(field, strings.ReplaceAll(clean, "\n", " "), 0, most)
	return &clean
}

// Lines checks short texts. A repeat is dropped.
func (f Report) Lines(field string, list *[]string, items, most int) *[]string {
	if list == nil || f.tooMany(field, len(*list), items) {
		return list
	}
	clean := make([]string, 0, len(*list))
	for i, text := range *list {
		if text := *f.Line(fmt.Sprintf("%s[%d]", field, i), &text, 1, most); !slices.Contains(clean, text) {
			clean = append(clean, text)
		}
	}
	return &clean
}

var codePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// Codes checks words for programs, such as "hearing_loop".
func (f Report) Codes(field string, list *[]string, items int) *[]string {
	if list == nil || f.tooMany(field, len(*list), items) {
		return list
	}
	for i, word := range *list {
		f.code(fmt.Sprintf("%s[%d]", field, i), word)
	}
	once := Listed(slices.Compact(slices.Sorted(slices.Values(*list))))
	return &once
}

func (f Report) code(field, word string) {
	if !codePattern.MatchString(word) {
		f(field, "Use at most 40 small letters, digits and underscores, for example hearing_loop.")
	}
}

// text checks text that has its stored form already.
func (f Report) text(field, text string, least, most int) {
	if wrong := words.WrongLine(text, least, most); wrong != "" {
		f(field, "%s", wrong)
	}
}

// tooMany reports a list that is too long.
func (f Report) tooMany(field string, n, most int) bool {
	if n > most {
		f(field, "Has at most %d entries.", most)
	}
	return n > most
}

// Set writes a field that is given over what is there.
func Set[T any](into *T, value *T) {
	if value != nil {
		*into = *value
	}
}

// Listed gives an empty list for a nil one, which would be null in JSON and NULL in SQL.
func Listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Between checks a number, both ends included.
func Between[N int | int64 | float64](f Report, field string, value *N, least, most N) *N {
	if value != nil && !(*value >= least && *value <= most) { // so that NaN does not pass
		f(field, "Must be from %v to %v.", least, most)
	}
	return value
}

// OneOf checks a value against those there are.
func OneOf[S ~string](f Report, field string, value *S, those ...S) *S {
	if value != nil && !slices.Contains(those, *value) {
		names := make([]string, len(those))
		for i, s := range those {
			names[i] = string(s)
		}
		f(field, "Choose %s.", strings.Join(names, ", "))
	}
	return value
}

// Currency checks a code of ISO 4217.
func (f Report) Currency(field string, text *string) *string {
	if text == nil {
		return nil
	}
	if !currencyKnown(*text) {
		f(field, "Write a currency of ISO 4217, for example INR.")
	}
	return text
}

// currencyKnown leaves out the empty code, which the library takes for "none".
func currencyKnown(code string) bool { return code != "" && currency.IsValid(code) }

// Country checks a code of ISO 3166-1.
func (f Report) Country(field string, text *string) {
	if text == nil {
		return
	}
	region, err := language.ParseRegion(*text)
	if err != nil || !region.IsCountry() || region.String() != *text {
		f(field, "Write a country of ISO 3166-1, two capital letters, for example IN.")
	}
}

// Language checks a tag of BCP 47 and gives it in its usual spelling.
func (f Report) Language(field string, text *string) *string {
	if text == nil {
		return nil
	}
	tag, err := language.Parse(strings.TrimSpace(*text))
	if err != nil || tag == language.Und || len(*text) > 35 { // RFC 5646, section 4.4.1
		f(field, "Write a language tag of BCP 47, for example hi or zh-Hant.")
		return text
	}
	usual := tag.String()
	return &usual
}

// Languages checks a list of them. A repeat is dropped.
func (f Report) Languages(field string, list *[]string, items int) *[]string {
	if list == nil || f.tooMany(field, len(*list), items) {
		return list
	}
	usual := make([]string, 0, len(*list))
	for i, text := range *list {
		if tag := *f.Language(fmt.Sprintf("%s[%d]", field, i), &text); !slices.Contains(usual, tag) {
			usual = append(usual, tag)
		}
	}
	return &usual
}

// firstYear and lastYear bound every day that people write: no film is older than
// Passage de Vénus, and a year beyond is a typing error.
const firstYear, lastYear = 1874, 2200

// Day reads a date. Empty is no date.
func (f Report) Day(field string, text *string) *time.Time {
	if text == nil || *text == "" {
		return nil
	}
	day, err := time.Parse(time.DateOnly, *text)
	if err != nil {
		f(field, "Write a day as YYYY-MM-DD, for example 2026-03-29.")
		return nil
	}
	if day.Year() < firstYear || day.Year() > lastYear {
		f(field, "Must be a year from %d to %d.", firstYear, lastYear)
		return nil
	}
	return &day
}

// Wheelchair spaces and companion seats are sold to all customers from some minutes
// before a show on; a new theater has the usual ones.
const (
	UsualAccessibleRelease = 120
	MaxAccessibleRelease   = 7 * 24 * 60
)

const maxSlug = 80

var slugPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Slug checks a name for addresses. One that reads like an id would mean that id.
func (f Report) Slug(field string, text *string) {
	if text == nil {
		return
	}
	if _, err := uuid.Parse(*text); err == nil || len(*text) > maxSlug || !slugPattern.MatchString(*text) {
		f(field, "Use at most %d small letters, digits and single hyphens, for example the-red-shoes.", maxSlug)
	}
}

// SlugOf names a thing in addresses. Other scripts than Latin are written in
// Latin letters by their sound, as well as a table can. It is empty when nothing
// of the text can be written like that.
func SlugOf(text string) string {
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
