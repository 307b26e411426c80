package schema

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
)

// City is where theaters are.
type City struct {
	bun.BaseModel `bun:"table:cities,alias:c"`

	// ID is the city's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid"`
	// Slug names the city in addresses, for example "mumbai".
	Slug string `bun:"slug"`
	// Name is how people call it.
	Name string `bun:"name"`
	// Country is an ISO 3166-1 alpha-2 code.
	Country string `bun:"country"`
	// TimeZone is the IANA zone in which a day of the city is counted.
	TimeZone string `bun:"time_zone"`
	// Currency is what new theaters of the city charge, ISO 4217.
	Currency string `bun:"currency"`
	// Lat is the latitude of the center in degrees, WGS 84.
	Lat float64 `bun:"lat"`
	// Lon is the longitude of the center in degrees, WGS 84.
	Lon float64 `bun:"lon"`
	// CreatedAt is when the row was written.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
}

// Credit is one person's part in a film.
type Credit struct {
	// Name is the person's.
	Name string `json:"name"`
	// Role is the character played, or what the person did.
	Role string `json:"role"`
	// Job is director, actor, or another of the crew, for example composer.
	Job string `json:"job"`
}

// Movie is a film.
type Movie struct {
	bun.BaseModel `bun:"table:movies,alias:m"`

	// ID is the film's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid"`
	// Slug names the film in addresses, for example "oppenheimer".
	Slug string `bun:"slug"`
	// Title is the one on the poster here.
	Title string `bun:"title"`
	// OriginalTitle is the one in the country of origin; empty when it is the same.
	OriginalTitle string `bun:"original_title"`
	// Aliases are other names by which people look for it.
	Aliases []string `bun:"aliases,array"`
	// Year is that of the first release.
	Year int `bun:"year"`
	// ReleaseDate is the day of the first release, null while it is not known.
	ReleaseDate *time.Time `bun:"release_date,type:date"`
	// RuntimeMinutes is the length without trailers or interval, 0 while it is not
	// known.
	RuntimeMinutes int `bun:"runtime_minutes"`
	// Genres are names such as "Drama".
	Genres []string `bun:"genres,array"`
	// Languages are BCP 47 codes, the original first.
	Languages []string `bun:"languages,array"`
	// Certificate is the age rating with its system, for example "MPA PG-13".
	Certificate string `bun:"certificate"`
	// Credits are directors and cast, in the order of the poster.
	Credits []Credit `bun:"credits,type:jsonb"`
	// Synopsis is what it is about, in a sentence or two.
	Synopsis string `bun:"synopsis"`
	// Popularity orders lists, the greater the earlier. From 0 to 100.
	Popularity float64 `bun:"popularity"`
	// TrailerURL is where the trailer can be watched; empty without a trailer.
	TrailerURL string `bun:"trailer_url"`
	// PosterURL is where browsers fetch the poster; empty without a poster.
	PosterURL string `bun:"poster_url"`
	// RetiredAt is when it left the catalog; null while it can be shown.
	RetiredAt *time.Time `bun:"retired_at"`
	// CreatedAt is when the row was written.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// UpdatedAt is when the row was last changed.
	UpdatedAt time.Time `bun:"updated_at,nullzero,default:now()"`
}

// Theater is a house with screens.
type Theater struct {
	bun.BaseModel `bun:"table:theaters,alias:t"`

	// ID is the theater's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid"`
	// Slug names the theater in addresses.
	Slug string `bun:"slug"`
	// CityID is the city it is in.
	CityID uuid.UUID `bun:"city_id,type:uuid"`
	// Name is the one above the door.
	Name string `bun:"name"`
	// Address is for the ticket and the map, in one line.
	Address string `bun:"address"`
	// Lat is the latitude of the door in degrees, WGS 84.
	Lat float64 `bun:"lat"`
	// Lon is the longitude of the door in degrees, WGS 84.
	Lon float64 `bun:"lon"`
	// TimeZone is the IANA zone of its clock.
	TimeZone string `bun:"time_zone"`
	// Currency is what it charges, ISO 4217.
	Currency string `bun:"currency"`
	// PaymentProviders are with whom customers may pay, the preferred first. Empty: all
	// of the platform.
	PaymentProviders []string `bun:"payment_providers,array,nullzero,default:'{}'"`
	// Amenities are codes such as "parking".
	Amenities []string `bun:"amenities,array"`
	// Accessibility is what helps people with disabilities, codes such as
	// "step_free_access" or "hearing_loop".
	Accessibility []string `bun:"accessibility,array,nullzero,default:'{}'"`
	// AccessibleReleaseMinutes is how long before a show its wheelchair spaces and
	// companion seats are sold to anyone. 0: when it begins.
	AccessibleReleaseMinutes int `bun:"accessible_release_minutes"`
	// RetiredAt is when the house closed permanently; null while it is open.
	RetiredAt *time.Time `bun:"retired_at"`
	// CreatedAt is when the row was written.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// UpdatedAt is when the row was last changed.
	UpdatedAt time.Time `bun:"updated_at,nullzero,default:now()"`
}

// Screen is a hall of a theater.
type Screen struct {
	bun.BaseModel `bun:"table:screens,alias:sc"`

	// ID is the screen's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid"`
	// TheaterID is the theater it is in.
	TheaterID uuid.UUID `bun:"theater_id,type:uuid"`
	// Name is unique in the theater, for example "Audi 1".
	Name string `bun:"name"`
	// CleaningMinutes lie between two shows.
	CleaningMinutes int `bun:"cleaning_minutes"`
	// RetiredAt is when it stopped showing films; null while it does.
	RetiredAt *time.Time `bun:"retired_at"`
	// CreatedAt is when the row was written.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
}

// Layout is one version of a screen's seating. It never changes: an edit is the
// next version, and shows on sale keep theirs.
type Layout struct {
	bun.BaseModel `bun:"table:layouts,alias:l"`

	// ID is the version's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid"`
	// ScreenID is the screen that is seated like this.
	ScreenID uuid.UUID `bun:"screen_id,type:uuid"`
	// Version counts from 1 within the screen.
	Version int `bun:"version"`
	// Layout is rows and seats, the screen side first.
	Layout booking.Layout `bun:"layout,type:jsonb"`
	// Capacity is how many seats it has.
	Capacity int `bun:"capacity"`
	// CreatedAt is when the row was written.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
}

// Show is one screening, with its terms of sale.
type Show struct {
	bun.BaseModel `bun:"table:shows,alias:s"`

	// ID is the show's identity.
	ID uuid.UUID `bun:"id,pk,type:uuid"`
	// MovieID is the film shown.
	MovieID uuid.UUID `bun:"movie_id,type:uuid"`
	// TheaterID repeats the screen's theater, so that lists need no detour.
	TheaterID uuid.UUID `bun:"theater_id,type:uuid"`
	// ScreenID is the hall.
	ScreenID uuid.UUID `bun:"screen_id,type:uuid"`
	// LayoutID is the seating that is sold.
	LayoutID uuid.UUID `bun:"layout_id,type:uuid"`
	// StartsAt is the time on the ticket.
	StartsAt time.Time `bun:"starts_at"`
	// EndsAt includes trailers and interval.
	EndsAt time.Time `bun:"ends_at"`
	// Format is the projection, for example "IMAX".
	Format string `bun:"format"`
	// Language is what is spoken, BCP 47.
	Language string `bun:"language"`
	// Subtitles is their language, BCP 47; empty without subtitles.
	Subtitles string `bun:"subtitles"`
	// Captions says that open or closed captions are shown.
	Captions bool `bun:"captions"`
	// AudioDescription says that what is seen is described over headphones.
	AudioDescription bool `bun:"audio_description"`
	// Relaxed says that lights stay on, the sound is low and moving about is fine.
	Relaxed bool `bun:"relaxed"`
	// Status says whether it takes place.
	Status booking.ShowStatus `bun:"status,nullzero,default:'scheduled'"`
	// SalesOpenAt is when selling begins.
	SalesOpenAt time.Time `bun:"sales_open_at"`
	// SalesCloseAt is when selling ends.
	SalesCloseAt time.Time `bun:"sales_close_at"`
	// Currency is that of the prices and the fee, ISO 4217.
	Currency string `bun:"currency"`
	// Prices gives the minor units per seat of each category.
	Prices map[string]int64 `bun:"prices,type:jsonb"`
	// FeePerSeat is our fee in minor units, its own tax included.
	FeePerSeat int64 `bun:"fee_per_seat"`
	// TaxBasisPoints is the tax on the seat prices, in hundredths of a percent.
	TaxBasisPoints int64 `bun:"tax_basis_points"`
	// CleanAt is when the next show may start on the screen, set by a trigger. From
	// StartsAt until then no other scheduled show is there.
	CleanAt time.Time `bun:"clean_at,nullzero"`
	// TermsVersion rises, by a trigger, with every change of the terms of sale.
	TermsVersion int64 `bun:"terms_version,nullzero,default:1"`
	// CreatedAt is when the row was written.
	CreatedAt time.Time `bun:"created_at,nullzero,default:now()"`
	// UpdatedAt is when the row was last changed.
	UpdatedAt time.Time `bun:"updated_at,nullzero,default:now()"`
}
