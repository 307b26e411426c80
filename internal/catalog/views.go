package catalog

import (
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/schema"
)

// City is where theaters are.
type City struct {
	ID       uuid.UUID `json:"id"`
	Slug     string    `json:"slug"`
	Name     string    `json:"name"`
	Country  string    `json:"country"`
	TimeZone string    `json:"time_zone"`
	Currency string    `json:"currency"`
	Lat      float64   `json:"lat"`
	Lon      float64   `json:"lon"`
}

// movieSummary is what a list of shows says about a film.
type movieSummary struct {
	ID             uuid.UUID `json:"id"`
	Slug           string    `json:"slug"`
	Title          string    `json:"title"`
	RuntimeMinutes int       `json:"runtime_minutes"`
	Genres         []string  `json:"genres" bun:",array"`
	Certificate    string    `json:"certificate"`
}

// Movie is a film, and how it is shown at the moment: Formats and NextShowAt
// are those of the shows that the list was narrowed to.
type Movie struct {
	movieSummary
	OriginalTitle string     `json:"original_title,omitempty"`
	Year          int        `json:"year"`
	ReleaseDate   string     `json:"release_date,omitempty"`
	Languages     []string   `json:"languages" bun:",array"`
	Synopsis      string     `json:"synopsis"`
	TrailerURL    string     `json:"trailer_url,omitempty"`
	PosterURL     string     `json:"poster_url,omitempty"`
	Rating        *rating    `json:"rating" bun:"type:jsonb"`
	Formats       []string   `json:"formats" bun:",array"`
	NextShowAt    *time.Time `json:"next_show_at,omitempty"`
}

// rating is what customers think of a film on average, from 1 to 5 stars.
type rating struct {
	Average float64 `json:"average"`
	Count   int64   `json:"count"`
}

// MovieDetail is all we know of a film. Credits are cast and crew in the order of
// the poster. RetiredAt is when it left the catalog.
type MovieDetail struct {
	Movie
	Aliases   []string        `json:"aliases" bun:",array"`
	Credits   []schema.Credit `json:"credits" bun:"type:jsonb"`
	RetiredAt *time.Time      `json:"retired_at,omitempty"`
}

// theaterSummary is what a list of shows says about a theater.
type theaterSummary struct {
	ID       uuid.UUID `json:"id"`
	Slug     string    `json:"slug"`
	Name     string    `json:"name"`
	Address  string    `json:"address"`
	TimeZone string    `json:"time_zone"`
	Lat      float64   `json:"lat"`
	Lon      float64   `json:"lon"`
}

// Theater is a house. DistanceKM is there when the list was asked for what is
// near.
type Theater struct {
	theaterSummary
	City          string   `json:"city"` // slug
	CityName      string   `json:"city_name"`
	Currency      string   `json:"currency"`
	Amenities     []string `json:"amenities" bun:",array"`
	Accessibility []string `json:"accessibility" bun:",array"`
	DistanceKM    *float64 `json:"distance_km,omitempty" bun:"distance_km"`
}

// TheaterDetail is a house with its screens. RetiredAt is when it closed
// permanently.
type TheaterDetail struct {
	Theater
	Screens   []screen   `json:"screens"`
	RetiredAt *time.Time `json:"retired_at,omitempty"`
}

// screen is a hall and how many it seats now.
type screen struct {
	ID               uuid.UUID `json:"id"`
	Name             string    `json:"name"`
	Capacity         int       `json:"capacity"`
	WheelchairSpaces int       `json:"wheelchair_spaces"`
}

// showScreen names the hall of a show.
type showScreen struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
}

// show is one screening. LocalTime is the start on the theater's wall clock.
// WheelchairSpaces are those of the hall, taken or not.
type show struct {
	ID               uuid.UUID                `json:"id"`
	StartsAt         time.Time                `json:"starts_at"`
	EndsAt           time.Time                `json:"ends_at"`
	LocalTime        string                   `json:"local_time"`
	TimeZone         string                   `json:"time_zone"`
	Format           string                   `json:"format"`
	Language         string                   `json:"language"`
	Subtitles        string                   `json:"subtitles"`
	Captions         bool                     `json:"captions"`
	AudioDescription bool                     `json:"audio_description"`
	Relaxed          bool                     `json:"relaxed"`
	WheelchairSpaces int                      `json:"wheelchair_spaces"`
	Status           booking.ShowStatus       `json:"status"`
	SalesOpenAt      time.Time                `json:"sales_open_at"`
	SalesCloseAt     time.Time                `json:"sales_close_at"`
	Prices           map[string]booking.Money `json:"prices"`
	Screen           showScreen               `json:"screen"`
}

// ShowDetail is a show with its film and its house.
type ShowDetail struct {
	show
	Movie   movieSummary   `json:"movie"`
	Theater theaterSummary `json:"theater"`
}

// MovieShows is where and when a film is shown.
type MovieShows struct {
	Movie movieSummary   `json:"movie"`
	Items []theaterGroup `json:"items"`
}

// theaterGroup is one theater's shows of a film, by time.
type theaterGroup struct {
	Theater theaterSummary `json:"theater"`
	Shows   []show         `json:"shows"`
}

// theaterShows is what a theater shows.
type theaterShows struct {
	Theater theaterSummary `json:"theater"`
	Items   []movieGroup   `json:"items"`
}

// movieGroup is one film's shows in a theater, by time.
type movieGroup struct {
	Movie movieSummary `json:"movie"`
	Shows []show       `json:"shows"`
}
