package judged

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// Query is what a customer types to find a film.
type Query struct {
	Text string
	Film int  // its place in the list
	Year bool // the query names the year
}

// Set is queries of one kind. At1 and At5 are the shares that have to have their
// film first, and among five; zero asks for nothing.
type Set struct {
	Name     string
	Queries  []Query
	At1, At5 float64
}

// SixtyPercent is the set of half-typed titles.
const SixtyPercent = "60 % typed"

// perSet is how many titles are drawn for a set.
const perSet = 2000

// Sets are the queries made from titles, the same in every run.
func Sets(list []Film) []Set {
	random := rand.New(rand.NewPCG(1, 2))
	as := func(s string) string { return s }
	one := func(s string) string { return Typo(random, s) }
	first := func(s string) string { return firstTypo(random, s) }
	two := func(s string) string { return one(one(s)) }
	return []Set{
		{"exact", titles(list, perSet, 1, 1, as), 0.99, 0.99},
		{"one typo, any letter", titles(list, perSet, 4, 2, one), 0.95, 0.99},
		{"typo in the first letter", titles(list, perSet, 4, 5, first), 0.95, 0.985},
		{"two typos", titles(list, perSet, 4, 3, two), 0.85, 0.95},
		{SixtyPercent, titles(list, perSet, 1, 4, beginning), 0, 0.94},
		{"60 % typed, with a typo", titles(list, perSet, 8, 6, func(s string) string { return one(beginning(s)) }), 0, 0.85},
		{"remake with its year", remakes(list), 0.97, 0.99},
	}
}

// Mixed are queries as they come: whole titles, with a typo, with two, and still
// being typed, a quarter each.
func Mixed(list []Film, n int) []Query {
	random := rand.New(rand.NewPCG(11, 3))
	at := -1
	return titles(list, n, 4, 11, func(s string) string {
		switch at++; at % 4 {
		case 1:
			return Typo(random, s)
		case 2:
			return Typo(random, Typo(random, s))
		case 3:
			return beginning(s)
		}
		return s
	})
}

// titles changes the titles of n films with at least so many letters.
func titles(list []Film, n, letters int, seed uint64, change func(string) string) []Query {
	random := rand.New(rand.NewPCG(seed, seed))
	out := make([]Query, 0, n)
	for _, i := range random.Perm(len(list)) {
		// A few titles of the list have a style sheet in them.
		if t := list[i].Title; utf8.RuneCountInString(fold(t)) >= letters && !strings.Contains(t, "mw-parser") {
			if out = append(out, Query{Text: change(strings.ToLower(t)), Film: i}); len(out) == n {
				break
			}
		}
	}
	return out
}

// remakes are films that share their title with another, asked with their year.
func remakes(list []Film) []Query {
	named := map[string]int{}
	for _, f := range list {
		named[fold(f.Title)]++
	}
	var out []Query
	for i, f := range list {
		if named[fold(f.Title)] > 1 {
			out = append(out, Query{Text: fmt.Sprintf("%s %d", strings.ToLower(f.Title), f.Year), Film: i, Year: true})
		}
	}
	return out
}

// Typo makes one edit at a random place, the first letter included: a letter left
// out, put in, changed for another, or swapped with the next.
func Typo(random *rand.Rand, s string) string {
	runes := []rune(s)
	for {
		at := random.IntN(len(runes))
		letter := rune('a' + random.IntN(26))
		out := append([]rune(nil), runes...)
		switch random.IntN(4) {
		case 0:
			out = append(out[:at], out[at+1:]...)
		case 1:
			out = append(out[:at], append([]rune{letter}, runes[at:]...)...)
		case 2:
			out[at] = letter
		case 3:
			if at+1 == len(out) {
				continue
			}
			out[at], out[at+1] = out[at+1], out[at]
		}
		if string(out) != s {
			return string(out)
		}
	}
}

// firstTypo changes, drops or precedes the first letter.
func firstTypo(random *rand.Rand, s string) string {
	letter := string(rune('a' + random.IntN(26)))
	runes := []rune(s)
	switch random.IntN(3) {
	case 0:
		return string(runes[1:])
	case 1:
		return letter + s
	}
	return letter + string(runes[1:])
}

// beginning is three fifths of a title.
func beginning(s string) string {
	r := []rune(s)
	return string(r[:max(1, int(0.6*float64(len(r))+0.5))])
}
