package search

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noon is a Wednesday in Mumbai.
var noon = time.Date(2026, 3, 11, 6, 30, 0, 0, time.UTC)

func id(s string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(s)) }

// world is two cities in two zones and a few shows.
func world() Snapshot {
	s := Snapshot{
		Version: "7", Movies: corpus(),
		Cities: []City{{id("mumbai"), "mumbai", "Mumbai"}, {id("london"), "london", "London"}},
		Theaters: []Theater{
			{ID: id("sagar"), CityID: id("mumbai"), Slug: "sagar", Name: "Sagar Talkies", Lat: 19.0541, Lon: 72.8262,
				TimeZone: "Asia/Kolkata", Accessibility: []string{"step_free_access", "captions"}},
			{ID: id("marigold"), CityID: id("mumbai"), Slug: "marigold", Name: "Marigold Cinemas, Lower Parel",
				Lat: 18.9956, Lon: 72.8302, TimeZone: "Asia/Kolkata", Accessibility: []string{"step_free_access", "hearing_loop"}},
			{ID: id("ritz"), CityID: id("london"), Slug: "ritz", Name: "The Ritz", Lat: 51.51, Lon: -0.13, TimeZone: "Europe/London"},
		},
	}
	add := func(movie, theater, start, format, language string, price int64, access ...string) {
		zone, currency := "Asia/Kolkata", "INR"
		if theater == "ritz" {
			zone, currency = "Europe/London", "GBP"
		}
		location, err := time.LoadLocation(zone)
		if err != nil {
			panic(err)
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", start, location)
		if err != nil {
			panic(err)
		}
		s.Shows = append(s.Shows, Show{
			ID: id(fmt.Sprint(movie, theater, start)), MovieID: id(movie), TheaterID: id(theater), StartsAt: at,
			Format: format, Language: language, PriceMin: price, PriceMax: 2 * price, Currency: currency, Access: access,
		})
	}
	add("dune-part-two", "sagar", "2026-03-11 09:00", "2D", "en", 20000) // over at noon
	add("dune-part-two", "sagar", "2026-03-11 14:00", "2D", "en", 20000)
	add("dune-part-two", "marigold", "2026-03-11 18:30", "IMAX", "hi", 60000)
	add("dune-part-two", "marigold", "2026-03-13 22:00", "IMAX", "en", 60000)
	add("jawan", "sagar", "2026-03-11 23:30", "2D", "hi", 15000, "audio_description")
	add("jawan", "sagar", "2026-03-12 00:30", "2D", "hi", 15000)
	add("jawan", "marigold", "2026-03-14 11:00", "2D", "ta", 25000)
	s.Shows[len(s.Shows)-1].Subtitles, s.Shows[len(s.Shows)-1].Access = "en", []string{"captions", "wheelchair_spaces"}
	add("rocky", "ritz", "2026-03-29 20:00", "2D", "en", 1200) // the day clocks change there
	add("dune-2021", "ritz", "2026-03-12 15:00", "2D", "en", 1000)
	return s
}

func slugs(a Answer) []string {
	out := []string{}
	for _, m := range a.Items {
		out = append(out, m.Slug)
	}
	return out
}

func TestFilters(t *testing.T) {
	t.Parallel()
	x := Build(world())
	for name, c := range map[string]struct {
		query Query
		want  []string
	}{
		"city":                 {Query{Filters: Filters{City: "london"}}, []string{"dune-2021", "rocky"}},
		"near":                 {Query{Filters: Filters{Near: &Near{19.05, 72.83, 3}}}, []string{"dune-part-two", "jawan"}},
		"near and another":     {Query{Filters: Filters{Near: &Near{18.99, 72.83, 2}, Languages: []string{"ta"}}}, []string{"jawan"}},
		"today":                {Query{Filters: Filters{City: "mumbai", Date: "today"}}, []string{"dune-part-two", "jawan"}},
		"tonight":              {Query{Filters: Filters{Date: "tonight", Formats: []string{"2d"}}}, []string{"jawan"}},
		"tomorrow":             {Query{Filters: Filters{Date: "tomorrow", City: "mumbai"}}, []string{"jawan"}},
		"weekend":              {Query{Filters: Filters{Date: "weekend"}}, []string{"dune-part-two", "jawan"}},
		"a day":                {Query{Filters: Filters{Date: "2026-03-29"}}, []string{"rocky"}},
		"band":                 {Query{Filters: Filters{Bands: []string{"afternoon"}, City: "mumbai"}}, []string{"dune-part-two"}},
		"night after midnight": {Query{Filters: Filters{Bands: []string{"night"}, Date: "2026-03-12"}}, []string{"jawan"}},
		"genre":                {Query{Filters: Filters{Genres: []string{"crime"}}, Text: "heat"}, []string{"heat", "heat-1986"}},
		"subtitles":            {Query{Filters: Filters{Subtitles: []string{"en"}}}, []string{"jawan"}},
		"captions":             {Query{Filters: Filters{Access: []string{"captions"}}}, []string{"jawan"}},
		"either format":        {Query{Filters: Filters{Formats: []string{"IMAX", "2D"}, City: "mumbai"}}, []string{"dune-part-two", "jawan"}},
		"price":                {Query{Filters: Filters{Price: &PriceRange{Max: 16000, Currency: "INR"}}}, []string{"jawan"}},
		"access":               {Query{Filters: Filters{Access: []string{"step_free_access", "audio_description"}}}, []string{"jawan"}},
		"text":                 {Query{Text: "dune", Filters: Filters{City: "mumbai"}}, []string{"dune-part-two"}},
		"person":               {Query{Text: "chalamet", Filters: Filters{City: "london"}}, []string{"dune-2021"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.query.Now = noon
			a := x.Search(c.query)
			assert.Equal(t, c.want, slugs(a))
			assert.Empty(t, a.Relaxed)
			assert.Equal(t, "7", a.IndexVersion)
			assert.Equal(t, len(c.want), a.Total)
		})
	}
}

func TestShowsOfAMovie(t *testing.T) {
	t.Parallel()
	a := Build(world()).Search(Query{Text: "dune part two", Filters: Filters{City: "mumbai"}, Now: noon})
	require.NotEmpty(t, a.Items)
	m := a.Items[0]
	assert.Equal(t, 3, m.Shows, "the one in the morning is over")
	assert.Equal(t, 2, m.Theaters)
	require.NotNil(t, m.NextShow)
	assert.Equal(t, "2026-03-11T14:00:00", m.NextShow.LocalTime)
	assert.Equal(t, "Asia/Kolkata", m.NextShow.TimeZone)
	assert.Equal(t, id("sagar"), m.NextShow.TheaterID)
}

func count(list []facetValue, value string) int {
	for _, v := range list {
		if v.Value == value {
			return v.Count
		}
	}
	return 0
}

// TestFacetsAreDisjunctive: choosing a format leaves the other formats' counts.
func TestFacetsAreDisjunctive(t *testing.T) {
	t.Parallel()
	x := Build(world())
	a := x.Search(Query{Filters: Filters{City: "mumbai", Formats: []string{"IMAX"}}, Now: noon})
	assert.Equal(t, []string{"dune-part-two"}, slugs(a))
	assert.Equal(t, 1, count(a.Facets.Format, "IMAX"))
	assert.Equal(t, 2, count(a.Facets.Format, "2D"), "in Mumbai, in any format")
	assert.Equal(t, 0, count(a.Facets.City, "london"), "nothing in IMAX there")
	assert.Equal(t, 1, count(a.Facets.City, "mumbai"))
	assert.Equal(t, 1, count(a.Facets.Language, "hi"), "a movie counts once")
	assert.Equal(t, 1, count(a.Facets.Date, "2026-03-13"))
	assert.Equal(t, 0, count(a.Facets.Date, "2026-03-12"))
	assert.Equal(t, []priceFacet{{"INR", 60000, 120000}}, a.Facets.Price)
	assert.Equal(t, 1, count(a.Facets.Accessibility, "step_free_access"))
	assert.Equal(t, 0, count(a.Facets.Accessibility, "captions"), "a house that could is no show that does")
	assert.Empty(t, a.Facets.Subtitles, "no subtitles is no choice")
	for _, v := range a.Facets.Format {
		assert.Equal(t, v.Value == "IMAX", v.Selected)
	}
}

func TestNearestRelaxed(t *testing.T) {
	t.Parallel()
	x := Build(world())
	for name, c := range map[string]struct {
		query   Query
		want    []string
		relaxed []relaxed
	}{
		"another day": {
			Query{Text: "jawan", Filters: Filters{City: "mumbai", Date: "2026-03-16"}},
			[]string{"jawan"}, []relaxed{{"date", "2026-03-16", "2026-03-14"}},
		},
		"further away": {
			Query{Text: "dune part two", Filters: Filters{Near: &Near{19.10, 72.83, 2}}},
			[]string{"dune-part-two"}, []relaxed{{"near", "2 km", "6 km"}},
		},
		"dearer": {
			Query{Text: "dune part two", Filters: Filters{Formats: []string{"IMAX"}, Price: &PriceRange{Max: 30000, Currency: "INR"}, Languages: []string{"hi"}}},
			[]string{"dune-part-two"}, []relaxed{{"price", "0–30000 INR", "0–60000 INR"}},
		},
		"another hour before another format": {
			Query{Text: "dune part two", Filters: Filters{Bands: []string{"morning"}, Date: "today", Formats: []string{"IMAX"}}},
			[]string{"dune-part-two"}, []relaxed{{"band", "morning", ""}},
		},
		"two at once": {
			Query{Text: "rocky", Filters: Filters{Formats: []string{"4DX"}, City: "mumbai"}},
			[]string{"rocky"}, []relaxed{{Filter: "format", Asked: "4DX"}, {Filter: "city", Asked: "mumbai"}},
		},
		"not on anywhere": {
			Query{Text: "lagaan", Filters: Filters{City: "mumbai"}},
			[]string{"lagaan"}, []relaxed{{Filter: "city", Asked: "mumbai"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.query.Now = noon
			a := x.Search(c.query)
			require.NotEmpty(t, slugs(a))
			assert.Equal(t, c.want, slugs(a)[:len(c.want)])
			assert.Equal(t, c.relaxed, a.Relaxed)
		})
	}
	assert.Empty(t, x.Search(Query{Text: "qwertyuiop", Filters: Filters{City: "mumbai"}, Now: noon}).Relaxed,
		"no filter is to blame where the text finds nothing")
}

func TestDatesAreTheTheaters(t *testing.T) {
	t.Parallel()
	x := Build(world())
	// It is already Thursday in Mumbai, still Wednesday in London.
	evening := time.Date(2026, 3, 11, 18, 45, 0, 0, time.UTC)
	assert.Equal(t, []string{"jawan"}, slugs(x.Search(Query{Filters: Filters{Date: "today"}, Now: evening})))
	assert.Equal(t, []string{"dune-part-two", "dune-2021"}, slugs(x.Search(Query{Filters: Filters{Date: "tomorrow"}, Now: evening})))
	assert.Equal(t, []string{"jawan"}, slugs(x.Search(Query{Filters: Filters{Date: "tonight"}, Now: evening})),
		"the night is not over")
	assert.True(t, KnownDate("tonight"))
	assert.True(t, KnownDate("2026-02-28"))
	assert.False(t, KnownDate("2026-02-30"))
	assert.False(t, KnownDate("someday"))
	assert.True(t, KnownBand("Evening"))
	assert.False(t, KnownBand("teatime"))
	// 23 hours long: the clocks go forward.
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	w := dateWindow("2026-03-29", noon, london)
	assert.EqualValues(t, 23*3600, w.to-w.from)
}

func TestTheatersAndPaging(t *testing.T) {
	t.Parallel()
	x := Build(world())
	a := x.Search(Query{Text: "marygold lower parel", Filters: Filters{Near: &Near{18.99, 72.83, 5}}, Now: noon})
	require.Len(t, a.Theaters, 1)
	assert.Equal(t, "marigold", a.Theaters[0].Slug)
	assert.InDelta(t, 0.6, *a.Theaters[0].DistanceKM, 0.1)
	assert.Equal(t, "Marigold Cinemas, Lower Parel", a.DidYouMean)

	all := x.Search(Query{Now: noon})
	assert.Equal(t, len(corpus()), all.Total)
	assert.Equal(t, "dune-part-two", all.Items[0].Slug, "what is on comes before what is known")
	assert.Len(t, all.Items, 20)
	next := x.Search(Query{Now: noon, Limit: 5, Offset: 20})
	assert.Len(t, next.Items, 5)
	assert.NotContains(t, slugs(all), next.Items[0].Slug)
	assert.Empty(t, x.Search(Query{Now: noon, Offset: 9999}).Items)
	assert.Empty(t, x.Search(Query{Now: noon, Offset: -5, Limit: -5, Text: "!!!"}).Items)
}

func TestMatchedSaysWhy(t *testing.T) {
	t.Parallel()
	x := Build(world())
	for text, want := range map[string]matchedText{
		"heat":                {"title", "Heat", []span{{0, 4}}},
		"deadpool 3":          {"alias", "Deadpool 3", []span{{0, 8}, {9, 10}}},
		"fabuleux destin":     {"original_title", "Le Fabuleux Destin d'Amélie Poulain", []span{{3, 11}, {12, 18}}},
		"emily blunt":         {"person", "Emily Blunt", []span{{0, 5}, {6, 11}}},
		"the brave hearted w": {"alias", "The Brave-Hearted Will Take the Bride", []span{{0, 3}, {4, 9}, {10, 17}, {18, 19}, {28, 31}}},
	} {
		a := x.Search(Query{Text: text, Now: noon})
		require.NotEmpty(t, a.Items, text)
		assert.Equal(t, &want, a.Items[0].Matched, text)
	}
	assert.Equal(t, "The Godfather", x.Search(Query{Text: "teh godfahter"}).DidYouMean)
	assert.Empty(t, x.Search(Query{Text: "the godf"}).DidYouMean)
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	x := Build(world())
	first := func(text, city string) Suggestion {
		list := x.Suggest(text, city, noon)
		require.NotEmpty(t, list, text)
		return list[0]
	}
	assert.Equal(t, "dune-part-two", first("du", "mumbai").Slug)
	assert.Equal(t, "dune-2021", first("du", "london").Slug, "what can be seen there")
	assert.True(t, first("du", "london").Showing)
	assert.Equal(t, "Timothée Chalamet", first("chala", "").Text)
	assert.Equal(t, "marigold", first("marig", "mumbai").Slug)
	assert.Empty(t, x.Suggest("marigold cin", "london", noon))
	showing := x.Suggest("", "mumbai", noon)
	require.Len(t, showing, 2)
	assert.Equal(t, "dune-part-two", showing[0].Slug)
	assert.LessOrEqual(t, len(x.Suggest("a", "", noon)), maxSuggestions)
}
