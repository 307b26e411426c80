package importer

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
)

const (
	maxAddressText = 300
	maxCodes       = 60
	maxScreens     = 60
	maxCleaning    = 240 // minutes
)

// houseLine is what both formats say of a theater alike.
type houseLine struct {
	Slug          *string   `json:"slug"`
	Name          *string   `json:"name"`
	Address       *string   `json:"address"`
	Lat           *float64  `json:"lat"`
	Lon           *float64  `json:"lon"`
	TimeZone      *string   `json:"time_zone"`
	Currency      *string   `json:"currency"`
	Amenities     *[]string `json:"amenities"`
	Accessibility *[]string `json:"accessibility"`
	// AccessibleReleaseMinutes as in schema.Theater.
	AccessibleReleaseMinutes *int `json:"accessible_release_minutes"`
}

// theaterLine is a theater with its screens, as JSON says it.
type theaterLine struct {
	houseLine
	City    *cityLine     `json:"city"`
	Screens *[]screenLine `json:"screens"`

	line    int
	columns map[string]int // of a CSV
}

// theaterRow is a theater and one of its screens, as a CSV says it.
type theaterRow struct {
	houseLine
	City            *string  `json:"city"`
	CityName        *string  `json:"city_name"`
	CityCountry     *string  `json:"city_country"`
	CityTimeZone    *string  `json:"city_time_zone"`
	CityCurrency    *string  `json:"city_currency"`
	CityLat         *float64 `json:"city_lat"`
	CityLon         *float64 `json:"city_lon"`
	Screen          *string  `json:"screen"`
	CleaningMinutes *int     `json:"cleaning_minutes"`
	Rows            *int     `json:"rows"`
	SeatsPerRow     *int     `json:"seats_per_row"`
	Categories      *string  `json:"categories"`
}

// cityLine is a city: its slug alone, or all that is needed to make it.
type cityLine struct {
	Slug     *string  `json:"slug"`
	Name     *string  `json:"name"`
	Country  *string  `json:"country"`
	TimeZone *string  `json:"time_zone"`
	Currency *string  `json:"currency"`
	Lat      *float64 `json:"lat"`
	Lon      *float64 `json:"lon"`
}

// UnmarshalJSON takes a slug for a city that is there.
func (c *cityLine) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return strict(data, &c.Slug)
	}
	type plain cityLine
	return strict(data, (*plain)(c))
}

// screenLine is a screen. Its seats are a layout, or a number of equal rows.
type screenLine struct {
	Name            *string         `json:"name"`
	CleaningMinutes *int            `json:"cleaning_minutes"`
	Layout          *booking.Layout `json:"layout"`
	Rows            *int            `json:"rows"`
	SeatsPerRow     *int            `json:"seats_per_row"`
	Categories      *string         `json:"categories"`

	// seats are those of Layout or of the rows; nil when nothing is said.
	seats *booking.Layout
}

// whole is the row as a line of JSON would say it.
func (r theaterRow) whole() theaterLine {
	t := theaterLine{houseLine: r.houseLine}
	city := cityLine{r.City, r.CityName, r.CityCountry, r.CityTimeZone, r.CityCurrency, r.CityLat, r.CityLon}
	if city != (cityLine{}) {
		t.City = &city
	}
	screen := screenLine{Name: r.Screen, CleaningMinutes: r.CleaningMinutes, Rows: r.Rows, SeatsPerRow: r.SeatsPerRow, Categories: r.Categories}
	if screen != (screenLine{}) {
		t.Screens = &[]screenLine{screen}
	}
	return t
}

// paths are the names of fields that differ between the formats.
type paths struct {
	city   func(field string) string
	screen func(i int, field string) string
}

func pathsOf(format Format) paths {
	if format != CSV {
		return paths{
			city:   func(field string) string { return "city." + field },
			screen: func(i int, field string) string { return fmt.Sprintf("screens[%d].%s", i, field) },
		}
	}
	return paths{
		city: func(field string) string {
			if field == "slug" {
				return "city"
			}
			return "city_" + field
		},
		screen: func(_ int, field string) string {
			if field == "name" {
				return "screen"
			}
			return field
		},
	}
}

func (t *theaterLine) check(f *findings, at paths) {
	t.line, t.columns = f.line, f.columns
	own := func(field string) string { return field }
	f.named(own, &t.Slug, &t.Name)
	t.Address = f.name("address", t.Address, maxAddressText)
	f.position(own, t.Lat, t.Lon)
	f.timeZone("time_zone", t.TimeZone)
	f.check().Currency("currency", t.Currency)
	t.Amenities = f.check().Codes("amenities", t.Amenities, maxCodes)
	t.Accessibility = f.check().Codes("accessibility", t.Accessibility, maxCodes)
	rules.Between(f.add, "accessible_release_minutes", t.AccessibleReleaseMinutes, 0, rules.MaxAccessibleRelease)
	if t.City != nil {
		t.City.check(f, at)
	}
	f.screens(valueOf(t.Screens), at)
}

// named checks a slug and a name. Without a slug it makes one of the name.
func (f *findings) named(at func(string) string, slug, name **string) {
	f.check().Slug(at("slug"), *slug)
	*name = f.name(at("name"), *name, rules.MaxName)
	if *slug == nil && *name != nil {
		*slug = new(rules.SlugOf(**name))
	}
	if *slug == nil || **slug == "" {
		f.add(at("slug"), "Is required.")
	}
}

func (f *findings) position(at func(string) string, lat, lon *float64) {
	rules.Between(f.add, at("lat"), lat, -90, 90)
	rules.Between(f.add, at("lon"), lon, -180, 180)
	if (lat == nil) != (lon == nil) {
		f.add(at("lat"), "Give both lat and lon, or neither.")
	}
}

func (c *cityLine) check(f *findings, at paths) {
	f.named(at.city, &c.Slug, &c.Name)
	f.check().Country(at.city("country"), c.Country)
	f.timeZone(at.city("time_zone"), c.TimeZone)
	f.check().Currency(at.city("currency"), c.Currency)
	f.position(at.city, c.Lat, c.Lon)
}

func (f *findings) screens(screens []screenLine, at paths) {
	if len(screens) > maxScreens {
		f.add("screens", "Has at most %d entries.", maxScreens)
		return
	}
	seen := map[string]bool{}
	for i := range screens {
		s := &screens[i]
		path := func(field string) string { return at.screen(i, field) }
		required(f, path("name"), s.Name)
		s.Name = f.name(path("name"), s.Name, rules.MaxWord)
		if s.Name != nil && seen[*s.Name] {
			f.add(path("name"), "Is there twice.")
		} else if s.Name != nil {
			seen[*s.Name] = true
		}
		rules.Between(f.add, path("cleaning_minutes"), s.CleaningMinutes, 0, maxCleaning)
		grid := s.Rows != nil || s.SeatsPerRow != nil || s.Categories != nil
		switch {
		case s.Layout != nil && grid:
			f.add(path("layout"), "Give either a layout or rows, seats_per_row and categories.")
		case s.Layout != nil:
			f.layout(path("layout"), *s.Layout)
			s.seats = s.Layout
		case grid:
			s.seats = f.grid(path, s)
		}
	}
}

// differences names the fields in which a later row of the same theater says
// something else than an earlier one.
func differences(a, b theaterLine, at paths) []string {
	var differ []string
	compare := func(path func(string) string, a, b reflect.Value) {
		for i := range a.NumField() {
			x, y := a.Field(i), b.Field(i)
			if !x.IsNil() && !y.IsNil() && !reflect.DeepEqual(x.Interface(), y.Interface()) {
				differ = append(differ, path(nameOf(a.Type().Field(i))))
			}
		}
	}
	compare(func(field string) string { return field }, reflect.ValueOf(a.houseLine), reflect.ValueOf(b.houseLine))
	if a.City != nil && b.City != nil {
		compare(at.city, reflect.ValueOf(*a.City), reflect.ValueOf(*b.City))
	}
	return differ
}
