package search

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	defaultLimit = 20
	maxLimit     = 100
	maxPeople    = 5
	maxPlaces    = 5
	maxQuery     = 200 // bytes; more is not typed by hand
)

// Search answers a query.
func (x *Index) Search(q Query) Answer {
	if q.Now.IsZero() {
		q.Now = time.Now()
	}
	a := Answer{IndexVersion: x.version, Items: []movieHit{}, People: []personHit{}, Theaters: []placeHit{}}
	words := queryWords(q.Text)
	t := x.match(words, ended(q.Text))
	if strings.TrimSpace(q.Text) == "" {
		t.movies = x.popular
	}
	c := x.prepare(q.Filters, q.Now)
	n := x.narrow(c, t.movies, true)
	if len(n.movies) == 0 && c.active != 0 {
		if loose, left, how := x.relax(q.Filters, q.Now, n, t.movies); left != nil {
			c, n, a.Relaxed = loose, left, how
		}
	}
	if len(words) == 0 {
		n.movies = shownFirst(n.movies)
	}
	a.Total, a.Facets = len(n.movies), n.facets.facets(x, c)
	from := min(max(q.Offset, 0), len(n.movies))
	limit := min(cmp.Or(max(q.Limit, 0), defaultLimit), maxLimit)
	for _, m := range n.movies[from:min(from+limit, len(n.movies))] {
		a.Items = append(a.Items, x.movieHit(m, words, t))
	}
	a.People = x.personHits(t.people, words)
	a.Theaters = x.placeHits(t.theaters, words, c)
	a.DidYouMean = t.didYouMean
	return a
}

// shownFirst puts what is on before what is not; each part keeps its order.
func shownFirst(list []onScreen) []onScreen {
	out := make([]onScreen, 0, len(list))
	for _, o := range list {
		if o.shows > 0 {
			out = append(out, o)
		}
	}
	for _, o := range list {
		if o.shows == 0 {
			out = append(out, o)
		}
	}
	return out
}

func queryWords(text string) []string {
	return texts(normalizeWords(norm.NFC.String(text[:min(len(text), maxQuery)])))
}

// ended says whether the last word is complete.
func ended(text string) bool {
	last, _ := utf8.DecodeLastRuneInString(text)
	return unicode.IsSpace(last) || last == '.'
}

// matched is what the text of a query found.
type matched struct {
	movies     []uint32
	by         map[uint32]hit    // by movie
	through    map[uint32]uint32 // movies found through a person
	people     []hit
	theaters   []hit
	didYouMean string
}

// throughPerson is what a movie scores less than the person it was found by:
// their name leads to their movies, but behind a movie of that name.
const throughPerson = 0.12

func (x *Index) match(words []string, ended bool) matched {
	t := matched{by: map[uint32]hit{}, through: map[uint32]uint32{}}
	movies, people, theaters := x.byMovie.find(words, ended), x.byPerson.find(words, ended), x.byTheater.find(words, ended)
	t.didYouMean = x.didYouMean(movies, people, theaters)
	t.people, t.theaters = answers(people), answers(theaters)
	list := answers(movies)
	for _, h := range list {
		// A name as it was typed is rather meant than a title with a typo.
		if h.typo && len(t.people) > 0 && !t.people[0].typo && t.people[0].score > h.score {
			h.score -= throughPerson
		}
		t.by[h.owner] = h
	}
	for _, p := range t.people[:min(len(t.people), maxPeople)] {
		for _, m := range x.people[p.owner].movies {
			score := p.score - throughPerson
			if known, ok := t.by[m]; score >= scoreAccepted && (!ok || known.score < score) {
				if !ok {
					list = append(list, hit{owner: m})
				}
				t.by[m], t.through[m] = hit{owner: m, match: match{score: score}}, p.owner
			}
		}
	}
	if len(list) == 0 || t.by[list[0].owner].score < togetherBelow {
		list = append(list, x.matchTogether(words, &t)...)
	}
	slices.SortStableFunc(list, func(a, b hit) int {
		return cmp.Compare(t.by[b.owner].score, t.by[a.owner].score)
	})
	for _, h := range list {
		t.movies = append(t.movies, h.owner)
	}
	return t
}

// matchTogether adds movies found by a title and a person. They make a
// correction pointless.
func (x *Index) matchTogether(words []string, t *matched) []hit {
	movies, through := x.together(words)
	fresh := movies[:0:0]
	for _, m := range movies {
		if _, known := t.by[m.owner]; !known {
			fresh = append(fresh, m)
		}
		t.by[m.owner], t.through[m.owner] = m, through[m.owner]
		t.didYouMean = ""
	}
	return fresh
}

// answers cuts the list where hits are no more than alike: behind a hit without
// a typo, only little typos are of interest.
func answers(hits []hit) []hit {
	if len(hits) == 0 {
		return nil
	}
	least := max(scoreAccepted, 0.62*hits[0].score)
	out := hits[:0:0]
	for _, h := range hits {
		if h.score < least || h.typo && !hits[0].typo && h.score < scoreFair-0.1 {
			continue
		}
		out = append(out, h)
	}
	return out
}

// didYouMean is the name that fits best, when what was typed had to be
// corrected for it or fits nothing well enough.
func (x *Index) didYouMean(movies, people, theaters []hit) string {
	top, text := hit{}, ""
	consider := func(hits []hit, name func(uint32) string) {
		if len(hits) > 0 && hits[0].score > top.score {
			top, text = hits[0], name(hits[0].owner)
		}
	}
	consider(movies, func(i uint32) string { return x.movies[i].Title })
	consider(people, func(i uint32) string { return x.people[i].name })
	consider(theaters, func(i uint32) string { return x.theaters[i].Name })
	if !top.typo || top.source == fromSound {
		return ""
	}
	return text
}

func (x *Index) movieHit(o onScreen, words []string, t matched) movieHit {
	m := &x.movies[o.movie]
	h := movieHit{
		ID: m.ID, Slug: m.Slug, Title: m.Title, Year: m.Year, Genres: m.Genres, Languages: m.Languages,
		Certificate: m.Certificate, Shows: int(o.shows), Theaters: int(o.theaters),
	}
	if m.OriginalTitle != m.Title {
		h.OriginalTitle = m.OriginalTitle
	}
	if found, ok := t.by[o.movie]; ok {
		h.Matched = x.matchedBy(m, found, words, t)
	}
	if o.shows > 0 {
		next := &x.shows[o.next]
		house := &x.theaters[next.theater]
		zone := x.zones[house.zone]
		start := time.Unix(next.startsAt, 0)
		h.NextShow = &nextShow{
			ID: next.id, StartsAt: start.UTC(), LocalTime: start.In(zone).Format("2006-01-02T15:04:05"),
			TimeZone: zone.String(), TheaterID: house.ID, TheaterName: house.Name,
		}
	}
	return h
}

// matchedBy names the text that was found: the title where that will do.
func (x *Index) matchedBy(m *Movie, h hit, words []string, t matched) *matchedText {
	by, text := "title", m.Title
	if p, ok := t.through[h.owner]; ok {
		by, text = "person", x.people[p].name
	} else if h.source == fromOriginal {
		by, text = "original_title", m.OriginalTitle
	} else if h.source == fromAlias {
		for _, a := range m.Aliases {
			for _, s := range spellings(queryWords(a), true) {
				if squash(s) == h.key {
					by, text = "alias", a
				}
			}
		}
	}
	return &matchedText{By: by, Text: text, Highlights: highlight(text, words)}
}

func (x *Index) personHits(hits []hit, words []string) []personHit {
	out := []personHit{}
	for _, h := range hits[:min(len(hits), maxPeople)] {
		p := &x.people[h.owner]
		hit := personHit{Name: p.name, Matched: &matchedText{"name", p.name, highlight(p.name, words)}}
		for _, i := range p.movies[:min(len(p.movies), 5)] {
			m := &x.movies[i]
			hit.Movies = append(hit.Movies, movieRef{m.ID, m.Slug, m.Title, m.Year})
		}
		out = append(out, hit)
	}
	return out
}

// placeHits are theaters of the city asked for, and near enough.
func (x *Index) placeHits(hits []hit, words []string, c *filter) []placeHit {
	out := []placeHit{}
	for _, h := range hits {
		if c.place[h.owner] != 0 {
			continue
		}
		p := &x.theaters[h.owner]
		hit := placeHit{
			ID: p.ID, Slug: p.Slug, Name: p.Name, City: x.cities.list[p.city],
			Matched: &matchedText{"name", p.Name, highlight(p.Name, words)},
		}
		if c.distance != nil {
			hit.DistanceKM = &c.distance[h.owner]
		}
		if out = append(out, hit); len(out) == maxPlaces {
			break
		}
	}
	return out
}
