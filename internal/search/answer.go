package search

import (
	"time"

	"github.com/google/uuid"
)

// Answer is what was found in one version of the index.
type Answer struct {
	IndexVersion string      `json:"index_version"`
	Items        []movieHit  `json:"items"`
	People       []personHit `json:"people"`
	Theaters     []placeHit  `json:"theaters"`
	Facets       facets      `json:"facets"`
	Total        int         `json:"total"` // movies, beyond this page too
	DidYouMean   string      `json:"did_you_mean,omitempty"`
	// Relaxed says which filters were loosened, because with them nothing was
	// left. The facets are those of the filters as they were loosened.
	Relaxed []relaxed `json:"relaxed,omitempty"`
}

// movieHit is a movie and how it is shown within the filters.
type movieHit struct {
	ID            uuid.UUID    `json:"id"`
	Slug          string       `json:"slug"`
	Title         string       `json:"title"`
	OriginalTitle string       `json:"original_title,omitempty"`
	Year          int          `json:"year"`
	Genres        []string     `json:"genres"`
	Languages     []string     `json:"languages"`
	Certificate   string       `json:"certificate"`
	Matched       *matchedText `json:"matched,omitempty"` // nil when no text was asked for
	Shows         int          `json:"shows"`
	Theaters      int          `json:"theaters"`
	NextShow      *nextShow    `json:"next_show,omitempty"`
}

// matchedText is the text by which something was found, and where in it, in
// characters (Unicode code points).
type matchedText struct {
	By         string `json:"by"` // title, original_title, alias, person or name
	Text       string `json:"text"`
	Highlights []span `json:"highlights"`
}

// span is from Start up to but not including End.
type span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// nextShow is the first show of a movie within the filters.
type nextShow struct {
	ID          uuid.UUID `json:"id"`
	StartsAt    time.Time `json:"starts_at"`
	LocalTime   string    `json:"local_time"`
	TimeZone    string    `json:"time_zone"`
	TheaterID   uuid.UUID `json:"theater_id"`
	TheaterName string    `json:"theater_name"`
}

// personHit is a person in the credits, with the best-known movies first.
type personHit struct {
	Name    string       `json:"name"`
	Movies  []movieRef   `json:"movies"`
	Matched *matchedText `json:"matched"`
}

// movieRef points at a movie.
type movieRef struct {
	ID    uuid.UUID `json:"id"`
	Slug  string    `json:"slug"`
	Title string    `json:"title"`
	Year  int       `json:"year"`
}

// placeHit is a theater. DistanceKM is there when the query says where it is
// asked from.
type placeHit struct {
	ID         uuid.UUID    `json:"id"`
	Slug       string       `json:"slug"`
	Name       string       `json:"name"`
	City       string       `json:"city"` // slug
	DistanceKM *float64     `json:"distance_km,omitempty"`
	Matched    *matchedText `json:"matched"`
}

// facets count movies by what could be chosen instead in each filter, with all
// the other filters applied.
type facets struct {
	City          []facetValue `json:"city"`
	Date          []facetValue `json:"date"`
	Band          []facetValue `json:"band"`
	Genre         []facetValue `json:"genre"`
	Language      []facetValue `json:"language"`
	Subtitles     []facetValue `json:"subtitles"`
	Format        []facetValue `json:"format"`
	Certificate   []facetValue `json:"certificate"`
	Accessibility []facetValue `json:"accessibility"`
	Price         []priceFacet `json:"price"`
}

// facetValue is a choice and how many movies it leaves.
type facetValue struct {
	Value    string `json:"value"`
	Count    int    `json:"count"`
	Selected bool   `json:"selected"`
}

// priceFacet is from the cheapest to the dearest seat in one currency.
type priceFacet struct {
	Currency string `json:"currency"`
	Min      int64  `json:"min"`
	Max      int64  `json:"max"`
}

// relaxed is a filter that was loosened; Given is empty when it was dropped.
type relaxed struct {
	Filter string `json:"filter"`
	Asked  string `json:"asked"`
	Given  string `json:"given,omitempty"`
}

// Suggestion completes what is being typed.
type Suggestion struct {
	Kind       string    `json:"kind"` // movie, person or theater
	ID         uuid.UUID `json:"id,omitzero"`
	Slug       string    `json:"slug,omitempty"`
	Text       string    `json:"text"`
	Year       int       `json:"year,omitempty"`
	Highlights []span    `json:"highlights"`
	Showing    bool      `json:"showing"` // in the city asked for
}
