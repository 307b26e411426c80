package notify

import (
	"strings"
	"time"

	"github.com/bojanz/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/bidi"

	"github.com/boxoffice/boxoffice/booking"
)

// Mail and SMS are in English. A message by push is in the language that the browser shows
// the app in.

// pushLanguages are the languages that messages by push are written in. English comes
// first: it is for everyone whose language is not here.
var pushLanguages = []texts{english, mustReadTexts("hi"), mustReadTexts("ar")}

// pushLanguage finds the language for a browser that asked for one, such as hi-IN. As in
// the web app, a relative is not enough: who reads Marathi gets English, not Hindi.
func pushLanguage(wanted string) texts {
	tag, err := language.Parse(wanted)
	if err != nil {
		return english
	}
	base, _ := tag.Base()
	for _, t := range pushLanguages {
		if t.Language == base.String() {
			return t
		}
	}
	return english
}

// date writes a time by a layout of package time, with the language's own names of days
// and months.
func (t texts) date(at time.Time, layout string) string {
	written := at.Format(layout)
	if len(t.Weekdays) == 0 {
		return written
	}
	weekday, month := t.Weekdays[at.Weekday()], t.Months[at.Month()-1]
	return strings.NewReplacer(
		at.Format("Monday"), weekday, at.Format("Mon"), weekday,
		at.Format("January"), month, at.Format("Jan"), month,
	).Replace(written)
}

// amount writes money as readers of the language do; empty for nothing.
func (t texts) amount(m booking.Money) string {
	if m.Amount <= 0 {
		return ""
	}
	if t.MoneyLocale == "" {
		return m.String()
	}
	exact, err := currency.NewAmountFromInt64(m.Amount, m.Currency)
	if err != nil { // a currency that the library does not have
		return m.String()
	}
	return currency.NewFormatter(currency.NewLocale(t.MoneyLocale)).Format(exact)
}

// isolated keeps the direction of each value to itself, in the text around it (UAX #9,
// FSI and PDI). Text that runs from left to right throughout is left alone.
func (t texts) isolated(f facts) facts {
	for _, value := range []*string{
		&f.Movie, &f.Theater, &f.Screen, &f.ShortWhen, &f.ShortOldWhen, &f.ShortDecideBy, &f.ShortSeats, &f.Refund,
	} {
		if *value != "" && (t.Direction == "rtl" || strings.ContainsFunc(*value, isRightToLeft)) {
			*value = "\u2068" + *value + "\u2069"
		}
	}
	return f
}

func isRightToLeft(r rune) bool {
	properties, _ := bidi.LookupRune(r)
	return properties.Class() == bidi.R || properties.Class() == bidi.AL
}
