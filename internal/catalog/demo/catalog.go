package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

//go:embed cities.json movies.json theaters.json layouts.json
var tables embed.FS

// City is where theaters are. Currency is what its theaters charge.
type City struct {
	ID       uuid.UUID
	Slug     string
	Name     string
	Country  string // ISO 3166-1 alpha-2
	TimeZone string // IANA
	Currency string // ISO 4217
	Lat, Lon float64
}

// film is a film as a fact. Languages are BCP 47: the original first, then the
// dubbed versions that go to theaters. Formats are those it was released in.
// Certificate names its system, for example "CBFC U/A 16+" or "MPA PG-13";
// "MPA NR" is a film that was never submitted there.
type film struct {
	ID             uuid.UUID
	Slug           string
	Title          string
	OriginalTitle  string
	Aliases        []string
	Year           int
	ReleaseDate    string // YYYY-MM-DD, in the country the film comes from
	RuntimeMinutes int
	Genres         []string
	Languages      []string
	Formats        []string
	Certificate    string
	Cast           []credit
	Synopsis       string
	Popularity     float64 // 0–100, invented
}

// credit is one person's part in a film. Role is the character, or "Director".
type credit struct {
	Name string `json:"name"`
	Role string `json:"role"`
	Job  string `json:"job"`
}

// The jobs of a Credit.
const (
	jobDirector = "director"
	jobActor    = "actor"
)

// Theater is an invented house. Accessibility are codes; those that are also an
// attribute of a show, for example captions, say that the house can do it.
type Theater struct {
	ID            uuid.UUID
	Slug          string
	CityID        uuid.UUID
	Name          string
	Address       string
	Lat, Lon      float64
	TimeZone      string
	Currency      string
	Amenities     []string
	Accessibility []string
	Screens       []Screen
}

// Screen is a hall. Formats are what it can project, the best first.
type Screen struct {
	ID      uuid.UUID
	Name    string
	Layout  booking.Layout
	Formats []string
}

// Cities gives the cities of the demo world. Like Movies and Theaters it hands
// out a fresh slice over shared elements: read them, do not write to them.
func Cities() []City {
	cities := make([]City, 0, len(world().cities))
	for _, c := range world().cities {
		cities = append(cities, c.City)
	}
	return cities
}

// Movies gives the films of the demo world.
func Movies() []film { return slices.Clone(world().movies) }

// Theaters gives the theaters of the demo world with their screens.
func Theaters() []Theater {
	theaters := make([]Theater, 0, len(world().theaters))
	for _, t := range world().theaters {
		theaters = append(theaters, t.Theater)
	}
	return theaters
}

// Remote gives the theater of the demo world that sells from its own system, which also has
// its screens and its shows.
func Remote() Theater {
	const slug = "copper-kettle-hackney"
	for _, c := range world().cities {
		if c.Slug == "london" {
			return Theater{
				ID: stableID("theater", slug), Slug: slug, CityID: c.ID, Name: "Copper Kettle, Hackney",
				Address: "88 Kettlemakers Yard, Hackney, London E8", Lat: 51.5432, Lon: -0.0557, TimeZone: c.TimeZone, Currency: c.Currency,
				Amenities: []string{"bar", "m_ticket"}, Accessibility: []string{"step_free_access", "wheelchair_spaces"},
			}
		}
	}
	panic("demo: there is no London")
}

// catalog is the tables, expanded. The lower-case parts are what only the
// program needs to know.
type catalog struct {
	cities    []city
	movies    []film
	theaters  []theater
	repertory []uuid.UUID // screens
}

// city adds an audience to a City: how eagerly it goes to films by original
// language, which dubbed versions play, and which languages need no subtitles.
type city struct {
	City
	pricePercent int64
	audience     map[string]float64
	dubs         []string
	understood   []string
}

// theater adds opening hours to a Theater, in minutes after local midnight.
type theater struct {
	Theater
	city     city
	opens    int
	lastShow int
}

// world reads the tables once. They are compiled in, so a bad one is a bug of
// this package that its tests find, and a panic is the honest answer.
var world = sync.OnceValue(func() catalog {
	c := catalog{cities: readCities(), movies: readMovies()}
	c.theaters = readTheaters(c.cities)
	c.repertory = repertoryScreens(c.theaters)
	return c
})

func readCities() []city {
	var rows []struct {
		Slug         string             `json:"slug"`
		Name         string             `json:"name"`
		Country      string             `json:"country"`
		TimeZone     string             `json:"time_zone"`
		Currency     string             `json:"currency"`
		Lat          float64            `json:"lat"`
		Lon          float64            `json:"lon"`
		PricePercent int64              `json:"price_percent"`
		Audience     map[string]float64 `json:"audience"`
		Dubs         []string           `json:"dubs"`
		Understood   []string           `json:"understood"`
	}
	readTable("cities.json", &rows)
	cities := make([]city, 0, len(rows))
	for _, r := range rows {
		cities = append(cities, city{
			City: City{
				ID: stableID("city", r.Slug), Slug: r.Slug, Name: r.Name, Country: r.Country,
				TimeZone: r.TimeZone, Currency: r.Currency, Lat: r.Lat, Lon: r.Lon,
			},
			pricePercent: r.PricePercent, audience: r.Audience, dubs: r.Dubs, understood: r.Understood,
		})
	}
	return cities
}

func readMovies() []film {
	var rows []struct {
		Slug           string   `json:"slug"`
		Title          string   `json:"title"`
		OriginalTitle  string   `json:"original_title"`
		Aliases        []string `json:"aliases"`
		ReleaseDate    string   `json:"release_date"`
		RuntimeMinutes int      `json:"runtime_minutes"`
		Genres         []string `json:"genres"`
		Languages      []string `json:"languages"`
		Formats        []string `json:"formats"`
		Certificate    string   `json:"certificate"`
		Popularity     float64  `json:"popularity"`
		Directors      []string `json:"directors"`
		Cast           []credit `json:"cast"`
		Synopsis       string   `json:"synopsis"`
	}
	readTable("movies.json", &rows)
	movies := make([]film, 0, len(rows))
	for _, r := range rows {
		var credits []credit
		for _, name := range r.Directors {
			credits = append(credits, credit{Name: name, Role: "Director", Job: jobDirector})
		}
		for _, actor := range r.Cast {
			credits = append(credits, credit{Name: actor.Name, Role: actor.Role, Job: jobActor})
		}
		movies = append(movies, film{
			ID: stableID("movie", r.Slug), Slug: r.Slug, Title: r.Title, OriginalTitle: r.OriginalTitle,
			Aliases: r.Aliases, Year: yearOf(r.ReleaseDate), ReleaseDate: r.ReleaseDate,
			RuntimeMinutes: r.RuntimeMinutes, Genres: r.Genres, Languages: r.Languages, Formats: r.Formats,
			Certificate: r.Certificate, Cast: credits, Synopsis: r.Synopsis, Popularity: r.Popularity,
		})
	}
	return movies
}

func readTheaters(cities []city) []theater {
	var rows []struct {
		Slug          string   `json:"slug"`
		City          string   `json:"city"`
		Name          string   `json:"name"`
		Address       string   `json:"address"`
		Lat           float64  `json:"lat"`
		Lon           float64  `json:"lon"`
		Amenities     []string `json:"amenities"`
		Accessibility []string `json:"accessibility"`
		Opens         string   `json:"opens"`
		LastShow      string   `json:"last_show"`
		Screens       []struct {
			Name    string   `json:"name"`
			Plan    string   `json:"plan"`
			Formats []string `json:"formats"`
		} `json:"screens"`
	}
	readTable("theaters.json", &rows)
	plans := readPlans()
	theaters := make([]theater, 0, len(rows))
	for _, r := range rows {
		at := slices.IndexFunc(cities, func(c city) bool { return c.Slug == r.City })
		if at < 0 {
			panic(fmt.Sprintf("demo: theater %s is in no known city", r.Slug))
		}
		t := theater{
			Theater: Theater{
				ID: stableID("theater", r.Slug), Slug: r.Slug, CityID: cities[at].ID, Name: r.Name,
				Address: r.Address, Lat: r.Lat, Lon: r.Lon, TimeZone: cities[at].TimeZone,
				Currency: cities[at].Currency, Amenities: r.Amenities, Accessibility: r.Accessibility,
			},
			city: cities[at], opens: clockMinutes(r.Opens), lastShow: clockMinutes(r.LastShow),
		}
		for _, s := range r.Screens {
			layout, ok := plans[s.Plan]
			if !ok {
				panic(fmt.Sprintf("demo: screen %s of %s has no plan", s.Name, r.Slug))
			}
			t.Screens = append(t.Screens, Screen{
				ID: stableID("screen", r.Slug, s.Name), Name: s.Name, Layout: layout, Formats: s.Formats,
			})
		}
		theaters = append(theaters, t)
	}
	return theaters
}

// readTable decodes an embedded table and refuses fields it does not know: a
// misspelled one would otherwise be a silent zero.
func readTable(name string, into any) {
	raw, err := tables.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err))
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		panic(fmt.Sprintf("demo: %s: %v", name, err))
	}
}
