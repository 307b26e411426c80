package recommend

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Case is one booking that a model has not seen: whose it was, and what else there was.
type Case struct {
	History    []Seen // before the booking, the oldest first
	Target     string // the id of the film that was booked
	Candidates []Film // what could be booked then and was not in the history; with the target
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

// MeasureOf asks score about each case. Candidates with equal scores keep their order.
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
	target := slices.IndexFunc(c.Candidates, func(f Film) bool { return f.ID == c.Target })
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
func (m *Model) Measure(split string, cases []Case) Measure {
	return MeasureOf(split, cases, func(c Case) []float64 { return m.Score(c.History, Tastes{}, c.Candidates) })
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
func SplitAt(data Data, moment time.Time, onSale func(time.Time) []int32) (Data, []Case) {
	before := Data{Films: data.Films, People: make([][]Liking, len(data.People))}
	var cases []Case
	for person, row := range data.People {
		n := 0
		for n < len(row) && row[n].At.Before(moment) {
			n++
		}
		before.People[person] = row[:n]
		if n < len(row) {
			if c, ok := data.caseOf(row[:n], row[n], onSale); ok {
				cases = append(cases, c)
			}
		}
	}
	return before, cases
}

// LeaveLast keeps all but the last n likings of each person, and makes a case of the first of those.
// Other people's later likings are still trained on, so it flatters every model, and not all of
// them alike; it is what other people measure, and good for few data. Prefer [SplitAt].
func LeaveLast(data Data, n int) (Data, []Case) {
	before := Data{Films: data.Films, People: make([][]Liking, len(data.People))}
	var cases []Case
	for person, row := range data.People {
		before.People[person] = row[:max(0, len(row)-n)]
		if len(row) > n {
			if c, ok := data.caseOf(row[:len(row)-n], row[len(row)-n], nil); ok {
				cases = append(cases, c)
			}
		}
	}
	return before, cases
}

func (d Data) caseOf(history []Liking, target Liking, onSale func(time.Time) []int32) (Case, bool) {
	c := Case{Target: d.Films[target.Film].ID}
	had := map[int32]bool{}
	for _, liking := range history {
		had[liking.Film] = true
		c.History = append(c.History, Seen{Film: d.Films[liking.Film]})
	}
	if had[target.Film] {
		return Case{}, false
	}
	if onSale == nil {
		c.Candidates = make([]Film, 0, len(d.Films))
		for film := range d.Films {
			if !had[int32(film)] {
				c.Candidates = append(c.Candidates, d.Films[film])
			}
		}
		return c, true
	}
	for _, film := range onSale(target.At) {
		if !had[film] {
			c.Candidates = append(c.Candidates, d.Films[film])
		}
	}
	return c, true
}
