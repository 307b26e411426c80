package houses

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/text"
)

const (
	// unknownLanguage is BCP 47 for a language that is not told.
	unknownLanguage = "und"
	plainFormat     = "2D"
	// longestName bounds what a house calls its screens, films and formats.
	longestName = 200
)

// mapped is a show of a house in our words.
type mapped struct {
	// given is the row as the house gave it, and row the same with names that we store.
	given, row booking.HouseShow
	layout     booking.Layout
	// seats is the house's address of each seat, and categories the house's category of each
	// of ours.
	seats      map[string]string
	categories map[string]string
	prices     map[string]int64
	fee, tax   int64
	closes     time.Time
	// why the show cannot be sold, for staff; empty when it can. Then nothing above is used.
	why string
}

// digest tells two versions of a show apart, also when our own terms have changed.
func digest(h Settings, row booking.HouseShow) ([]byte, error) {
	row.Version = "" // the content counts
	content, err := json.Marshal(struct {
		Row      booking.HouseShow
		Settings int64
		Currency string
	}{row, h.Version, h.Currency})
	if err != nil {
		return nil, fmt.Errorf("houses: show %q: %w", row.ID, err)
	}
	sum := sha256.Sum256(content)
	return sum[:], nil
}

// mapShow puts a show into our words. It never guesses: what has no name of ours, or two,
// makes the show unsellable.
func (s *Store) mapShow(h Settings, row booking.HouseShow) mapped {
	m := mapped{given: row, row: row, seats: map[string]string{}, categories: map[string]string{}, prices: map[string]int64{}}
	m.row.Movie.Title, m.row.Screen = name(row.Movie.Title), name(row.Screen)
	m.row.Format = cmp.Or(name(row.Format), plainFormat)
	m.row.Language = cmp.Or(name(row.Language), unknownLanguage)
	m.closes = row.StartsAt
	if !row.OpenUntil.IsZero() {
		m.closes = row.OpenUntil
	}
	// A payment that is under way when the house closes its sale has the time to end.
	m.closes = m.closes.Add(-rules.ClosesBefore)
	switch {
	case m.row.Movie.Title == "":
		m.no("the film has no title")
	case m.row.Screen == "":
		m.no("the screen has no name")
	case !row.EndsAt.After(row.StartsAt):
		m.no("it ends before it starts")
	}
	m.terms(h)
	names := m.price(h)
	m.seating(names)
	m.check(s.Charging, h)
	return m
}

// name cuts what a house calls something to a line of bearable length.
func name(given string) string {
	line := []rune(text.OneLine(given))
	return strings.TrimSpace(string(line[:min(len(line), longestName)]))
}

// no keeps the first reason.
func (m *mapped) no(format string, args ...any) {
	if m.why == "" {
		m.why = fmt.Sprintf(format, args...)
	}
}

func (m *mapped) terms(h Settings) {
	for option, into := range map[string]*int64{OptionFee: &m.fee, OptionTax: &m.tax} {
		if given := h.Options[option]; given != "" {
			amount, err := strconv.ParseInt(given, 10, 64)
			if err != nil || amount < 0 {
				m.no("the setting %s is not a number from 0", option)
			}
			*into = amount
		}
	}
}

// The options of Settings that all adapters share.
const (
	OptionFee = "fee_per_seat"
	OptionTax = "tax_basis_points"
)

// price names the categories in our words, and gives our name by the house's.
func (m *mapped) price(h Settings) map[string]string {
	names := map[string]string{}
	for _, category := range m.row.Categories {
		ours := categoryCode(category)
		switch {
		case category.ID == "":
			m.no("a price category has no id")
		case names[category.ID] != "":
			m.no("the price category %q is there twice", category.ID)
		case m.categories[ours] != "":
			m.no("the price categories %q and %q have one name", m.categories[ours], category.ID)
		case category.Price.Currency != h.Currency:
			m.no("the price category %q is in %s and not in %s", category.ID, category.Price.Currency, h.Currency)
		case category.Price.Amount < 0:
			m.no("the price category %q has a price below zero", category.ID)
		}
		names[category.ID], m.categories[ours], m.prices[ours] = ours, category.ID, category.Price.Amount
	}
	return names
}

// categoryCode is what a category is called in our layouts: its name in small letters, digits
// and underscores or, when nothing is left of the name, its id.
func categoryCode(c booking.HouseCategory) string {
	for _, given := range []string{c.Name, "category " + c.ID} {
		code := strings.ReplaceAll(rules.SlugOf(given), "-", "_")
		if code = strings.TrimLeft(code, "0123456789_"); code != "" {
			return strings.TrimRight(code[:min(len(code), 30)], "_")
		}
	}
	return "seat"
}

// seating makes the layout and the map of addresses. names are our categories by the house's.
func (m *mapped) seating(names map[string]string) {
	addresses := map[string]string{}
	for _, row := range m.row.Rows {
		label := strings.ToUpper(strings.TrimSpace(row.Label))
		category, priced := names[row.Category]
		if !priced {
			m.no("row %s has the price category %q, which has no price", label, row.Category)
		}
		ours := booking.Row{Label: label, Category: category}
		for _, seat := range row.Seats {
			id := label + strings.TrimSpace(seat.Name)
			switch {
			case seat.Address == "":
				m.no("seat %s has no address", id)
			case addresses[seat.Address] != "":
				m.no("seats %s and %s have the address %q", addresses[seat.Address], id, seat.Address)
			}
			addresses[seat.Address], m.seats[id] = id, seat.Address
			ours.Seats = append(ours.Seats, booking.Seat{ID: id, X: seat.X, Type: cmp.Or(seat.Type, booking.SeatStandard)})
		}
		slices.SortStableFunc(ours.Seats, func(a, b booking.Seat) int { return cmp.Compare(a.X, b.X) })
		m.layout.Rows = append(m.layout.Rows, ours)
	}
}

// check holds the show to the rules that the layouts and prices of staff are held to.
func (m *mapped) check(charging booking.Charging, h Settings) {
	report := rules.Report(func(field, format string, args ...any) { m.no("%s: %s", field, fmt.Sprintf(format, args...)) })
	report.Layout(m.layout)
	report.Chargeable(charging, rules.Charges{Currency: h.Currency, Prices: m.prices, FeePerSeat: m.fee, TaxBasisPoints: m.tax}, "", "")
}
