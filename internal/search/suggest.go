package search

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

const (
	maxSuggestions = 8
	// inCity lifts what can be seen where the customer is above what cannot.
	inCity = 0.05
)

// Suggest completes what is being typed: titles, people and theaters, those of
// the city first. Nothing typed suggests what is on there.
func (x *Index) Suggest(text, city string, now time.Time) []Suggestion {
	words := queryWords(text)
	if len(words) == 0 {
		return x.suggestShowing(city, now)
	}
	type rated struct {
		Suggestion
		score float32
	}
	var list []rated
	for _, h := range head(answers(x.byMovie.find(words, ended(text))), 3*maxSuggestions) {
		m := &x.movies[h.owner]
		s := Suggestion{Kind: "movie", ID: m.ID, Slug: m.Slug, Text: m.Title, Year: m.Year}
		if s.Showing = x.showingIn(h.owner, city, now); s.Showing {
			h.score += inCity
		}
		list = append(list, rated{s, h.score})
	}
	for _, h := range head(answers(x.byPerson.find(words, ended(text))), maxSuggestions) {
		// A person is meant less often than a movie of about the same name.
		list = append(list, rated{Suggestion{Kind: "person", Text: x.people[h.owner].name}, h.score - 0.02})
	}
	for _, h := range head(answers(x.byTheater.find(words, ended(text))), maxSuggestions) {
		p := &x.theaters[h.owner]
		if city != "" && !strings.EqualFold(x.cities.list[p.city], city) {
			continue
		}
		list = append(list, rated{Suggestion{Kind: "theater", ID: p.ID, Slug: p.Slug, Text: p.Name, Showing: true}, h.score})
	}
	slices.SortStableFunc(list, func(a, b rated) int { return cmp.Compare(b.score, a.score) })
	out := []Suggestion{}
	for _, r := range head(list, maxSuggestions) {
		r.Highlights = highlight(r.Text, words)
		out = append(out, r.Suggestion)
	}
	return out
}

func head[T any](list []T, n int) []T { return list[:min(n, len(list))] }

// showingIn says whether a movie is still to be shown in a city; anywhere when
// none is named.
func (x *Index) showingIn(movie uint32, city string, now time.Time) bool {
	for at := x.showsOf[movie]; at < x.showsOf[movie+1]; at++ {
		s := &x.shows[at]
		if s.onSale(now.Unix()) && (city == "" || strings.EqualFold(x.cities.list[x.theaters[s.theater].city], city)) {
			return true
		}
	}
	return false
}

func (x *Index) suggestShowing(city string, now time.Time) []Suggestion {
	out := []Suggestion{}
	for _, i := range x.popular {
		if len(out) == maxSuggestions {
			break
		}
		if m := &x.movies[i]; x.showingIn(i, city, now) {
			out = append(out, Suggestion{
				Kind: "movie", ID: m.ID, Slug: m.Slug, Text: m.Title, Year: m.Year, Highlights: []span{}, Showing: true,
			})
		}
	}
	return out
}
