package importer

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
)

const (
	maxRows        = 200
	maxSeatsRow    = 200
	maxScreenSeats = 5_000
	rowLabels      = "ABCDEFGHJKLMNPQRSTUVWXYZ" // without I and O, which people read as 1 and 0
)

var categoryPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,29}$`)

func (f *findings) category(field, name string) {
	if !categoryPattern.MatchString(name) {
		f.add(field, "Name categories with at most 30 small letters, digits and underscores, for example gold.")
	}
}

// layout checks the seats of a screen as staff's are.
func (f *findings) layout(field string, l booking.Layout) {
	rules.Report(func(within, format string, args ...any) { f.add(field+"."+within, format, args...) }).Layout(l)
}

// grid makes equal rows of standard seats. categories names the price categories
// from the screen backwards with their numbers of rows, for example
// "silver:3|gold:5", or a single one for all rows.
func (f *findings) grid(path func(string) string, s *screenLine) *booking.Layout {
	before := len(f.all)
	required(f, path("rows"), s.Rows)
	required(f, path("seats_per_row"), s.SeatsPerRow)
	required(f, path("categories"), s.Categories)
	rules.Between(f.add, path("rows"), s.Rows, 1, maxRows)
	rules.Between(f.add, path("seats_per_row"), s.SeatsPerRow, 1, maxSeatsRow)
	if len(f.all) > before {
		return nil
	}
	of := f.bands(path("categories"), *s.Categories, *s.Rows)
	if *s.Rows**s.SeatsPerRow > maxScreenSeats {
		f.add(path("rows"), "Has at most %d seats.", maxScreenSeats)
	}
	if len(f.all) > before {
		return nil
	}
	var layout booking.Layout
	for i, category := range of {
		row := booking.Row{Label: rowLabel(i), Category: category}
		for n := range *s.SeatsPerRow {
			row.Seats = append(row.Seats, booking.Seat{
				ID: row.Label + strconv.Itoa(n+1), X: float64(n + 1), Type: booking.SeatStandard,
			})
		}
		layout.Rows = append(layout.Rows, row)
	}
	return &layout
}

// bands gives the category of each row.
func (f *findings) bands(field, categories string, rows int) (of []string) {
	if !strings.ContainsAny(categories, listSign+":") {
		f.category(field, categories)
		for range rows {
			of = append(of, categories)
		}
		return of
	}
	for band := range strings.SplitSeq(categories, listSign) {
		name, count, _ := strings.Cut(strings.TrimSpace(band), ":")
		n, err := strconv.Atoi(strings.TrimSpace(count))
		if err != nil || n < 1 || n > maxRows {
			f.add(field, "Write categories with their numbers of rows, the screen side first, for example silver:3|gold:5.")
			return nil
		}
		name = strings.TrimSpace(name)
		f.category(field, name)
		for range n {
			of = append(of, name)
		}
	}
	if len(of) != rows {
		f.add(field, "Is about %d rows, and there are %d.", len(of), rows)
	}
	return of
}

// rowLabel counts A to Z, then AA, AB and so on.
func rowLabel(i int) string {
	last := rowLabels[i%len(rowLabels) : i%len(rowLabels)+1]
	if i < len(rowLabels) {
		return last
	}
	return rowLabel(i/len(rowLabels)-1) + last
}
