package web

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// Pages gives the facts for the heads of pages. found is false for what does not exist.
type Pages interface {
	Movie(ctx context.Context, slug string) (m Movie, found bool, err error)
	Theater(ctx context.Context, slug string) (t Theater, found bool, err error)
	// Slugs names all movies and theaters that have a page, movies by popularity.
	Slugs(ctx context.Context) (Slugs, error)
}

// Movie is what the head says about a film.
type Movie struct {
	Slug           string
	Title          string
	Synopsis       string
	ReleaseDate    string // YYYY-MM-DD; may be empty
	RuntimeMinutes int
	Genres         []string
	Languages      []string
	Certificate    string
	PosterURL      string  // may be empty
	Rating         float64 // the average, from 1 to 5
	Ratings        int64   // how many
}

// Theater is what the head says about a house.
type Theater struct {
	Slug, Name, Address, City string
	TimeZone                  string // IANA
	Lat, Lon                  float64
	Shows                     []Show // the next ones, by time
}

// Show is one screening in a theater.
type Show struct {
	ID               string
	MovieSlug, Movie string
	StartsAt, EndsAt time.Time
	Format, Language string
	Prices           map[string]booking.Money // by category of seats
}

// Slugs are the addresses for search engines.
type Slugs struct{ Movies, Theaters []string }
