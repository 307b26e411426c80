package search

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
)

// relaxOrder is which filter people give up first: another hour rather than
// another day, another day rather than another city. What a customer needs in
// order to get in comes last.
var relaxOrder = []dimension{
	byBand, byFormat, byPrice, byDate, byNear, bySubtitles, byLanguage, byCertificate, byGenre, byCity, byAccess,
}

// relax loosens as few filters as it takes to leave something: one if one
// suffices, and by no more than to the nearest show; else one after the other.
// It returns nil where no filter is to blame.
func (x *Index) relax(f Filters, now time.Time, n *narrowed, movies []uint32) (*filter, *narrowed, []relaxed) {
	for _, d := range relaxOrder {
		m, ok := n.nearest[d]
		if !ok {
			continue
		}
		loose := x.loosen(f, d, m)
		c := x.prepare(loose, now)
		if left := x.narrow(c, movies, true); len(left.movies) > 0 {
			return c, left, []relaxed{{dimensionNames[d], f.value(d), loose.value(d)}}
		}
	}
	var dropped []relaxed
	loose := f
	for _, d := range relaxOrder {
		if f.active()&d == 0 {
			continue
		}
		dropped = append(dropped, relaxed{Filter: dimensionNames[d], Asked: f.value(d)})
		loose = loose.without(d)
		c := x.prepare(loose, now)
		if left := x.narrow(c, movies, true); len(left.movies) > 0 {
			return c, left, dropped
		}
	}
	return nil, nil, nil
}

// loosen widens one filter so that the show that missed it least is in; a
// filter without more and less is dropped.
func (x *Index) loosen(f Filters, d dimension, m miss) Filters {
	switch {
	case m.show == nil || math.IsInf(m.by, 1):
	case d == byDate:
		f.Date = dayName(m.show.day)
		return f
	case d == byNear:
		near := *f.Near
		near.KM = math.Ceil(m.by)
		f.Near = &near
		return f
	case d == byPrice && m.show.priceMin > f.Price.Max && f.Price.Max > 0:
		price := *f.Price
		price.Max = m.show.priceMin
		f.Price = &price
		return f
	}
	return f.without(d)
}

// value is a filter as text; it is empty for a filter that is not in use.
func (f *Filters) value(d dimension) string {
	switch {
	case d == byCity:
		return f.City
	case d == byDate:
		return f.Date
	case d == byNear && f.Near != nil:
		return fmt.Sprintf("%g km", cmp.Or(f.Near.KM, defaultKM))
	case d == byPrice && f.Price != nil:
		return fmt.Sprintf("%d–%d %s", f.Price.Min, f.Price.Max, f.Price.Currency)
	}
	if list, known := f.lists()[d]; known {
		return strings.Join(*list, ",")
	}
	return ""
}
