package judged

import "fmt"

// Verdict counts how many queries had their film first, and among five.
type Verdict struct{ Queries, First, Five int }

// At1 is the share with the film first.
func (v Verdict) At1() float64 { return float64(v.First) / float64(v.Queries) }

// At5 is the share with the film among five.
func (v Verdict) At5() float64 { return float64(v.Five) / float64(v.Queries) }

// Count takes where the right answer was, from 0; below 0 it was not there.
func (v *Verdict) Count(place int) {
	v.Queries++
	if place == 0 {
		v.First++
	}
	if place >= 0 && place < 5 {
		v.Five++
	}
}

// miss is a query whose film was not first.
type miss struct {
	Query Query
	Place int // below 0: not among five
	Got   []int
}

// Describe says what was asked, meant and found.
func (m miss) Describe(list []Film) string {
	line := fmt.Sprintf("%q meant %q, place %d, found", m.Query.Text, list[m.Query.Film].Title, m.Place)
	for _, i := range m.Got[:min(3, len(m.Got))] {
		line += fmt.Sprintf(" %q", list[i].Title)
	}
	return line
}

// Judge asks every query. find gives places in the list, the best first. A query
// without a year cannot mean one of two films of the same title, so either is
// right; with a year only the film of that year is.
func Judge(list []Film, queries []Query, find func(text string) []int) (v Verdict, missed []miss) {
	for _, q := range queries {
		want := list[q.Film]
		folded := fold(want.Title)
		got := find(q.Text)
		place := -1
		for at, i := range got[:min(5, len(got))] {
			if fold(list[i].Title) == folded && (!q.Year || list[i].Year == want.Year) {
				place = at
				break
			}
		}
		v.Count(place)
		if place != 0 {
			missed = append(missed, miss{q, place, got})
		}
	}
	return v, missed
}
