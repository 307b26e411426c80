package search

import (
	"time"

	"github.com/google/uuid"
)

// Snapshot is the catalog at one moment, all of it read in one transaction.
type Snapshot struct {
	// Version names the moment. Two snapshots with the same version are equal.
	Version  string
	Cities   []City
	Theaters []Theater
	Movies   []Movie
	Shows    []Show
}

// City is where theaters are.
type City struct {
	ID   uuid.UUID
	Slug string
	Name string
}

// Theater is a house. Accessibility are codes such as "hearing_loop" that help in
// every show there.
type Theater struct {
	ID            uuid.UUID
	CityID        uuid.UUID
	Slug          string
	Name          string
	Aliases       []string
	Address       string
	Lat, Lon      float64 // degrees, WGS 84
	TimeZone      string  // IANA
	Accessibility []string
}

// Movie is a film.
type Movie struct {
	ID            uuid.UUID
	Slug          string
	Title         string
	OriginalTitle string
	Aliases       []string
	Year          int
	Popularity    float64 // the greater the earlier, 0 to 100
	Genres        []string
	Languages     []string // BCP 47, the original first
	Certificate   string
	Credits       []Credit
}

// Credit is one person's part in a film.
type Credit struct {
	Name string
	Role string
	Job  string // director or actor
}

// Show is one screening that can be booked now or later. Prices are minor units
// of Currency. Access are codes such as "captions" that are true of this
// screening, beside its theater's.
type Show struct {
	ID        uuid.UUID
	MovieID   uuid.UUID
	TheaterID uuid.UUID
	StartsAt  time.Time
	// SalesOpenAt and SalesCloseAt are when selling begins and ends; zero is from
	// ever, and until it starts.
	SalesOpenAt, SalesCloseAt time.Time

	Format    string
	Language  string // spoken, BCP 47
	Subtitles string // BCP 47; empty for no subtitles
	PriceMin  int64
	PriceMax  int64
	Currency  string // ISO 4217
	Access    []string
}
