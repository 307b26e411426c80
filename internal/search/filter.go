package search

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// filter is a Filters made ready for one index and one moment.
type filter struct {
	Filters
	now          int64
	active       dimension
	place        []dimension // by theater: what it fails of city and near
	distance     []float64   // by theater, km; nil without a place
	windows      []window    // by zone
	bands        []bool
	genres       []bool
	languages    []bool
	subtitles    []bool
	formats      []bool
	certificates []bool
	access       uint64
}

const defaultKM = 10

func (x *Index) prepare(f Filters, now time.Time) *filter {
	c := &filter{Filters: f, now: now.Unix(), active: f.active(), place: make([]dimension, len(x.theaters))}
	x.preparePlaces(c)
	c.windows = make([]window, len(x.zones))
	for i, zone := range x.zones {
		c.windows[i] = dateWindow(f.Date, now, zone)
	}
	bands := values{list: bandNames}
	c.bands = bands.chosen(f.Bands)
	c.genres, c.certificates = x.genres.chosen(f.Genres), x.certificates.chosen(f.Certificates)
	c.languages, c.formats = x.languages.chosen(f.Languages), x.formats.chosen(f.Formats)
	c.subtitles = x.languages.chosen(f.Subtitles)
	for _, code := range f.Access {
		n, ok := x.access.numbers[code]
		if !ok {
			c.access = math.MaxUint64 // no theater offers it
			break
		}
		c.access |= 1 << min(n, 63)
	}
	return c
}

func (x *Index) preparePlaces(c *filter) {
	if c.Near != nil {
		c.distance = make([]float64, len(x.theaters))
	}
	for i := range x.theaters {
		t := &x.theaters[i]
		if c.City != "" && !strings.EqualFold(x.cities.list[t.city], c.City) {
			c.place[i] |= byCity
		}
		if c.Near != nil {
			c.distance[i] = distanceKM(c.Near.Lat, c.Near.Lon, t.Lat, t.Lon)
			if c.distance[i] > cmp.Or(c.Near.KM, defaultKM) {
				c.place[i] |= byNear
			}
		}
	}
}

// movieFails are the movie's own filters that it does not meet.
func (c *filter) movieFails(t *tags) (d dimension) {
	if c.active&byGenre != 0 && !slices.ContainsFunc(t.genres, func(g uint16) bool { return c.genres[g] }) {
		d |= byGenre
	}
	if c.active&byCertificate != 0 && !c.certificates[t.certificate] {
		d |= byCertificate
	}
	return d
}

// showFails are the show's filters that it does not meet.
func (c *filter) showFails(x *Index, s *show) dimension {
	d := c.place[s.theater]
	if c.active&byDate != 0 {
		if w := c.windows[x.theaters[s.theater].zone]; s.startsAt < w.from || s.startsAt >= w.to {
			d |= byDate
		}
	}
	if c.active&byBand != 0 && !c.bands[s.band] {
		d |= byBand
	}
	if c.active&byLanguage != 0 && !c.languages[s.language] {
		d |= byLanguage
	}
	if c.active&bySubtitles != 0 && !c.subtitles[s.subtitles] {
		d |= bySubtitles
	}
	if c.active&byFormat != 0 && !c.formats[s.format] {
		d |= byFormat
	}
	if c.active&byPrice != 0 && !c.affordable(x, s) {
		d |= byPrice
	}
	if s.access&c.access != c.access {
		d |= byAccess
	}
	return d
}

// affordable says whether some seat of the show costs what one wants to pay.
func (c *filter) affordable(x *Index, s *show) bool {
	if c.Price.Currency != "" && c.Price.Currency != x.currencies.list[s.currency] {
		return false
	}
	return s.priceMax >= c.Price.Min && (c.Price.Max == 0 || s.priceMin <= c.Price.Max)
}

// narrowed is what the filters left of some movies.
type narrowed struct {
	movies []onScreen
	facets *facetCounts
	// nearest has, for each filter, the show that fails it alone by the least.
	nearest map[dimension]miss
}

// onScreen is a movie and what is shown of it. It has no pointers, since a list
// of all movies would keep the garbage collector busy.
type onScreen struct {
	movie, next     uint32 // next is a number in shows, if there are any
	shows, theaters int32
}

// miss is a show that a filter shut out, and by how much: seconds, kilometers
// or money.
type miss struct {
	show *show // nil for a movie that is not shown
	by   float64
}

// narrow applies the filters to movies, in their order. A movie without shows
// stays only while no filter asks about shows.
func (x *Index) narrow(c *filter, movies []uint32, withFacets bool) *narrowed {
	n := &narrowed{nearest: map[dimension]miss{}}
	if c.active&byShow == 0 {
		n.movies = make([]onScreen, 0, len(movies))
	}
	if withFacets {
		n.facets = x.newFacetCounts()
	}
	places := make([]uint32, len(x.theaters)) // by theater: the movie counted last, from 1
	for _, m := range movies {
		own := c.movieFails(&x.movieTags[m])
		if n.facets != nil {
			n.facets.begin(m, own)
			if c.active&byShow == 0 {
				n.facets.addMovie(x)
			}
		}
		found := onScreen{movie: m}
		for at := x.showsOf[m]; at < x.showsOf[m+1]; at++ {
			s := &x.shows[at]
			if !s.onSale(c.now) {
				continue
			}
			fails := own | c.showFails(x, s)
			if n.facets != nil {
				n.facets.add(x, s, fails)
			}
			switch {
			case fails == 0:
				found.count(at, s.theater, places)
			case fails&(fails-1) == 0: // one filter alone is in the way
				n.miss(fails, s, c.missedBy(x, fails, s))
			}
		}
		if found.shows > 0 || own == 0 && c.active&byShow == 0 {
			n.movies = append(n.movies, found)
		}
	}
	return n
}

func (o *onScreen) count(at, theater uint32, places []uint32) {
	if o.shows == 0 {
		o.next = at // they are in the order of time
	}
	o.shows++
	if places[theater] != o.movie+1 {
		places[theater] = o.movie + 1
		o.theaters++
	}
}

func (n *narrowed) miss(d dimension, s *show, by float64) {
	if m, ok := n.nearest[d]; !ok || by < m.by {
		n.nearest[d] = miss{show: s, by: by}
	}
}

// missedBy is how far a show is from what was asked in one filter.
func (c *filter) missedBy(x *Index, d dimension, s *show) float64 {
	switch d {
	case byDate:
		w := c.windows[x.theaters[s.theater].zone]
		if s.startsAt >= w.to {
			return float64(s.startsAt - w.to)
		}
		return float64(w.from - s.startsAt)
	case byNear:
		return c.distance[s.theater]
	case byPrice:
		if c.Price.Currency != "" && c.Price.Currency != x.currencies.list[s.currency] {
			return math.Inf(1)
		}
		return float64(max(s.priceMin-c.Price.Max, c.Price.Min-s.priceMax))
	}
	return 0
}
