package recommendations

import (
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/recommend"
)

// Source says what a list was made from.
type Source string

// The sources. What is popular because something is missing says so, for it looks well alone.
const (
	FromModel      Source = "model"
	FromPopularity Source = "popularity"
	WithoutModel   Source = "popularity_without_model"
	WithoutStore   Source = "popularity_without_store"
)

// List is what a person is shown.
type List struct {
	// ID names the list in reports of impressions.
	ID     string `json:"list_id"`
	Source Source `json:"source"`
	// Model is the version of the model; empty without one.
	Model string `json:"model"`
	Items []Item `json:"items"`

	madeBy string // what impressions of it name: see madeBy
}

// Item is a movie of a list.
type Item struct {
	Movie    Movie  `json:"movie"`
	Position int    `json:"position"` // from 1
	Reason   Reason `json:"reason"`
	Shows    []Show `json:"shows"`

	propensity, score float64
}

// becauseYouLiked is the reason for a movie that a person likes and has not booked.
const becauseYouLiked recommend.Reason = "because_you_liked"

// Reason is why a movie is in a list.
type Reason struct {
	Code  recommend.Reason `json:"code"`
	Movie *Because         `json:"movie,omitempty"`
}

// Because is the movie that a reason is about.
type Because struct {
	ID    uuid.UUID `json:"id"`
	Slug  string    `json:"slug"`
	Title string    `json:"title"`
}

// named is a movie that a reason may name.
type named struct {
	Because
	certificate string
}

// Movie is what a list says about a movie.
type Movie struct {
	ID             uuid.UUID `json:"id"`
	Slug           string    `json:"slug"`
	Title          string    `json:"title"`
	RuntimeMinutes int       `json:"runtime_minutes"`
	Genres         []string  `json:"genres"`
	Certificate    string    `json:"certificate"`
	Year           int       `json:"year"`
	Languages      []string  `json:"languages"`
	PosterURL      string    `json:"poster_url,omitempty"`
}

// Show is a show that can be booked.
type Show struct {
	ID           uuid.UUID            `json:"id"`
	StartsAt     time.Time            `json:"starts_at"`
	LocalTime    string               `json:"local_time"`
	TimeZone     string               `json:"time_zone"`
	Theater      Theater              `json:"theater"`
	Screen       string               `json:"screen"`
	Format       string               `json:"format"`
	Language     string               `json:"language"`
	Subtitles    string               `json:"subtitles"`
	Availability booking.Availability `json:"availability"`
	PriceFrom    booking.Money        `json:"price_from"`
	// Habits say what of it is as the person usually chooses; UsualRow is where they sit there.
	Habits   []recommend.Habit `json:"habits"`
	UsualRow string            `json:"usual_row,omitempty"`
}

// Theater is where a show is.
type Theater struct {
	ID   uuid.UUID `json:"id"`
	Slug string    `json:"slug"`
	Name string    `json:"name"`
}
