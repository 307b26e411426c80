package recommend

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Request asks for a list. The caller reads all of it now, so that no list is older than what is on
// sale.
type Request struct {
	History    []Seen // what shapes the list, the oldest first; see [State.History]
	Tastes     Tastes
	Candidates []Candidate
	Filters    []Filter           // each film of each list passes all of them
	Popular    map[string]float64 // how popular films are in the person's city; see [State.Popular]
	N          int                // films wanted

	// Explore is the share of places that a film gets by chance, so that films without bookings are
	// seen, too; 0 leaves nothing to chance. Seed decides that chance: one seed, one list.
	Explore float64
	Seed    uint64
}

// Reason is why a film is in a list.
type Reason string

// The reasons, for which clients have words.
const (
	BecauseYouSaw Reason = "because_you_saw" // the film in Because
	YourTastes    Reason = "your_tastes"     // what the person said they like
	PopularHere   Reason = "popular_in_city"
	OpensSoon     Reason = "new"
	SimilarTo     Reason = "similar" // to the film in Because
	ByChance      Reason = "explored"
)

// Item is a place of a list.
type Item struct {
	Film    string
	Score   float64 // of this list only, between 0 and 1
	Reason  Reason
	Because string // a film's id; empty for most reasons
	// Propensity is the probability with which this film got this place, the ones before it given.
	// It belongs into the record of what was shown.
	Propensity float64
}

// Source says what a list was made from.
type Source string

// The sources. A list from popularity because there is no model says so, for it looks well alone.
const (
	FromModel      Source = "model"
	FromPopularity Source = "popularity"
	NoModel        Source = "popularity_without_model"
	FromDates      Source = "dates"
)

// ControlArm names, in the log of what was shown, the lists of what is popular that people got for
// comparison, though a model could have made theirs.
const ControlArm = "popularity_arm"

// List is what a person is shown.
type List struct {
	Items  []Item
	Source Source
}

const (
	// seenForHalf is how many films a person has seen when their taste counts as much as what is
	// popular in their city.
	seenForHalf = 1
	// variety is how much of a film's score is lost to a film like it higher up.
	variety = 0.15
	// familyTimes is how many times its share in what a person saw family films have in a list. One
	// visit with a child does not make a parent a child.
	familyTimes = 2
	// mostItems is the longest list.
	mostItems = 100
)

// scored is a candidate with its place in the order.
type scored struct {
	Candidate
	score  float64 // between 0 and 1
	reason Reason
}

// ForYou is a person's own list. Without a model it is what is popular, and says so.
func (m *Model) ForYou(r Request) List {
	allowed := r.allowed()
	if m == nil {
		return List{r.pick(r.byPopularity(allowed)), NoModel}
	}
	stated := len(r.Tastes.Genres)+len(r.Tastes.Languages) > 0
	if len(r.History) == 0 && !stated {
		return List{r.pick(r.byPopularity(allowed)), FromPopularity}
	}
	r.History = m.withFacts(r.History)
	p := m.person(r.History, r.Tastes)
	personal := spread(m.scores(p, allowed))
	known := float64(len(r.History))
	if stated {
		known += statedWeight
	}
	share := known / (known + seenForHalf)
	list := r.byPopularity(allowed)
	for i := range list {
		popular := (1 - share) * list[i].score
		list[i].score = share*personal[i] + popular
		if share*personal[i] > popular {
			list[i].reason = YourTastes
		}
	}
	items := r.pick(list)
	for i := range items {
		if items[i].Reason == YourTastes {
			m.explain(p, r, &items[i])
		}
	}
	return List{items, FromModel}
}

func (m *Model) scores(p *person, list []Candidate) []float64 {
	scores := make([]float64, len(list))
	for i, c := range list {
		place, facts := m.resolve(c.Film)
		scores[i] = m.score(m.without(p, c.ID), place, facts)
	}
	return scores
}

// without is a person who has not seen a film: one that they like and may still book does not speak
// for itself.
func (m *Model) without(p *person, film string) *person {
	if !slices.ContainsFunc(p.seen, func(s Seen) bool { return s.ID == film }) {
		return p
	}
	return m.person(slices.DeleteFunc(slices.Clone(p.seen), func(s Seen) bool { return s.ID == film }), p.stated)
}

// withFacts adds what the model knows of the films of a history.
func (m *Model) withFacts(history []Seen) []Seen {
	out := slices.Clone(history)
	for i, seen := range out {
		if at, known := m.index[seen.ID]; known {
			out[i].Film = m.films[at]
		}
	}
	return out
}

// explain names the film that speaks most for an item, if there is one.
func (m *Model) explain(p *person, r Request, item *Item) {
	at := slices.IndexFunc(r.Candidates, func(c Candidate) bool { return c.ID == item.Film })
	switch because := m.because(m.without(p, item.Film), r.Candidates[at].Film); {
	case because != "":
		item.Reason, item.Because = BecauseYouSaw, because
	case len(r.Tastes.Genres)+len(r.Tastes.Languages) == 0:
		item.Reason = PopularHere
	}
}

// Similar is what people who have seen a film may like, the same for all who ask.
func (m *Model) Similar(r Request, film Film) List {
	if m == nil {
		r.Filters = append(slices.Clip(r.Filters), NotThese([]string{film.ID}))
		return List{r.pick(r.byPopularity(r.allowed())), NoModel}
	}
	r.Filters = append(slices.Clip(r.Filters), NotThese([]string{film.ID}))
	allowed := r.allowed()
	p := m.person([]Seen{{Film: film}}, Tastes{})
	list := make([]scored, len(allowed))
	for i, score := range spread(m.scores(p, allowed)) {
		list[i] = scored{allowed[i], score, SimilarTo}
	}
	r.History = nil // the list is the film's, not the person's
	items := r.pick(list)
	for i := range items {
		if items[i].Reason == SimilarTo {
			items[i].Because = film.ID
		}
	}
	return List{items, FromModel}
}

// Popular is what most people in the city book.
func Popular(r Request) List {
	return List{r.pick(r.byPopularity(r.allowed())), FromPopularity}
}

// New is what opened last, or opens next: the latest first show comes first.
func New(r Request) List {
	allowed := r.allowed()
	slices.SortStableFunc(allowed, func(a, b Candidate) int { return b.Opens.Compare(a.Opens) })
	list := make([]scored, len(allowed))
	for i, c := range allowed {
		list[i] = scored{c, 1 - float64(i)/float64(len(allowed)), OpensSoon}
	}
	return List{r.pick(list), FromDates}
}

// byPopularity gives each candidate its share of the most popular one's, which is at least one
// account's booking of now: what has faded to less is not popular.
func (r Request) byPopularity(allowed []Candidate) []scored {
	most := 1.0
	for _, c := range allowed {
		most = max(most, r.Popular[c.ID])
	}
	list := make([]scored, len(allowed))
	for i, c := range allowed {
		list[i] = scored{c, r.Popular[c.ID] / most, PopularHere}
	}
	return list
}

// spread puts scores between 0 and 1.
func spread(scores []float64) []float64 {
	if len(scores) == 0 {
		return scores
	}
	least, most := slices.Min(scores), slices.Max(scores)
	out := make([]float64, len(scores))
	for i, score := range scores {
		if most > least {
			out[i] = (score - least) / (most - least)
		}
	}
	return out
}

// pick fills the places of a list, the best first: what is like a film above it loses, family films
// have their share, and some places are filled by chance.
func (r Request) pick(list []scored) []Item {
	slices.SortFunc(list, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), b.Opens.Compare(a.Opens), strings.Compare(a.ID, b.ID))
	})
	n := min(r.N, mostItems, len(list))
	if n <= 0 {
		return []Item{}
	}
	chance := rand.New(rand.NewPCG(r.Seed, uint64(len(list))))
	words := make([][]string, len(list))
	for i, c := range list {
		words[i] = c.words()
	}
	alike := make([]float64, len(list)) // how much each is like what is chosen
	family, families := familyPlaces(r.History, n), 0
	left := make([]int, len(list))
	for i := range left {
		left[i] = i
	}
	items := make([]Item, 0, n)
	for len(items) < n {
		may := left
		if families >= family {
			if others := slices.DeleteFunc(slices.Clone(left), func(i int) bool { return list[i].Family() }); len(others) > 0 {
				may = others // with nothing else left, a full list is better
			}
		}
		at, item := r.place(list, may, alike, len(items), chance)
		items = append(items, item)
		if list[at].Family() {
			families++
		}
		left = slices.DeleteFunc(left, func(i int) bool { return i == at })
		for _, i := range left {
			alike[i] = max(alike[i], inCommon(words[at], words[i]))
		}
	}
	return items
}

// place chooses the film for one place. The first place is never left to chance.
func (r Request) place(list []scored, may []int, alike []float64, place int, chance *rand.Rand) (int, Item) {
	best, most := may[0], math.Inf(-1)
	for _, i := range may {
		if score := list[i].score - variety*alike[i]; score > most {
			best, most = i, score
		}
	}
	item := Item{Film: list[best].ID, Score: list[best].score, Reason: list[best].reason, Propensity: 1}
	if place == 0 || r.Explore <= 0 {
		return best, item
	}
	explore := min(r.Explore, 1)
	each := explore / float64(len(may))
	item.Propensity = 1 - explore + each
	if chance.Float64() < explore {
		if drawn := may[chance.IntN(len(may))]; drawn != best {
			return drawn, Item{Film: list[drawn].ID, Score: list[drawn].score, Reason: ByChance, Propensity: each}
		}
	}
	return best, item
}

// familyPlaces is how many of n places family films may have. Who has seen nothing yet gets what
// there is.
func familyPlaces(history []Seen, n int) int {
	if len(history) == 0 {
		return n
	}
	families := 0
	for _, seen := range history {
		if seen.Children || seen.Family() {
			families++
		}
	}
	return max(1, int(math.Ceil(float64(familyTimes*families*n)/float64(len(history)))))
}

// inCommon is the share of facts that two films have in common, of all that either has. Both lists
// are sorted.
func inCommon(a, b []string) float64 {
	both, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			both++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	if all := len(a) + len(b) - both; all > 0 {
		return float64(both) / float64(all)
	}
	return 0
}
