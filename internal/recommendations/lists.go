package recommendations

import (
	"cmp"
	"context"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/recommend"
)

// Ask asks for a list.
type Ask struct {
	Person uuid.UUID // uuid.Nil for a visitor
	City   string    // id or slug
	Date   string    // a cinema day, YYYY-MM-DD; empty for the next days
	Limit  int       // 10 when zero, 50 at most
	Near   *Point    // where the person is; nil when that is not known
}

// Point is a place on the globe, in degrees, WGS 84.
type Point struct{ Lat, Lon float64 }

const (
	standardLimit = 10
	// MostListed is how many movies a list has at most.
	MostListed = 50
	// showsEach is how many shows of each movie are given.
	showsEach = 3
	// explore is the share of places that are left to chance in a personal list.
	explore = 0.05
)

// check gives an Ask with its standards. Code: validation_failed.
func (a Ask) check() (Ask, error) {
	var wrong booking.FieldErrors
	if a.City == "" {
		wrong.Add("city", "Name a city, by id or slug. GET /v1/cities lists them.")
	} else if strings.ContainsRune(a.City, 0) || strings.ToValidUTF8(a.City, "") != a.City {
		wrong.Add("city", "This is not text.")
	}
	if day, err := time.Parse(time.DateOnly, a.Date); a.Date != "" && (err != nil || day.Year() == 0) {
		wrong.Add("date", "Write a day as YYYY-MM-DD, for example 2026-03-29.")
	}
	if a.Limit < 0 || a.Limit > MostListed {
		wrong.Add("limit", "Choose a number from 1 to %d.", MostListed)
	}
	if a.Limit == 0 {
		a.Limit = standardLimit
	}
	return a, wrong.Err()
}

// ForPerson gives the movies that suit a person, or what is popular in the city. Codes:
// validation_failed; unavailable only while the main database is away.
func (s *Service) ForPerson(ctx context.Context, ask Ask) (List, error) {
	return s.list(ctx, "for_you", ask, s.forPerson)
}

// mailed is how many movies a mail may name.
const mailed = 3

// ForMail is ForPerson for a mail. No one reports whether its reader saw them. It is empty for people
// who turned personalization off, and while it is not known whether they did: who wants no
// suggestions gets none by mail either.
func (s *Service) ForMail(ctx context.Context, account uuid.UUID, city string) (List, error) {
	return s.list(ctx, "mail", Ask{Person: account, City: city, Limit: mailed}, func(m loaded, who *person, r recommend.Request) (recommend.List, string) {
		if !who.personal() {
			return recommend.List{Source: recommend.FromPopularity}, ""
		}
		return s.forPerson(m, who, r)
	})
}

func (s *Service) forPerson(m loaded, who *person, r recommend.Request) (recommend.List, string) {
	if !who.personal() {
		return recommend.Popular(r), ""
	}
	r.History, r.Tastes = who.history(), recommend.Tastes{Genres: who.profile.Genres}
	if len(r.History)+len(r.Tastes.Genres) == 0 {
		return recommend.Popular(r), "" // nothing is known of them: no model is missed
	}
	r.Explore, r.Seed = explore, hashOf(who.id, time.Now().UTC().Format(time.DateOnly))
	switch s.arms.of(who.id) {
	case armPopularity:
		if m.current != nil { // without one, all get the same
			return recommend.Popular(r), PopularityArm
		}
	case armPrevious:
		if m.before != nil {
			return m.before.ForYou(r), m.beforeVersion
		}
	}
	return m.current.ForYou(r), m.version
}

// Similar gives movies for people who like one. Codes: not_found, validation_failed;
// unavailable only while the main database is away.
func (s *Service) Similar(ctx context.Context, ask Ask, idOrSlug string) (List, error) {
	if strings.ContainsRune(idOrSlug, 0) || strings.ToValidUTF8(idOrSlug, "") != idOrSlug {
		return List{}, booking.E(booking.CodeNotFound, "There is no such movie.")
	}
	m, err := s.movie(ctx, idOrSlug)
	if err != nil {
		return List{}, err
	}
	to := recommend.Film{ID: m.ID.String(), Facts: factsOf(m)}
	return s.list(ctx, "similar", ask, func(m loaded, _ *person, r recommend.Request) (recommend.List, string) {
		return m.current.Similar(r, to), m.version
	})
}

// list goes the way of all lists: what can be booked now, what the person may see, then choose.
func (s *Service) list(ctx context.Context, name string, ask Ask, choose func(loaded, *person, recommend.Request) (recommend.List, string)) (List, error) {
	ask, err := ask.check()
	if err != nil {
		return List{}, err
	}
	city, err := s.city(ctx, ask.City)
	if err != nil {
		return List{}, err
	}
	program, err := s.programs.of(ctx, city)
	if err != nil {
		return List{}, err
	}
	who, err := s.person(ctx, ask.Person)
	if err != nil {
		return List{}, err
	}
	candidates, films := who.candidates(program, ask.Date)
	popular := s.popularIn(city, films)
	chosen, version := choose(s.models.now(), who, recommend.Request{
		Candidates: candidates, Popular: popular, N: ask.Limit,
		Filters: []recommend.Filter{recommend.Bookable, recommend.NotThese(who.never())},
	})
	list := List{ID: newListID(), Source: s.sourceOf(chosen.Source, who)}
	if list.Source == FromModel {
		list.Model = version
	}
	list.madeBy = madeBy(name, list, version)
	if list.Items, err = s.items(ctx, chosen.Items, films, who, ask.Near); err != nil {
		return List{}, err
	}
	s.lists.WithLabelValues(name, string(list.Source)).Inc()
	if name != "mail" {
		s.shown.keep(list, who, city)
	}
	return list, nil
}

// madeBy is what impressions of a list name: a model, or what it was made from without one. Lists of
// what is similar are named apart: people open them for something else, and no account is drawn to
// get other ones.
func madeBy(name string, list List, version string) string {
	by := cmp.Or(list.Model, string(list.Source))
	switch {
	case name == "similar":
		return "similar:" + by
	case version == PopularityArm && list.Source == FromPopularity:
		return PopularityArm
	}
	return by
}

func newListID() string {
	id := uuid.New()
	return strings.ReplaceAll(id.String(), "-", "")
}

// isListID tells whether a text may be of newListID: nothing else needs to be looked for.
func isListID(text string) bool {
	_, err := uuid.Parse(text)
	return err == nil && len(text) == 32
}

// popularIn is how popular the films of a program are: by bookings, and a little by what the
// catalog says.
func (s *Service) popularIn(city uuid.UUID, films map[string]film) map[string]float64 {
	booked := s.popular.of(city)
	popular := make(map[string]float64, len(films))
	for id, f := range films {
		popular[id] = booked[id] + catalogShare*f.popular/100
	}
	return popular
}

// sourceOf says what a list was made from. A list of the model is one also while the store is
// away: what it needs is remembered.
func (s *Service) sourceOf(source recommend.Source, who *person) Source {
	switch {
	case source == recommend.FromModel:
		return FromModel
	case who.unsure || !s.profiles.there():
		return WithoutStore
	case source == recommend.NoModel:
		return WithoutModel
	}
	return FromPopularity
}

func (s *Service) items(ctx context.Context, chosen []recommend.Item, films map[string]film, who *person, near *Point) ([]Item, error) {
	var about []uuid.UUID
	for _, item := range chosen {
		if id, err := uuid.Parse(item.Because); err == nil {
			about = append(about, id)
		}
	}
	titles, err := s.because(ctx, about)
	if err != nil {
		return nil, err
	}
	habits := recommend.HabitsOf(nil)
	if who.personal() {
		habits = who.habits()
	}
	items := make([]Item, len(chosen))
	for i, item := range chosen {
		f := films[item.Film]
		items[i] = Item{
			Movie: f.card, Position: i + 1, Reason: who.reason(item, titles), Shows: choose(habits, f.shows, near),
			propensity: item.Propensity, score: item.Score,
		}
	}
	return items, nil
}

// reason puts a reason into words that clients know. It names no movie that the person must not see:
// an account may be a parent's, who booked other ones before.
func (p *person) reason(item recommend.Item, titles map[uuid.UUID]named) Reason {
	reason := Reason{Code: item.Reason}
	if reason.Code == recommend.BecauseYouSaw && p.likes(item.Because) {
		reason.Code = becauseYouLiked
	}
	if id, err := uuid.Parse(item.Because); err == nil {
		if title, known := titles[id]; known && p.sees(title.certificate) {
			reason.Movie = &title.Because
		}
	}
	return reason
}

// choose picks the shows of a film that suit a person's habits.
func choose(habits recommend.Habits, shows []*showing, near *Point) []Show {
	byID := make(map[string]*showing, len(shows))
	list := make([]recommend.Showing, len(shows))
	for i, s := range shows {
		id := s.ID.String()
		byID[id] = s
		list[i] = recommend.Showing{ID: id, Theater: s.Theater.ID.String(), Local: s.local,
			PriceFrom: s.PriceFrom.Amount, Currency: s.PriceFrom.Currency, KM: near.to(s.lat, s.lon)}
	}
	var out []Show
	for _, chosen := range habits.Choose(list, showsEach) {
		show := byID[chosen.ID].Show
		show.UsualRow = chosen.Row
		if len(chosen.Habits) > 0 {
			show.Habits = chosen.Habits
		}
		out = append(out, show)
	}
	return out
}

// to is the way over the globe's surface in kilometers, by the haversine formula; -1 when it is
// not known where the person is.
func (p *Point) to(lat, lon float64) float64 {
	if p == nil {
		return -1
	}
	const earth, degree = 6371.0, math.Pi / 180
	sinLat, sinLon := math.Sin((lat-p.Lat)*degree/2), math.Sin((lon-p.Lon)*degree/2)
	h := sinLat*sinLat + math.Cos(p.Lat*degree)*math.Cos(lat*degree)*sinLon*sinLon
	return 2 * earth * math.Asin(math.Sqrt(min(1, h)))
}
