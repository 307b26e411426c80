package search

import (
	"cmp"
	"maps"
	"slices"
)

// finder finds owners by name and, where their language has no one spelling in
// Latin letters, by sound.
type finder struct {
	names  *nameIndex
	sounds *nameIndex // nil when it is not needed
	years  []int      // by owner; nil for people and theaters
}

func newFinder(names, sounds []name, prior []float32, years []int) *finder {
	f := &finder{names: newNameIndex(names, prior), years: years}
	if len(sounds) > 0 {
		f.sounds = newNameIndex(sounds, prior)
	}
	return f
}

// hit is an owner that could be meant, and by which of its names.
type hit struct {
	owner  uint32
	source source
	key    string
	match
}

// reading is one way to understand a query.
type reading struct {
	words   []string
	year    int     // that the film should be of; 0 for any
	penalty float32 // for what was changed
	typos   float32 // and more for what has typos beside
	unless  float32 // an earlier reading has scored so much
	ended   bool    // the last word is complete
	whole   bool    // and stands for a longer one
}

// yearBonus and yearMalus weigh a year that was typed beside a title: enough to
// decide between films of one name, not to bring in another name.
const (
	yearBonus = 0.04
	yearMalus = 0.12
)

// find yields the owners that fit, the best first. ended says that the last word
// is complete, as with a space behind it.
func (f *finder) find(words []string, ended bool) []hit {
	if len(words) == 0 {
		return nil
	}
	found := map[uint32]hit{}
	var top float32
	for _, r := range f.readings(words) {
		r.ended = ended
		if r.year == 0 && top >= r.unless {
			continue
		}
		top = max(top, f.findReading(f.names, r, found))
	}
	if f.sounds != nil && top < scoreSure {
		if sounds := soundsOf(words); len(squash(sounds)) >= max(3, len(squash(words))/2) {
			f.findReading(f.sounds, reading{words: sounds, penalty: 0.03, typos: 0.12, ended: ended}, found)
		}
	}
	hits := slices.AppendSeq(make([]hit, 0, len(found)), maps.Values(found))
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.owner, b.owner))
	})
	return hits
}

func (f *finder) findReading(x *nameIndex, r reading, found map[uint32]hit) (top float32) {
	q := newTextQuery(r)
	if q.key == "" {
		return 0
	}
	s := x.pool.get(x.size(), len(x.vocab))
	defer x.pool.put(s)
	x.propose(q, s)
	x.rank(q, s, func(i uint32, m match) {
		owner := x.owner[i]
		m.score -= r.penalty
		if m.typo {
			m.score -= r.typos
		}
		if r.year != 0 {
			m.score += f.yearFits(owner, r.year)
		}
		top = max(top, m.score)
		if m.score > found[owner].score {
			found[owner] = hit{owner: owner, source: x.source[i], key: x.key(i), match: m}
		}
	})
	return top
}

func (f *finder) yearFits(owner uint32, year int) float32 {
	switch d := f.years[owner] - year; {
	case d == 0:
		return yearBonus
	case d == 1 || d == -1: // festival year, release year
		return 0
	}
	return -yearMalus
}

// readings are the ways to understand the words. The first is as typed.
func (f *finder) readings(words []string) []reading {
	list := []reading{{words: words, unless: scoreSure}}
	add := func(r reading) {
		if len(r.words) > 0 && len(list) < 5 {
			r.unless = cmp.Or(r.unless, scoreSure)
			list = append(list, r)
		}
	}
	base := words
	if f.years != nil {
		if year, rest := yearIn(words); year != 0 {
			add(reading{words: rest, year: year})
			base = rest
		}
	}
	if short := inShort(base); short != nil {
		whole := short[len(short)-1] != base[len(base)-1]
		add(reading{words: short, penalty: 0.005, whole: whole})
	}
	if bare := withoutArticle(base); len(bare) < len(base) {
		add(reading{words: bare, penalty: 0.02, unless: scoreFair})
	}
	for _, r := range f.spelledOut(base) {
		add(r)
	}
	if split := f.split(base); split != nil {
		add(reading{words: split, penalty: 0.01})
	}
	return list
}

// spelledOut replaces initials by the names they could stand for, the best
// known first: "lotr two towers".
func (f *finder) spelledOut(words []string) []reading {
	var out []reading
	for at, w := range words {
		list := slices.SortedFunc(slices.Values(f.names.acronym[w]), func(a, b uint32) int {
			return cmp.Compare(f.names.tie[b], f.names.tie[a])
		})
		var seen []string
		for _, i := range list {
			key := f.names.key(i)
			if slices.Contains(seen, key) {
				continue
			}
			seen = append(seen, key)
			full := slices.Clone(words[:at])
			for _, id := range f.names.words.of(i) {
				full = append(full, f.names.vocab[id])
			}
			penalty := float32(0.06)
			if len(w) == 3 {
				// Three letters are the initials of something nearly always, so
				// only of something well known before what begins with them.
				penalty = 0.24 - 7*f.names.tie[i]
			}
			out = append(out, reading{words: append(full, words[at+1:]...), penalty: penalty})
			if len(seen) == 2 {
				break
			}
		}
	}
	return out
}

// split takes words apart that no name has but in two: "spiderman verse".
func (f *finder) split(words []string) []string {
	out, changed := []string(nil), false
	for _, w := range words {
		first, second, ok := f.splitWord(w)
		if !ok {
			out = append(out, w)
			continue
		}
		out, changed = append(out, first, second), true
	}
	if !changed {
		return nil
	}
	return out
}

func (f *finder) splitWord(w string) (first, second string, ok bool) {
	lo, hi := f.names.wordsBeginning(w)
	if len(w) < 5 || lo < hi {
		return "", "", false
	}
	var least float32 = 2
	for at := 2; at <= len(w)-2; at++ {
		a, okA := f.names.wordID(w[:at])
		b, okB := f.names.wordID(w[at:])
		if sum := float32(0); okA && okB {
			if sum = max(f.names.rarity[a], f.names.rarity[b]); sum < least {
				least, first, second, ok = sum, w[:at], w[at:], true
			}
		}
	}
	return first, second, ok
}
