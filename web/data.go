package web

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// What search engines read, in the words of schema.org.

const vocabulary = "https://schema.org"

type movieData struct {
	Context         string      `json:"@context,omitempty"`
	Type            string      `json:"@type"`
	Name            string      `json:"name"`
	URL             string      `json:"url"`
	Description     string      `json:"description,omitempty"`
	Image           string      `json:"image,omitempty"`
	DatePublished   string      `json:"datePublished,omitempty"`
	Duration        string      `json:"duration,omitempty"` // ISO 8601
	Genre           []string    `json:"genre,omitempty"`
	InLanguage      []string    `json:"inLanguage,omitempty"`
	ContentRating   string      `json:"contentRating,omitempty"`
	AggregateRating *ratingData `json:"aggregateRating,omitempty"`
}

type ratingData struct {
	Type        string  `json:"@type"`
	RatingValue float64 `json:"ratingValue"`
	RatingCount int64   `json:"ratingCount"`
	BestRating  int     `json:"bestRating"`
	WorstRating int     `json:"worstRating"`
}

type graphData struct {
	Context string `json:"@context"`
	Graph   []any  `json:"@graph"`
}

type theaterData struct {
	Type    string      `json:"@type"`
	Name    string      `json:"name"`
	URL     string      `json:"url"`
	Address addressData `json:"address"`
	Geo     *geoData    `json:"geo,omitempty"`
}

type addressData struct {
	Type            string `json:"@type"`
	StreetAddress   string `json:"streetAddress"`
	AddressLocality string `json:"addressLocality"`
}

type geoData struct {
	Type      string  `json:"@type"`
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

type screeningData struct {
	Type           string      `json:"@type"`
	Name           string      `json:"name"`
	URL            string      `json:"url"`
	StartDate      string      `json:"startDate"` // with the theater's offset
	EndDate        string      `json:"endDate,omitempty"`
	EventStatus    string      `json:"eventStatus"`
	AttendanceMode string      `json:"eventAttendanceMode"`
	VideoFormat    string      `json:"videoFormat,omitempty"`
	InLanguage     string      `json:"inLanguage,omitempty"`
	Location       theaterData `json:"location"`
	WorkPresented  movieData   `json:"workPresented"`
	Offers         []offerData `json:"offers,omitempty"`
}

type offerData struct {
	Type          string `json:"@type"`
	Name          string `json:"name"`
	Price         string `json:"price"`
	PriceCurrency string `json:"priceCurrency"`
	URL           string `json:"url"`
}

func (s *server) movieData(m Movie) movieData {
	data := movieData{
		Context: vocabulary, Type: "Movie", Name: m.Title, URL: s.movieURL(m.Slug), Description: m.Synopsis, Image: m.PosterURL,
		DatePublished: m.ReleaseDate, Genre: m.Genres, InLanguage: m.Languages, ContentRating: m.Certificate,
	}
	if m.RuntimeMinutes > 0 {
		data.Duration = "PT" + strconv.Itoa(m.RuntimeMinutes) + "M"
	}
	if m.Ratings > 0 { // search engines refuse an average of nothing
		data.AggregateRating = &ratingData{Type: "AggregateRating", RatingValue: m.Rating, RatingCount: m.Ratings, BestRating: 5, WorstRating: 1}
	}
	return data
}

func (s *server) theaterData(t Theater) graphData {
	house := theaterData{
		Type: "MovieTheater", Name: t.Name, URL: s.theaterURL(t.Slug),
		Address: addressData{Type: "PostalAddress", StreetAddress: t.Address, AddressLocality: t.City},
		Geo:     &geoData{Type: "GeoCoordinates", Latitude: t.Lat, Longitude: t.Lon},
	}
	zone, err := time.LoadLocation(t.TimeZone)
	if err != nil {
		zone = time.UTC // the same moment, said differently
	}
	graph := graphData{Context: vocabulary, Graph: []any{house}}
	house.Geo = nil // once is enough
	for _, show := range t.Shows {
		graph.Graph = append(graph.Graph, s.screeningData(show, house, zone))
	}
	return graph
}

func (s *server) screeningData(show Show, house theaterData, zone *time.Location) screeningData {
	at := func(t time.Time) string { return t.In(zone).Format(time.RFC3339) }
	data := screeningData{
		Type: "ScreeningEvent", Name: show.Movie, URL: s.showURL(show.ID), StartDate: at(show.StartsAt), EndDate: at(show.EndsAt),
		EventStatus: vocabulary + "/EventScheduled", AttendanceMode: vocabulary + "/OfflineEventAttendanceMode",
		VideoFormat: show.Format, InLanguage: show.Language, Location: house,
		WorkPresented: movieData{Type: "Movie", Name: show.Movie, URL: s.movieURL(show.MovieSlug)},
	}
	byPrice := func(a, b string) int {
		return cmp.Or(cmp.Compare(show.Prices[a].Amount, show.Prices[b].Amount), cmp.Compare(a, b))
	}
	for _, category := range slices.SortedFunc(maps.Keys(show.Prices), byPrice) {
		price := show.Prices[category]
		data.Offers = append(data.Offers, offerData{
			Type: "Offer", Name: category, Price: decimal(price), PriceCurrency: price.Currency, URL: data.URL,
		})
	}
	return data
}

// decimal is the amount in major units without the currency.
func decimal(m booking.Money) string { return strings.TrimPrefix(m.String(), m.Currency+" ") }
