package recommend

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Options of training and scoring. DefaultOptions are a start; [Choose] finds better ones.
type Options struct {
	Lambda float64 // how much a weight between two films costs; more for more people
	Delta  float64 // how much a weight is pulled to how similar two films' facts are; 0 is not
	Keep   int     // weights that stay of each film; 0 keeps all
	// MaxFilms are how many films get weights, the most seen ones. The others are scored by their
	// facts alone. An inverse takes 8 bytes for each pair of them, or of the people if they are
	// fewer.
	MaxFilms int

	FactsLambda  float64 // how much a weight of a fact costs
	MaxFacts     int     // facts that count, the most frequent ones
	FactsPopular float64 // what a film gets because films of its facts are popular

	// Recent is after how many more films what a person saw counts half of what it did beyond
	// Floor; 0 counts all alike.
	Recent, Floor float64
	// Few is the number of people at which what they saw and a film's facts count alike.
	Few float64
}

// DefaultOptions are what was best, or near it, where we measured (docs/recommendations.md). Few is
// above that: a cinema begins with fewer bookings than MovieLens has ratings.
func DefaultOptions() Options {
	return Options{
		Lambda: 100, Keep: 200, MaxFilms: 13_000,
		FactsLambda: 100, MaxFacts: 2_000, FactsPopular: 0.01,
		Recent: 5, Floor: 0.1, Few: 3,
	}
}

func (o Options) check() error {
	for name, value := range map[string]float64{"lambda": o.Lambda, "facts lambda": o.FactsLambda} {
		if !(value > 0) || math.IsInf(value, 0) {
			return fmt.Errorf("%s is %v: choose a number above 0", name, value)
		}
	}
	for name, value := range map[string]float64{"delta": o.Delta, "facts popular": o.FactsPopular, "recent": o.Recent, "floor": o.Floor, "few": o.Few,
		"keep": float64(o.Keep), "max films": float64(o.MaxFilms), "max facts": float64(o.MaxFacts)} {
		if !(value >= 0) || math.IsInf(value, 0) {
			return fmt.Errorf("%s is %v: choose 0 or more", name, value)
		}
	}
	if o.Floor > 1 {
		return fmt.Errorf("floor is %v: choose at most 1", o.Floor)
	}
	return nil
}

// similarFilms are how many films a film is pulled to by their facts.
const similarFilms = 20

// Model says how much films suit people. It never changes, and is for any number of goroutines.
type Model struct {
	options Options
	films   []Film
	counts  []int32 // people who have seen each film
	weights table
	tastes  *tastes

	index map[string]int32
	facts [][]int32 // of each film
}

// Train makes a model. The same data and options make the same model, but for rounding on another
// machine. It takes a minute of processor time for 10,000 people and films, and all cores.
// [WithProgress] follows it, and it ends soon after its context does, with the context's error.
func Train(ctx context.Context, data Data, o Options) (*Model, error) {
	if err := errors.Join(data.check(), o.check()); err != nil {
		return nil, err
	}
	rows := data.rows()
	m := &Model{options: o, films: slices.Clone(data.Films), counts: countsOf(rows, len(data.Films))}
	done := progressOf(ctx)
	var err error
	if m.tastes, err = learnTastes(ctx, m.films, m.counts, o, done); err != nil {
		return nil, err
	}
	var alike []weights
	if o.Delta > 0 {
		alike = similar(m.tastes, m.films, similarFilms)
	}
	chosen := mostSeen(m.counts, o.MaxFilms)
	columns, err := ease(ctx, among(rows, chosen, len(m.films)), len(chosen), o, narrowed(alike, chosen), done)
	if err != nil {
		return nil, err
	}
	m.weights = tableOf(widened(columns, chosen, len(m.films)))
	m.prepare()
	done.end()
	return m, nil
}

// prepare makes what is not kept in a file, but for the tastes'.
func (m *Model) prepare() {
	m.index = make(map[string]int32, len(m.films))
	m.facts = make([][]int32, len(m.films))
	for i, film := range m.films {
		m.index[film.ID] = int32(i)
		m.facts[i] = m.tastes.factsOf(film.Facts)
	}
}

// Seen is a film that a person has seen or booked. Of a film that the model knows, the id is enough.
type Seen struct {
	Film
	Children bool // with a child's ticket
}

// Tastes are what a person says about themselves.
type Tastes struct {
	Genres, Languages []string
}

// person is what a model makes of one request.
type person struct {
	seen   []Seen
	stated Tastes
	weight []float64 // of each film that was seen
	byFilm []float32 // the same by place; films that the model does not know have none
	tastes []float64
}

// statedWeight is what a stated taste counts, in films that were seen.
const statedWeight = 1

func (m *Model) person(history []Seen, stated Tastes) *person {
	p := &person{seen: history, stated: stated, weight: m.recency(len(history)), byFilm: make([]float32, len(m.films))}
	sums := map[int32]float64{}
	for i, seen := range history {
		place, facts := m.resolve(seen.Film)
		if place >= 0 {
			p.byFilm[place] = max(p.byFilm[place], float32(p.weight[i]))
		}
		for _, fact := range facts {
			sums[fact] += p.weight[i]
		}
	}
	for _, fact := range m.tastes.factsOf(Facts{Genres: stated.Genres, Languages: stated.Languages}) {
		if int(fact) < len(m.tastes.Words) { // not the place that every film has
			sums[fact] += statedWeight
		}
	}
	p.tastes = m.tastes.of(sums)
	return p
}

// recency is what each film of a history counts, the oldest first.
func (m *Model) recency(films int) []float64 {
	out := make([]float64, films)
	for i := range out {
		out[i] = 1
		if m.options.Recent > 0 {
			later := float64(films - 1 - i)
			out[i] = m.options.Floor + (1-m.options.Floor)*math.Exp2(-later/m.options.Recent)
		}
	}
	return out
}

// resolve is a film's place, or -1, and its facts: of a film that the model does not know, those that
// the caller gives.
func (m *Model) resolve(film Film) (place int32, facts []int32) {
	if at, known := m.index[film.ID]; known {
		return at, m.facts[at]
	}
	return -1, m.tastes.factsOf(film.Facts)
}

// Score is how much each candidate suits a person who has seen what history says, the oldest first.
// A score is near the share of people like them who choose the film; it has no unit, may be below
// 0, and orders the candidates of one person only.
func (m *Model) Score(history []Seen, stated Tastes, candidates []Film) []float64 {
	p := m.person(history, stated)
	scores := make([]float64, len(candidates))
	for i, film := range candidates {
		place, facts := m.resolve(film)
		scores[i] = m.score(p, place, facts)
	}
	return scores
}

func (m *Model) score(p *person, place int32, facts []int32) float64 {
	byFacts, bySeen := 0.0, 0.0
	for _, fact := range facts {
		byFacts += p.tastes[fact] + m.options.FactsPopular*float64(m.tastes.Popular[fact])
	}
	if place < 0 {
		return byFacts
	}
	films, weights := m.weights.column(place)
	for i, other := range films {
		bySeen += float64(p.byFilm[other] * weights[i])
	}
	trust := m.trust(place)
	return trust*bySeen + (1-trust)*byFacts
}

// trust is the share that people's choices have in a film's score; its facts have the rest.
func (m *Model) trust(film int32) float64 {
	n := float64(m.counts[film])
	if n == 0 {
		return 0
	}
	return n / (n + m.options.Few)
}

// because is the film of the history that speaks most for a film; "" if none does.
func (m *Model) because(p *person, film Film) string {
	place, facts := m.resolve(film)
	speaks := map[int32]float64{}
	trust := 0.0
	if place >= 0 {
		trust = m.trust(place)
		films, weights := m.weights.column(place)
		for i, other := range films {
			speaks[other] = float64(weights[i])
		}
	}
	most, best := 0.0, ""
	for i, seen := range p.seen {
		other, shared := m.resolve(seen.Film)
		byFacts := 0.0
		for _, a := range shared {
			line := m.tastes.line(a)
			for _, b := range facts {
				byFacts += float64(line[b])
			}
		}
		bySeen := speaks[other] // 0 of a film that the model does not know
		if part := p.weight[i] * (trust*bySeen + (1-trust)*byFacts); part > most {
			most, best = part, seen.ID
		}
	}
	return best
}

// mostSeen are the places of the n films that most people have seen, in rising order, of those that
// were seen at all. None has weights that no one has seen.
func mostSeen(counts []int32, n int) []int32 {
	var places []int32
	for film, count := range counts {
		if count > 0 {
			places = append(places, int32(film))
		}
	}
	if n > 0 && len(places) > n {
		slices.SortStableFunc(places, func(a, b int32) int { return int(counts[b]) - int(counts[a]) })
		places = places[:n]
		slices.Sort(places)
	}
	return places
}

// among are the rows with only the chosen films, by their new places. Empty rows are left out: they
// say nothing.
func among(rows [][]int32, chosen []int32, films int) [][]int32 {
	place := placesOf(chosen, films)
	var out [][]int32
	for _, row := range rows {
		var narrow []int32
		for _, film := range row {
			if place[film] >= 0 {
				narrow = append(narrow, place[film])
			}
		}
		if len(narrow) > 0 {
			out = append(out, narrow)
		}
	}
	return out
}

// narrowed are the columns of the chosen films with only the chosen films in them.
func narrowed(columns []weights, chosen []int32) []weights {
	if columns == nil {
		return nil
	}
	place := placesOf(chosen, len(columns))
	out := make([]weights, len(chosen))
	for i, film := range chosen {
		for k, other := range columns[film].films {
			if place[other] >= 0 {
				out[i].films = append(out[i].films, place[other])
				out[i].weights = append(out[i].weights, columns[film].weights[k])
			}
		}
	}
	return out
}

// widened puts columns of the chosen films where all films are.
func widened(columns []weights, chosen []int32, films int) []weights {
	out := make([]weights, films)
	for i, film := range chosen {
		for k, other := range columns[i].films {
			columns[i].films[k] = chosen[other]
		}
		out[film] = columns[i]
	}
	return out
}

// placesOf is where each film is among the chosen ones, or -1.
func placesOf(chosen []int32, films int) []int32 {
	place := make([]int32, films)
	for i := range place {
		place[i] = -1
	}
	for i, film := range chosen {
		place[film] = int32(i)
	}
	return place
}
