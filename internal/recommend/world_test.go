package recommend

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a city where half of the films are thrillers and half are romances, and each person sees
// films of one kind alone, the well-known ones more often.
type world struct {
	data Data
}

// newWorld has an even number of films and of people. Even places are thrillers and their friends.
func newWorld(films, people int, seed uint64) world {
	random := rand.New(rand.NewPCG(seed, 5))
	var w world
	for i := range films {
		genre, star := "Thriller", fmt.Sprint("Gunner ", i/2%4)
		if i%2 == 1 {
			genre, star = "Romance", fmt.Sprint("Rosa ", i/2%4)
		}
		w.data.Films = append(w.data.Films, Film{ID: fmt.Sprintf("film-%02d", i), Facts: Facts{Genres: []string{genre}, Cast: []string{star}, Year: 2020 + i%5}})
	}
	for person := range people {
		var row []Liking
		had := map[int32]bool{}
		for len(row) < min(8, films/4) {
			film := int32(min(random.IntN(films/2), random.IntN(films/2))*2 + person%2)
			if !had[film] {
				had[film] = true
				row = append(row, Liking{film, start.Add(time.Duration(person+len(row)*1000) * time.Minute)})
			}
		}
		w.data.People = append(w.data.People, row)
	}
	return w
}

// testOptions are for hundreds of people.
func testOptions() Options {
	o := DefaultOptions()
	o.Lambda, o.FactsLambda, o.Recent = 10, 3, 0
	return o
}

func (w world) train(t *testing.T) *Model {
	t.Helper()
	m, err := Train(t.Context(), w.data, testOptions())
	require.NoError(t, err)
	return m
}

func (w world) history(person int) []Seen {
	var history []Seen
	for _, liking := range w.data.People[person] {
		history = append(history, Seen{Film: w.data.Films[liking.Film]})
	}
	return history
}

// candidates are all films, bookable.
func (w world) candidates() []Candidate {
	list := make([]Candidate, len(w.data.Films))
	for i, film := range w.data.Films {
		list[i] = Candidate{Film: film, Free: 10, Opens: start.AddDate(0, 0, i), Languages: []string{"en"}}
	}
	return list
}

func (w world) popular() map[string]float64 {
	popular := map[string]float64{}
	for _, row := range w.data.People {
		for _, liking := range row {
			popular[w.data.Films[liking.Film].ID]++
		}
	}
	return popular
}

func ids(list List) []string {
	out := make([]string, len(list.Items))
	for i, item := range list.Items {
		out[i] = item.Film
	}
	return out
}

func idsOf(history []Seen) []string {
	var out []string
	for _, seen := range history {
		out = append(out, seen.ID)
	}
	return out
}
