package demo

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
)

// chooser decides what a screen shows on one day, the way a programmer would:
// what the city likes, big films in big halls, families by day and horror by
// night. Its dice are seeded by screen and date.
type chooser struct {
	dice   *rand.Rand
	city   city
	screen Screen
	rank   int // by size within the theater, 0 is the largest
	turn   int // of the repertory, -1 for a screen that has none
	slot   int
	shown  map[uuid.UUID]int
}

// repertorySeats is the size up to which a screen takes turns through the whole
// catalog, so that every film plays somewhere every week.
const repertorySeats = 72

func newChooser(t theater, screen int, date time.Time) *chooser {
	s := t.Screens[screen]
	year, month, day := date.Date()
	number := int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
	seed := stableID("day", s.ID.String(), date.Format(time.DateOnly))
	c := &chooser{
		dice:   rand.New(rand.NewPCG(binary.BigEndian.Uint64(seed[:8]), binary.BigEndian.Uint64(seed[8:]))),
		city:   t.city,
		screen: s,
		turn:   -1,
		shown:  map[uuid.UUID]int{},
	}
	for _, other := range t.Screens {
		if other.Layout.Capacity() > s.Layout.Capacity() {
			c.rank++
		}
	}
	if at := slices.Index(world().repertory, s.ID); at >= 0 {
		c.turn = number*len(world().repertory) + at
	}
	return c
}

func repertoryScreens(theaters []theater) []uuid.UUID {
	var ids []uuid.UUID
	for _, t := range theaters {
		for _, s := range t.Screens {
			if s.Layout.Capacity() <= repertorySeats {
				ids = append(ids, s.ID)
			}
		}
	}
	return ids
}

// film picks the next film and the format to show it in.
func (c *chooser) film(start time.Time) (film, string) {
	movies := world().movies
	slot := c.slot
	c.slot++
	// The second and the third show of a repertory screen take turns; the rest
	// of its day follows demand.
	if c.turn >= 0 && (slot == 1 || slot == 2) {
		movie := movies[(c.turn*2+slot-1)%len(movies)]
		c.shown[movie.ID]++
		return movie, "2D"
	}
	weights := make([]float64, len(movies))
	for i, m := range movies {
		weights[i] = c.demand(m, start)
	}
	movie := movies[pick(c.dice, weights)]
	c.shown[movie.ID]++
	return movie, c.format(movie)
}

// demand is how much this screen wants a film at this hour. Zero means that it
// cannot show it.
func (c *chooser) demand(m film, start time.Time) float64 {
	playable := c.playable(m)
	if len(playable) == 0 {
		return 0
	}
	// The larger the hall, the more the demand concentrates on few titles.
	sharpness := []float64{7, 4.5, 1.5, 0.6}[min(c.rank, 3)]
	demand := math.Pow(m.Popularity/100, sharpness) * c.appeal(m)
	// A long film costs the screen a show, and late at night its audience.
	demand *= 150 / float64(m.RuntimeMinutes)
	if start.Hour() >= 22 && m.RuntimeMinutes > 165 {
		demand *= 0.15
	}
	if premium := c.screen.Formats[0]; premium != "2D" && playable[0] == premium {
		demand *= 3
	}
	if c.shown[m.ID] >= 2 {
		demand *= 0.3
	}
	return demand * hourAppeal(m, start.Hour())
}

// appeal is the city's taste: the best of the original and, at three quarters,
// a dubbed version that plays there.
func (c *chooser) appeal(m film) float64 {
	best := c.city.audience[m.Languages[0]]
	for _, language := range m.Languages[1:] {
		if slices.Contains(c.city.dubs, language) {
			best = max(best, 0.75*c.city.audience[language])
		}
	}
	return best
}

func hourAppeal(m film, hour int) float64 {
	family := slices.Contains(m.Genres, "Family")
	dark := slices.Contains(m.Genres, "Horror") || slices.Contains(m.Genres, "Thriller")
	switch {
	case family && hour < 17:
		return 1.8
	case family && hour >= 21:
		return 0.1
	case dark && hour < 12:
		return 0.3
	case dark && hour >= 20:
		return 1.5
	default:
		return 1
	}
}

// playable lists the formats that both the screen and the film have, the
// screen's best first.
func (c *chooser) playable(m film) []string {
	var formats []string
	for _, format := range c.screen.Formats {
		if slices.Contains(m.Formats, format) {
			formats = append(formats, format)
		}
	}
	return formats
}

// format mostly takes the best one: that is what the screen was built for.
func (c *chooser) format(m film) string {
	formats := c.playable(m)
	if c.dice.Float64() < 0.7 {
		return formats[0]
	}
	return formats[c.dice.IntN(len(formats))]
}

// version picks the language: the original twice as eagerly as a dubbed one of
// equal appeal. What the city does not speak gets English subtitles, and now and
// then so does what it does, for people who cannot hear it.
func (c *chooser) version(m film) (language, subtitles string) {
	weights := make([]float64, len(m.Languages))
	for i, language := range m.Languages {
		switch {
		case i == 0:
			weights[i] = 2 * c.city.audience[language]
		case slices.Contains(c.city.dubs, language):
			weights[i] = c.city.audience[language]
		}
	}
	language = m.Languages[pick(c.dice, weights)]
	captioned := c.dice.IntN(12) == 0
	if captioned || !slices.Contains(c.city.understood, language) {
		subtitles = "en"
	}
	return language, subtitles
}

// pick draws an index with a chance in proportion to its weight.
func pick(dice *rand.Rand, weights []float64) int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	at := dice.Float64() * total
	last := 0
	for i, w := range weights {
		if w == 0 {
			continue
		}
		if last = i; at < w {
			return i
		}
		at -= w
	}
	return last // rounding may leave a sliver behind the last weight
}
