package recommend

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Case is one booking that a model has not seen: whose it was, and what else there was. Films are
// given by their places in the list of [Cases].
type Case struct {
	History    []int32 // before the booking, the oldest first
	Target     int32   // that was booked
	Candidates []int32 // what could be booked then and was not in the history; with the target
}

// Cases are bookings that a model has not seen, of one list of films.
type Cases struct {
	Films []Film
	List  []Case
}

// Measure is how well cases were foretold.
type Measure struct {
	Split string  // names the cases; only measures of one split compare
	Cases int     // how many
	NDCG  float64 // the mean of 1/log2(1+place) of the target among the first ten, else 0
	Hit   float64 // the share of cases whose target was among the first ten
}

// listLength is how far down a list a measure looks.
const listLength = 10

// MeasureOf asks score about each case, for a number for each candidate. Candidates with equal scores
// keep their order.
func MeasureOf(split string, cases []Case, score func(Case) []float64) Measure {
	m := Measure{Split: split, Cases: len(cases)}
	places := make([]int, len(cases))
	each(len(cases), func() func(int) {
		return func(i int) { places[i] = placeOf(cases[i], score(cases[i])) }
	})
	for _, place := range places {
		if place >= 0 && place < listLength {
			m.NDCG += 1 / math.Log2(float64(place)+2)
			m.Hit++
		}
	}
	if len(cases) > 0 {
		m.NDCG /= float64(len(cases))
		m.Hit /= float64(len(cases))
	}
	return m
}

// placeOf is the target's place, from 0; -1 if it was no candidate.
func placeOf(c Case, scores []float64) int {
	target := slices.Index(c.Candidates, c.Target)
	if target < 0 {
		return -1
	}
	place := 0
	for i, score := range scores {
		if score > scores[target] || score == scores[target] && i < target {
			place++
		}
	}
	return place
}

// Measure asks the model about cases that it was not trained on.
func (m *Model) Measure(split string, cases Cases) Measure {
	places, facts := make([]int32, len(cases.Films)), make([][]int32, len(cases.Films))
	for i, film := range cases.Films {
		places[i], facts[i] = m.resolve(film)
	}
	return MeasureOf(split, cases.List, func(c Case) []float64 {
		history := make([]Seen, len(c.History))
		for i, film := range c.History {
			history[i].Film = cases.Films[film]
		}
		p := m.person(history, Tastes{})
		scores := make([]float64, len(c.Candidates))
		for i, film := range c.Candidates {
			scores[i] = m.score(p, places[film], facts[film])
		}
		return scores
	})
}

// Refuse says why a new model must not take the place of the one in use; nil if it may. Both are
// measured on one split.
func Refuse(inUse, next Measure) error {
	switch {
	case next.Cases == 0:
		return fmt.Errorf("the new model was measured on no bookings: the one in use stays")
	case inUse.Cases == 0:
		return nil // no model is in use
	case inUse.Split != next.Split || inUse.Cases != next.Cases:
		return fmt.Errorf("the models were measured on %q (%d cases) and %q (%d): measure both on the same", inUse.Split, inUse.Cases, next.Split, next.Cases)
	case !(next.NDCG >= inUse.NDCG):
		return fmt.Errorf("the new model's NDCG@10 is %.4f, below %.4f of the one in use, which stays", next.NDCG, inUse.NDCG)
	}
	return nil
}

// SplitAt keeps what happened before a moment to train on, and makes a case of the first booking of
// each person after it who had none of that film. onSale gives the places of the films that could be
// booked at a moment; nil is all of them.
func SplitAt(data Data, moment time.Time, onSale func(time.Time) []int32) (Data, Cases) {
	before := Data{Films: data.Films, People: make([][]Liking, len(data.People))}
	cases := Cases{Films: data.Films}
	for person, row := range data.People {
		n := 0
		for n < len(row) && row[n].At.Before(moment) {
			n++
		}
		before.People[person] = row[:n]
		if n < len(row) {
			if c, ok := caseOf(row[:n], row[n], len(data.Films), onSale); ok {
				cases.List = append(cases.List, c)
			}
		}
	}
	return before, cases
}

// LeaveLast keeps all but the last n likings of each person, and makes a case of the first of those.
// Other people's later likings are still trained on, so it flatters every model, and not all of
// them alike; it is what other people measure, and good for few data. Prefer [SplitAt].
func LeaveLast(data Data, n int) (Data, Cases) {
	before := Data{Films: data.Films, People: make([][]Liking, len(data.People))}
	cases := Cases{Films: data.Films}
	for person, row := range data.People {
		before.People[person] = row[:max(0, len(row)-n)]
		if len(row) > n {
			if c, ok := caseOf(row[:len(row)-n], row[len(row)-n], len(data.Films), nil); ok {
				cases.List = append(cases.List, c)
			}
		}
	}
	return before, cases
}

func caseOf(history []Liking, target Liking, films int, onSale func(time.Time) []int32) (Case, bool) {
	c := Case{Target: target.Film}
	had := map[int32]bool{}
	for _, liking := range history {
		had[liking.Film] = true
		c.History = append(c.History, liking.Film)
	}
	if had[target.Film] {
		return Case{}, false
	}
	if onSale != nil {
		c.Candidates = slices.DeleteFunc(slices.Clone(onSale(target.At)), func(film int32) bool { return had[film] })
		return c, true
	}
	c.Candidates = make([]int32, 0, films)
	for film := range int32(films) {
		if !had[film] {
			c.Candidates = append(c.Candidates, film)
		}
	}
	return c, true
}
