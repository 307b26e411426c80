package search

import (
	"time"

	"github.com/google/uuid"
)

// Answer is what was found in one version of the index.
type Answer struct {
	IndexVersion string      `json:"index_version"`
	Items        []MovieHit  `json:"items"`
	People       []PersonHit `json:"people"`
	Theaters     []PlaceHit  `json:"theaters"`
	Facets       Facets      `json:"facets"`
	Total        int         `json:"total"` // movies, beyond this page too
	DidYouMean   string      `json:"did_you_mean,omitempty"`
	// Relaxed says which filters were loosened, because with them nothing was
	// left. The facets are those of the filters as they were loosened.
	Relaxed []Relaxed `json:"relaxed,omitempty"`
}

// MovieHit is a movie and how it is shown within the filters.
type MovieHit struct {
	ID            uuid.UUID `json:"id"`
	Slug          string    `json:"slug"`
	Title         string    `json:"title"`
	OriginalTitle string    `json:"original_title,omitempty"`
	Year          int       `json:"year"`
	Genres        []string  `json:"genres"`
	Languages     []string  `json:"languages"`
	Certificate   string    `json:"certificate"`
	Matched       *Matched  `json:"matched,omitempty"` // nil when no text was asked for
	Shows         int       `json:"shows"`
	Theaters      int       `json:"theaters"`
	NextShow      *NextShow `json:"next_show,omitempty"`
}

// Matched is the text by which something was found, and where in it, in
// characters (Unicode code points).
type Matched struct {
	By         string  `json:"by"` // title, original_title, alias, person or name
	Text       string  `json:"text"`
	Highlights []Range `json:"highlights"`
}

// Range is from Start up to but not including End.
type Range struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// NextShow is the first show of a movie within the filters.
type NextShow struct {
	ID          uuid.UUID `json:"id"`
	StartsAt    time.Time `json:"starts_at"`
	LocalTime   string    `json:"local_time"`
	TimeZone    string    `json:"time_zone"`
	TheaterID   uuid.UUID `json:"theater_id"`
	TheaterName string    `json:"theater_name"`
}

// PersonHit is somebody in the credits, with the best-known movies first.
type PersonHit struct {
	Name    string   `json:"name"`
	Movies  []Ref    `json:"movies"`
	Matched *Matched `json:"matched"`
}

// Ref points at a movie.
type Ref struct {
	ID    uuid.UUID `json:"id"`
	Slug  string    `json:"slug"`
	Title string    `json:"title"`
	Year  int       `json:"year"`
}

// PlaceHit is a theater. DistanceKM is there when the query says where it is
// asked from.
type PlaceHit struct {
	ID         uuid.UUID `json:"id"`
	Slug       string    `json:"slug"`
	Name       string    `json:"name"`
	City       string    `json:"city"` // slug
	DistanceKM *float64  `json:"distance_km,omitempty"`
	Matched    *Matched  `json:"matched"`
}

// Facets count movies by what could be chosen instead in each filter, with all
// the other filters applied.
type Facets struct {
	City          []FacetValue `json:"city"`
	Date          []FacetValue `json:"date"`
	Band          []FacetValue `json:"band"`
	Genre         []FacetValue `json:"genre"`
	Language      []FacetValue `json:"language"`
	Subtitles     []FacetValue `json:"subtitles"`
	Format        []FacetValue `json:"format"`
	Certificate   []FacetValue `json:"certificate"`
	Accessibility []FacetValue `json:"accessibility"`
	Price         []PriceFacet `json:"price"`
}

// FacetValue is a choice and how many movies it leaves.
type FacetValue struct {
	Value    string `json:"value"`
	Count    int    `json:"count"`
	Selected bool   `json:"selected"`
}

// PriceFacet is from the cheapest to the dearest seat in one currency.
type PriceFacet struct {
	Currency string `json:"currency"`
	Min      int64  `json:"min"`
	Max      int64  `json:"max"`
}

// Relaxed is a filter that was loosened; Given is empty when it was dropped.
type Relaxed struct {
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
	Highlights []Range   `json:"highlights"`
	Showing    bool      `json:"showing"` // in the city asked for
}
