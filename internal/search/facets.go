package search

import (
	"cmp"
	"math/bits"
	"slices"
)

// maxDates is how many days the date facet offers.
const maxDates = 14

// facetCounts counts movies by value, in one pass over the shows. A show counts
// for a filter when nothing else shuts it out, so that each filter's choices
// are those that the other filters leave.
type facetCounts struct {
	city, band, genre, language, subtitles, format, certificate, access tally
	days                                                                map[int32]*dayCount
	prices                                                              []priceFacet // by currency
	movie                                                               uint32
	own                                                                 dimension
}

type dayCount struct {
	movies int
	last   uint32
}

// tally counts each value once per movie.
type tally struct {
	counts []int
	last   []uint32 // by value: the movie that was counted last, from 1
}

func newTally(n int) tally { return tally{make([]int, n), make([]uint32, n)} }

func (t *tally) add(value uint16, movie uint32) {
	if t.last[value] != movie+1 {
		t.last[value] = movie + 1
		t.counts[value]++
	}
}

func (x *Index) newFacetCounts() *facetCounts {
	f := &facetCounts{
		city: newTally(len(x.cities.list)), band: newTally(len(bandNames)), genre: newTally(len(x.genres.list)),
		language: newTally(len(x.languages.list)), subtitles: newTally(len(x.languages.list)), format: newTally(len(x.formats.list)),
		certificate: newTally(len(x.certificates.list)), access: newTally(64),
		days: map[int32]*dayCount{}, prices: make([]priceFacet, len(x.currencies.list)),
	}
	return f
}

func (f *facetCounts) begin(movie uint32, own dimension) { f.movie, f.own = movie, own }

func (f *facetCounts) add(x *Index, s *show, fails dimension) {
	open := func(d dimension) bool { return fails&^d == noDimension }
	if open(byCity) {
		f.city.add(x.theaters[s.theater].city, f.movie)
	}
	if open(byBand) {
		f.band.add(uint16(s.band), f.movie)
	}
	if open(byLanguage) {
		f.language.add(s.language, f.movie)
	}
	if open(bySubtitles) {
		f.subtitles.add(s.subtitles, f.movie)
	}
	if open(byFormat) {
		f.format.add(s.format, f.movie)
	}
	if open(byDate) {
		f.addDay(s.day)
	}
	if open(byPrice) {
		f.addPrice(x, s)
	}
	if open(byGenre) {
		f.addGenres(x)
	}
	if open(byCertificate) {
		f.certificate.add(x.movieTags[f.movie].certificate, f.movie)
	}
	if fails == 0 { // every code chosen is needed, so each narrows further
		for rest := s.access; rest != 0; rest &= rest - 1 {
			f.access.add(uint16(bits.TrailingZeros64(rest)), f.movie)
		}
	}
}

// addMovie counts a movie by itself where no filter asks about shows.
func (f *facetCounts) addMovie(x *Index) {
	if f.own&^byGenre == 0 {
		f.addGenres(x)
	}
	if f.own&^byCertificate == 0 {
		f.certificate.add(x.movieTags[f.movie].certificate, f.movie)
	}
}

func (f *facetCounts) addGenres(x *Index) {
	for _, g := range x.movieTags[f.movie].genres {
		f.genre.add(g, f.movie)
	}
}

func (f *facetCounts) addDay(day int32) {
	d := f.days[day]
	if d == nil {
		d = &dayCount{}
		f.days[day] = d
	}
	if d.last != f.movie+1 {
		d.last = f.movie + 1
		d.movies++
	}
}

func (f *facetCounts) addPrice(x *Index, s *show) {
	p := &f.prices[s.currency]
	if p.Currency == "" {
		*p = priceFacet{x.currencies.list[s.currency], s.priceMin, s.priceMax}
		return
	}
	p.Min, p.Max = min(p.Min, s.priceMin), max(p.Max, s.priceMax)
}

// facets are the counts by name; what is chosen is listed even with none left.
func (f *facetCounts) facets(x *Index, c *filter) facets {
	access := make([]bool, len(x.access.list))
	for i := range access {
		access[i] = slices.Contains(c.Access, x.access.list[i])
	}
	city := x.cities.chosen([]string{c.City})
	return facets{
		City: f.city.list(x.cities.list, city), Band: f.band.list(bandNames, c.bands),
		Genre: f.genre.list(x.genres.list, c.genres), Language: f.language.list(x.languages.list, c.languages),
		Subtitles: f.subtitles.list(x.languages.list, c.subtitles),
		Format:    f.format.list(x.formats.list, c.formats), Certificate: f.certificate.list(x.certificates.list, c.certificates),
		Accessibility: f.access.list(x.access.list, access), Date: f.dates(c),
		Price: slices.DeleteFunc(f.prices, func(p priceFacet) bool { return p.Currency == "" }),
	}
}

func (t *tally) list(names []string, chosen []bool) []facetValue {
	out := []facetValue{}
	for i, name := range names[:min(len(names), len(t.counts))] {
		if name != "" && (t.counts[i] > 0 || chosen[i]) {
			out = append(out, facetValue{Value: name, Count: t.counts[i], Selected: chosen[i]})
		}
	}
	slices.SortFunc(out, func(a, b facetValue) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return out
}

func (f *facetCounts) dates(c *filter) []facetValue {
	out := []facetValue{}
	for day, d := range f.days {
		out = append(out, facetValue{Value: dayName(day), Count: d.movies, Selected: dayName(day) == c.Date})
	}
	slices.SortFunc(out, func(a, b facetValue) int { return cmp.Compare(a.Value, b.Value) })
	return out[:min(len(out), maxDates)]
}
