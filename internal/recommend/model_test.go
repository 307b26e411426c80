package recommend

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAModelIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(40, 120, 20)
	m := w.train(t)
	var kept bytes.Buffer
	require.NoError(t, m.Write(&kept))
	var again bytes.Buffer
	require.NoError(t, w.train(t).Write(&again))
	assert.Equal(t, kept.Bytes(), again.Bytes(), "one model, one file")
	back, err := ReadModel(bytes.NewReader(kept.Bytes()))
	require.NoError(t, err)
	assert.Equal(t, m, back)
}

func TestABrokenFileIsRefused(t *testing.T) {
	t.Parallel()
	var kept bytes.Buffer
	require.NoError(t, newWorld(20, 40, 21).train(t).Write(&kept))
	whole := kept.Bytes()
	for name, broken := range map[string][]byte{
		"empty": nil, "another file": []byte("{\"model\": true, \"and\": \"some more, so that it has the length of a header\"}"),
		"half": whole[:len(whole)/2], "the header alone": whole[:52], "with more behind it": append(slices.Clone(whole), 0),
	} {
		_, err := ReadModel(bytes.NewReader(broken))
		assert.ErrorIs(t, err, ErrBroken, name)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		broken := slices.Clone(whole)
		at := random.IntN(len(broken))
		broken[at] ^= 1 << random.IntN(8)
		_, err := ReadModel(bytes.NewReader(broken))
		require.Error(t, err, "byte %d of %d", at, len(broken))
	}
	later := slices.Clone(whole)
	later[11] = 2
	_, err := ReadModel(bytes.NewReader(later))
	assert.EqualError(t, err, "the model's file has version 2, and this program reads 1: train a new one")
}

// What is written with a right checksum and does not fit is refused, too, not left to panic later.
func TestAModelThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Model){
		"a film without a count":         func(m *Model) { m.counts = m.counts[1:] },
		"a weight without a film":        func(m *Model) { m.weights.Films = m.weights.Films[1:] },
		"a weight of an unknown film":    func(m *Model) { m.weights.Films[0] = 99 },
		"a column that ends beyond them": func(m *Model) { m.weights.Starts[len(m.weights.Starts)-1]++ },
		"a column that begins late":      func(m *Model) { m.weights.Starts[0] = 1 << 30 },
		"a fact that is missing":         func(m *Model) { m.tastes.Words = m.tastes.Words[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newWorld(20, 40, 22).train(t)
			change(m)
			var kept bytes.Buffer
			require.NoError(t, m.Write(&kept))
			_, err := ReadModel(&kept)
			assert.ErrorIs(t, err, ErrBroken)
		})
	}
}

func TestAWorseModelIsRefused(t *testing.T) {
	t.Parallel()
	inUse := Measure{Split: "2026-03-01", Cases: 100, NDCG: 0.2}
	assert.NoError(t, Refuse(inUse, inUse))
	assert.NoError(t, Refuse(Measure{}, inUse), "the first one")
	for says, next := range map[string]Measure{
		"NDCG@10 is 0.1900, below 0.2000": {Split: "2026-03-01", Cases: 100, NDCG: 0.19},
		"measured on no bookings":         {Split: "2026-03-01", NDCG: 0.3},
		"measure both on the same":        {Split: "2026-03-02", Cases: 100, NDCG: 0.3},
	} {
		assert.ErrorContains(t, Refuse(inUse, next), says)
	}
	w := newWorld(60, 300, 23)
	train, cases := SplitAt(w.data, start.Add(95*time.Hour), nil)
	require.NotEmpty(t, cases.List)
	good, err := Train(t.Context(), train, testOptions())
	require.NoError(t, err)
	mixed := Data{Films: train.Films, People: slices.Clone(train.People)}
	random := rand.New(rand.NewPCG(2, 2))
	for person, row := range mixed.People { // a broken export: films at random
		mixed.People[person] = slices.Clone(row)
		for i := range row {
			mixed.People[person][i].Film = int32(random.IntN(60))
		}
	}
	bad, err := Train(t.Context(), mixed, testOptions())
	require.NoError(t, err)
	assert.ErrorContains(t, Refuse(good.Measure("now", cases), bad.Measure("now", cases)), "which stays")
}

// A film whose bookings are all after the cut is as cold as one without any, and nothing but what
// could be booked at the moment is a candidate.
func TestC14_NothingOfTheFutureIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(60, 300, 24)
	cut := start.AddDate(0, 6, 0)
	w.data.Films = append(w.data.Films, Film{ID: "canary", Facts: Facts{Genres: []string{"Thriller"}}}, Film{ID: "cold", Facts: Facts{Genres: []string{"Thriller"}}})
	for person := range w.data.People {
		w.data.People[person] = append(w.data.People[person], Liking{60, cut.Add(time.Duration(person) * time.Minute)})
	}
	onSale := func(at time.Time) []int32 {
		assert.False(t, at.Before(cut))
		return []int32{0, 1, 2, 3, 60, 61}
	}
	before, cases := SplitAt(w.data, cut, onSale)
	assert.Len(t, cases.List, 300)
	for _, c := range cases.List {
		assert.Equal(t, int32(60), c.Target)
		assert.Subset(t, []int32{0, 1, 2, 3, 60, 61}, c.Candidates)
		assert.NotContains(t, c.History, int32(60))
	}
	m, err := Train(t.Context(), before, testOptions())
	require.NoError(t, err)
	for person := range 20 {
		scores := m.Score(w.history(person)[:8], Tastes{}, w.data.Films)
		assert.Equal(t, scores[61], scores[60])
	}
	assert.Zero(t, m.counts[60])
}

// EASE alone gives a film that no one has seen exactly 0, which is above what speaks against a
// person; its facts decide instead.
func TestC8_AColdFilmIsScoredByItsFactsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(60, 300, 25)
	w.data.Films = append(w.data.Films, Film{ID: "cold thriller", Facts: Facts{Genres: []string{"Thriller"}}}, Film{ID: "cold romance", Facts: Facts{Genres: []string{"Romance"}}})
	m := w.train(t)
	films, _ := m.weights.column(60)
	assert.Empty(t, films)
	negative := 0
	for person := range 40 {
		p := m.person(w.history(person), Tastes{})
		for film := range 60 {
			sum := float32(0)
			films, weights := m.weights.column(int32(film))
			for i, other := range films {
				sum += p.byFilm[other] * weights[i]
			}
			if sum < 0 {
				negative++
			}
		}
		scores := m.Score(w.history(person), Tastes{}, w.data.Films[60:])
		assert.Equal(t, person%2 == 0, scores[0] > scores[1], "person %d", person)
	}
	assert.Positive(t, negative)
}

func TestTheLastFilmsCountMost(t *testing.T) {
	t.Parallel()
	m := &Model{options: Options{Recent: 2, Floor: 0.1}}
	weights := m.recency(5)
	assert.InDeltaSlice(t, []float64{0.1 + 0.9/4, 0.1 + 0.9/2.8284, 0.1 + 0.9/2, 0.1 + 0.9/1.4142, 1}, weights, 1e-4)
	assert.True(t, slices.IsSorted(weights))
	m.options = Options{}
	assert.Equal(t, []float64{1, 1}, m.recency(2))
}

// The cases that choose are not those that judge; what is chosen is at least as good as what it began
// with.
func TestChoose(t *testing.T) {
	t.Parallel()
	w := newWorld(60, 200, 26)
	choosing, cases := LeaveLast(w.data, 2)
	o := testOptions()
	o.Lambda = 1e6
	worst, err := Train(t.Context(), choosing, o)
	require.NoError(t, err)
	trial, err := Choose(t.Context(), choosing, cases, o, Grid{Lambda: []float64{1e6, 10}, Recent: []float64{0, 3}, Few: []float64{0, 3}})
	require.NoError(t, err)
	assert.GreaterOrEqual(t, trial.Measure.NDCG, worst.Measure("", cases).NDCG)
	m, err := Train(t.Context(), choosing, trial.Options)
	require.NoError(t, err)
	assert.InDelta(t, trial.Measure.NDCG, m.Measure("", cases).NDCG, 1e-12)
	_, err = Choose(t.Context(), choosing, Cases{}, o, Grid{})
	assert.ErrorContains(t, err, "choose an earlier moment")
}

// People choose from their lists, by tastes that never change, and the model is trained again on
// what they chose: ten rounds.
func TestC13_ListsThatFeedThemselves(t *testing.T) {
	t.Parallel()
	const films, people = 60, 200
	random := rand.New(rand.NewPCG(13, 13))
	w := newWorld(films, people, 27)
	minority := func(person int) bool { return person%10 == 1 } // only every tenth likes romances
	taste := func(person int, film Film) float64 {
		if (film.Genres[0] == "Romance") == minority(person) {
			return 0.9
		}
		return 0.1
	}
	for person := range w.data.People {
		w.data.People[person] = nil
		for range 3 {
			film := int32(random.IntN(films))
			if random.Float64() < taste(person, w.data.Films[film]) {
				w.data.People[person] = append(w.data.People[person], Liking{film, start})
			}
		}
	}
	var shown, hits []float64
	for round := range 10 {
		m := w.train(t)
		seen, took := map[string]bool{}, 0.0
		next := make([][]Liking, people)
		for person := range people {
			history := w.history(person)
			r := Request{History: history, Candidates: w.candidates(), Popular: w.popular(), N: 10, Explore: 0.1, Seed: uint64(round*people + person), Filters: []Filter{NotThese(idsOf(history))}}
			good := 0
			list := m.ForYou(r)
			for _, item := range list.Items {
				seen[item.Film] = true
				assert.Positive(t, item.Propensity)
				film := m.index[item.Film]
				if random.Float64() < taste(person, w.data.Films[film])/3 {
					next[person] = append(next[person], Liking{film, start.AddDate(0, 0, round)})
				}
				if taste(person, w.data.Films[film]) > 0.5 {
					good++
				}
			}
			if minority(person) {
				took += float64(good) / float64(len(list.Items)) / (people / 10)
			}
		}
		for person := range people { // the last 20 films of each
			row := append(w.data.People[person], next[person]...)
			w.data.People[person] = row[max(0, len(row)-20):]
		}
		shown, hits = append(shown, float64(len(seen))/films), append(hits, took)
	}
	t.Logf("films shown at all %.2f, of a minority's list what they like %.2f", shown, hits)
	assert.GreaterOrEqual(t, shown[9], 0.9*shown[0])
	assert.GreaterOrEqual(t, hits[9], hits[0])
	assert.Greater(t, hits[9], 0.6)
}

func TestFactsAsWords(t *testing.T) {
	t.Parallel()
	facts := Facts{
		Genres: []string{"Comedy", " action"}, Languages: []string{"hi"}, Directors: []string{"Zoya Akhtar"}, Cast: []string{"A", "A", ""},
		Franchise: "Dune", Year: 2021, Synopsis: "A boy, the desert: DESERT worms. रेगिस्तान",
	}
	assert.Equal(t, []string{
		"cast:a", "decade:2020", "director:zoya akhtar", "franchise:dune", "genre:action", "genre:comedy", "genres:action+comedy", "language:hi",
		"word:desert", "word:worms", "word:रेगिस्तान", "year:2020", "year:2021", "year:2022",
	}, facts.words())
	assert.Empty(t, Facts{}.words())
}

func BenchmarkForYou(b *testing.B) {
	w := newWorld(2000, 1000, 1)
	m, err := Train(b.Context(), w.data, testOptions())
	require.NoError(b, err)
	for _, n := range []int{20, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := Request{History: w.history(0), Candidates: w.candidates()[:n], Popular: w.popular(), N: 20, Explore: 0.05}
			for b.Loop() {
				m.ForYou(r)
			}
		})
	}
}
