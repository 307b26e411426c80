package recommend

import (
	"slices"
	"strings"
	"time"
)

// Candidate is a film that can be booked now, with what filters need to know of its shows.
type Candidate struct {
	Film
	Opens     time.Time // its first show
	Free      int       // seats that can still be had, in the places that the person asks about
	Age       int       // from which the certificate lets people in; 0 is for all
	Unrated   bool      // the certificate is not known
	Languages []string  // heard or read in its bookable shows; not the original one
}

// Filter says whether a film may be suggested.
type Filter func(Candidate) bool

// Bookable keeps films that have a free seat.
func Bookable(c Candidate) bool { return c.Free > 0 }

// NotThese leaves these films out: seen, booked, held, not for this person.
func NotThese(lists ...[]string) Filter {
	not := map[string]bool{}
	for _, list := range lists {
		for _, id := range list {
			not[id] = true
		}
	}
	return func(c Candidate) bool { return !not[c.ID] }
}

// AtMost keeps films for people of an age in years. A child sees no film whose certificate is not
// known; for adults, from 18, the rule takes nothing away.
func AtMost(age int) Filter {
	return func(c Candidate) bool { return age >= 18 || !c.Unrated && c.Age <= age }
}

// InLanguages keeps films that are shown in one of these languages; with none, all.
func InLanguages(languages ...string) Filter {
	return func(c Candidate) bool {
		return len(languages) == 0 || slices.ContainsFunc(c.Languages, func(shown string) bool {
			return slices.ContainsFunc(languages, func(wanted string) bool { return strings.EqualFold(shown, wanted) })
		})
	}
}

func (r Request) allowed() []Candidate {
	var out []Candidate
	seen := map[string]bool{}
	for _, c := range r.Candidates {
		if seen[c.ID] || slices.ContainsFunc(r.Filters, func(f Filter) bool { return !f(c) }) {
			continue
		}
		seen[c.ID] = true
		out = append(out, c)
	}
	return out
}
