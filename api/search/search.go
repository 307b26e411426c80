package search

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/internal/search"
)

const (
	// searchFresh is short, since a change of the catalog is found within seconds.
	searchFresh = time.Second

	maxSearchText   = 200     // bytes
	maxChoices      = 20      // of one filter
	maxSearchOffset = 100_000 // items; no reader turns that many pages
	halfway         = 20_015  // km, to the other side of the earth
)

// searchAnswer is the answer as a page.
type searchAnswer struct {
	search.Answer
	NextCursor string `json:"next_cursor,omitempty"`
}

func (s *service) search(w http.ResponseWriter, r *http.Request) error {
	index, err := s.searchIndex(r)
	if err != nil {
		return err
	}
	limit, limitErr := rest.Limit(r)
	query, queryErr := searchQuery(index, r.URL.Query())
	if err := rest.Invalid(limitErr, queryErr); err != nil {
		return err
	}
	query.Limit, query.Now = limit, time.Now()
	found := searchAnswer{Answer: index.Search(query)}
	if next := query.Offset + len(found.Items); next < found.Total && len(found.Items) > 0 && next <= maxSearchOffset {
		found.NextCursor = paging.Offset(next)
	}
	return rest.AnswerCached(w, r, searchFresh, found)
}

func (s *service) suggest(w http.ResponseWriter, r *http.Request) error {
	index, err := s.searchIndex(r)
	if err != nil {
		return err
	}
	form := searchForm{values: r.URL.Query()}
	text, city := form.text(), form.city(index)
	if err := form.Err(); err != nil {
		return err
	}
	return rest.AnswerCached(w, r, searchFresh, rest.PageOf(index.Suggest(text, city, time.Now()), ""))
}

// searchIndex is taken once per request, so that an answer is of one version.
func (s *service) searchIndex(r *http.Request) (*search.Index, error) {
	if err := s.engine.Ready(r.Context()); err != nil {
		return nil, booking.E(booking.CodeUnavailable, "The catalog is still being read. Try again shortly.").Wrap(err)
	}
	return s.engine.Index(), nil
}

func searchQuery(index *search.Index, values url.Values) (search.Query, error) {
	form := searchForm{values: values}
	query := search.Query{
		Text: form.text(),
		Filters: search.Filters{
			City:         form.city(index),
			Near:         form.near(),
			Date:         form.date(),
			Bands:        form.bands(),
			Genres:       form.choices("genre"),
			Languages:    form.choices("language"),
			Subtitles:    form.choices("subtitles"),
			Formats:      form.choices("format"),
			Certificates: form.choices("certificate"),
			Price:        form.price(),
			Access:       form.choices("accessibility"),
		},
		Offset: form.offset(),
	}
	return query, form.Err()
}

// searchForm reads query parameters and collects what is wrong with them. An
// empty parameter is one that was left out.
type searchForm struct {
	values url.Values
	booking.FieldErrors
}

func (f *searchForm) text() string {
	text := f.values.Get("q")
	switch {
	case len(text) > maxSearchText:
		f.Add("q", "May have at most %d bytes.", maxSearchText)
	case !utf8.ValidString(text):
		f.Add("q", "This is not text.")
	}
	return text
}

// city gives the slug for a slug or an id.
func (f *searchForm) city(index *search.Index) string {
	asked := f.values.Get("city")
	if asked == "" {
		return ""
	}
	city, known := index.City(asked)
	if !known {
		f.Add("city", "There is no such city. GET /v1/cities lists them.")
	}
	return city.Slug
}

func (f *searchForm) date() string {
	date := strings.ToLower(f.values.Get("date"))
	if date != "" && !search.KnownDate(date) {
		f.Add("date", "Write a day as YYYY-MM-DD, or today, tomorrow, tonight or weekend.")
	}
	return date
}

func (f *searchForm) bands() []string {
	bands := f.choices("band")
	for _, band := range bands {
		if !search.KnownBand(band) {
			f.Add("band", "Choose morning, afternoon, evening or night.")
			break
		}
	}
	return bands
}

// choices reads a parameter that may be repeated. A value that no theater offers is no
// error: the facets show the existing values.
func (f *searchForm) choices(field string) []string {
	var chosen []string
	for _, value := range f.values[field] {
		if value == "" {
			continue
		}
		if len(value) > maxSearchText || !utf8.ValidString(value) {
			f.Add(field, "This is not a value.")
			return nil
		}
		chosen = append(chosen, value)
	}
	if len(chosen) > maxChoices {
		f.Add(field, "May be given at most %d times.", maxChoices)
		return nil
	}
	return chosen
}

func (f *searchForm) near() *search.Near {
	within := f.values.Get("within_km")
	point := f.values.Get("near")
	if point == "" {
		if within != "" {
			f.Add("within_km", "Say near what, with near.")
		}
		return nil
	}
	near := search.Near{}
	var ok bool
	if near.Lat, near.Lon, ok = rest.Point(point); !ok {
		f.Add("near", rest.WrongPoint)
	}
	if within != "" {
		km, err := strconv.ParseFloat(within, 64)
		if err != nil || !(km > 0 && km <= halfway) {
			f.Add("within_km", "Must be a number above 0 and up to %d.", halfway)
		}
		near.KM = km
	}
	return &near
}

func (f *searchForm) price() *search.PriceRange {
	price := search.PriceRange{Min: f.amount("price_min", 0), Max: f.amount("price_max", 1), Currency: strings.ToUpper(f.values.Get("currency"))}
	if price.Currency != "" && (len(price.Currency) != 3 || strings.Trim(price.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		f.Add("currency", "Write an ISO 4217 code, for example INR.")
	}
	if price.Max > 0 && price.Min > price.Max {
		f.Add("price_min", "Must not be above price_max.")
	}
	if price == (search.PriceRange{}) {
		return nil
	}
	return &price
}

func (f *searchForm) amount(field string, least int64) int64 {
	text := f.values.Get(field)
	if text == "" {
		return 0
	}
	amount, err := strconv.ParseInt(text, 10, 64)
	if err != nil || amount < least {
		f.Add(field, "Must be a whole number of minor units, %d or more.", least)
		return 0
	}
	return amount
}

func (f *searchForm) offset() int {
	offset, err := paging.ReadOffset(f.values.Get("cursor"), maxSearchOffset)
	if err != nil {
		f.Add("cursor", "This is not a cursor of this list.")
		return 0
	}
	return offset
}
