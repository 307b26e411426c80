package search

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"
)

// Index answers queries on one snapshot. It is safe for concurrent use, since
// nothing in it changes.
type Index struct {
	version  string
	movies   []Movie
	popular  []uint32 // every movie, the best known first
	people   []person
	theaters []house
	cities   values // of the theaters
	places   []City

	byMovie   *finder
	byPerson  *finder
	byTheater *finder

	shows        []show // grouped by movie, then by time
	showsOf      []uint32
	zones        []*time.Location
	genres       values
	languages    values
	formats      values
	certificates values
	currencies   values
	access       values
	movieTags    []tags
}

// person is a name in the credits; people of one name are one.
type person struct {
	name   string
	movies []uint32 // the best known first
}

// house is a theater with its city and zone looked up.
type house struct {
	Theater
	city   uint16
	zone   uint16
	access uint64
}

// tags are the movie's own filters as numbers.
type tags struct {
	genres      []uint16
	certificate uint16
}

// Build makes an index. It keeps the snapshot's slices, which must not be
// changed afterwards.
func Build(s Snapshot) *Index {
	x := &Index{version: s.Version, movies: s.Movies, places: s.Cities}
	x.byMovie = movieFinder(s.Movies)
	x.layPopular()
	x.layPeople()
	x.layTheaters(s)
	x.layTags()
	x.layShows(s.Shows)
	return x
}

// City finds a city by its slug or id.
func (x *Index) City(slugOrID string) (City, bool) {
	id, _ := uuid.Parse(slugOrID)
	i := slices.IndexFunc(x.places, func(c City) bool {
		return strings.EqualFold(c.Slug, slugOrID) || id != uuid.Nil && c.ID == id
	})
	if i < 0 {
		return City{}, false
	}
	return x.places[i], true
}

func (x *Index) layPopular() {
	x.popular = make([]uint32, len(x.movies))
	for i := range x.popular {
		x.popular[i] = uint32(i)
	}
	slices.SortStableFunc(x.popular, func(a, b uint32) int {
		return cmp.Compare(priorOf(x.movies[b]), priorOf(x.movies[a]))
	})
}

func (x *Index) layPeople() {
	numbers := map[string]uint32{}
	for i, m := range x.movies {
		for _, c := range m.Credits {
			if c.Name == "" {
				continue
			}
			n, ok := numbers[c.Name]
			if !ok {
				n = uint32(len(x.people))
				numbers[c.Name] = n
				x.people = append(x.people, person{name: c.Name})
			}
			if list := &x.people[n].movies; len(*list) == 0 || (*list)[len(*list)-1] != uint32(i) {
				*list = append(*list, uint32(i))
			}
		}
	}
	names, sounds, prior := x.peopleNames()
	x.byPerson = newFinder(names, sounds, prior, nil)
}

func (x *Index) peopleNames() (names, sounds []name, prior []float32) {
	prior = make([]float32, len(x.people))
	for i, p := range x.people {
		slices.SortStableFunc(p.movies, func(a, b uint32) int {
			return cmp.Compare(priorOf(x.movies[b]), priorOf(x.movies[a]))
		})
		words := texts(normalizeWords(norm.NFC.String(p.name)))
		names = append(names, name{uint32(i), fromName, words})
		best := x.movies[p.movies[0]]
		prior[i] = 0.7*priorOf(best) + 0.3*float32(math.Min(1, math.Log1p(float64(len(p.movies)))/4))
		if isIndian(best.Languages) {
			sounds = append(sounds, name{uint32(i), fromSound, soundsOf(words)})
		}
	}
	return names, sounds, prior
}

func (x *Index) layTheaters(s Snapshot) {
	cities := map[uuid.UUID]City{}
	for _, c := range s.Cities {
		cities[c.ID] = c
	}
	zones := map[string]uint16{}
	var names []name
	for i, t := range s.Theaters {
		city := cities[t.CityID]
		x.theaters = append(x.theaters, house{
			Theater: t, city: x.cities.number(city.Slug), zone: x.zone(t.TimeZone, zones), access: x.accessBits(accessOfHouse(t.Accessibility)),
		})
		add := func(text string, from source) {
			names = append(names, name{uint32(i), from, texts(normalizeWords(norm.NFC.String(text)))})
		}
		add(t.Name, fromName)
		add(t.Name+" "+city.Name, fromSpelling)
		for _, a := range t.Aliases {
			add(a, fromAlias)
		}
		if before, after, ok := strings.Cut(t.Name, ","); ok {
			add(before, fromPart)
			add(after, fromPart)
		}
	}
	x.byTheater = newFinder(names, nil, make([]float32, len(s.Theaters)), nil)
}

// zone is the number of a time zone; one that this machine does not know counts
// as UTC.
func (x *Index) zone(name string, known map[string]uint16) uint16 {
	n, ok := known[name]
	if !ok {
		location, err := time.LoadLocation(name)
		if err != nil {
			location = time.UTC
		}
		n = uint16(len(x.zones))
		known[name] = n
		x.zones = append(x.zones, location)
	}
	return n
}

// accessOfShows are codes that a house may have, meaning that it can, and that
// only a show does.
var accessOfShows = []string{"captions", "audio_description", "relaxed", "wheelchair_spaces"}

func accessOfHouse(codes []string) []string {
	return slices.DeleteFunc(slices.Clone(codes), func(c string) bool { return slices.Contains(accessOfShows, c) })
}

// accessBits numbers accessibility codes; more than 64 are not told apart.
func (x *Index) accessBits(codes []string) uint64 {
	var bits uint64
	for _, c := range codes {
		bits |= 1 << min(x.access.number(c), 63)
	}
	return bits
}

func (x *Index) layTags() {
	x.movieTags = make([]tags, len(x.movies))
	for i, m := range x.movies {
		for _, g := range m.Genres {
			x.movieTags[i].genres = append(x.movieTags[i].genres, x.genres.number(g))
		}
		x.movieTags[i].certificate = x.certificates.number(m.Certificate)
	}
}

// values numbers strings, so that filters compare numbers.
type values struct {
	list    []string
	numbers map[string]uint16
}

func (v *values) number(s string) uint16 {
	if n, ok := v.numbers[s]; ok {
		return n
	}
	if v.numbers == nil {
		v.numbers = map[string]uint16{}
	}
	n := uint16(len(v.list))
	v.numbers[s] = n
	v.list = append(v.list, s)
	return n
}

// chosen marks the numbers of some strings, blind to case.
func (v *values) chosen(list []string) []bool {
	out := make([]bool, len(v.list))
	for i, s := range v.list {
		out[i] = slices.ContainsFunc(list, func(c string) bool { return strings.EqualFold(c, s) })
	}
	return out
}
