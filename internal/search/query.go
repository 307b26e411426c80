package search

import "time"

// Query is what a customer asks. The zero value asks for everything that is on.
type Query struct {
	Text string
	Filters
	// Now decides what today is and which shows are over; zero is the clock.
	Now    time.Time
	Limit  int // 20 if zero, 100 at most
	Offset int
}

// Filters narrow movies to those with shows that suit. Several values of one
// filter are alternatives, except those of Access, which are all needed.
type Filters struct {
	City string // slug
	Near *Near
	// Date is a day on the theater's clock (2026-03-09), or today, tomorrow,
	// tonight (from 17:00 to 04:00) or weekend (from Friday 17:00).
	Date         string
	Bands        []string // morning, afternoon, evening, night
	Genres       []string
	Languages    []string // BCP 47
	Subtitles    []string // BCP 47
	Formats      []string
	Certificates []string
	Price        *PriceRange
	Access       []string // codes such as wheelchair_spaces, captions
}

// Near is a place and how far away a theater may be; 10 km if KM is zero.
type Near struct {
	Lat, Lon float64
	KM       float64
}

// PriceRange is what a seat may cost, in minor units of Currency. Max zero is no
// limit; an empty Currency is any.
type PriceRange struct {
	Min, Max int64
	Currency string
}

// dimension is one filter, as a bit.
type dimension uint16

const (
	byCity dimension = 1 << iota
	byNear
	byDate
	byBand
	byGenre
	byLanguage
	bySubtitles
	byFormat
	byCertificate
	byPrice
	byAccess

	noDimension dimension = 0
	byShow                = byCity | byNear | byDate | byBand | byLanguage | bySubtitles | byFormat | byPrice | byAccess
)

var dimensionNames = map[dimension]string{
	byCity: "city", byNear: "near", byDate: "date", byBand: "band", byGenre: "genre", byLanguage: "language", bySubtitles: "subtitles",
	byFormat: "format", byCertificate: "certificate", byPrice: "price", byAccess: "accessibility",
}

// lists are the filters that name several values.
func (f *Filters) lists() map[dimension]*[]string {
	return map[dimension]*[]string{
		byBand: &f.Bands, byGenre: &f.Genres, byLanguage: &f.Languages, bySubtitles: &f.Subtitles,
		byFormat: &f.Formats, byCertificate: &f.Certificates, byAccess: &f.Access,
	}
}

// active are the filters in use.
func (f *Filters) active() dimension {
	var d dimension
	for bit, used := range map[dimension]bool{byCity: f.City != "", byNear: f.Near != nil, byDate: f.Date != "", byPrice: f.Price != nil} {
		if used {
			d |= bit
		}
	}
	for bit, list := range f.lists() {
		if len(*list) > 0 {
			d |= bit
		}
	}
	return d
}

// without drops a filter.
func (f Filters) without(d dimension) Filters {
	switch d {
	case byCity:
		f.City = ""
	case byNear:
		f.Near = nil
	case byDate:
		f.Date = ""
	case byPrice:
		f.Price = nil
	default:
		*f.lists()[d] = nil
	}
	return f
}
