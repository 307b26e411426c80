package search

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strings"
)

// source says which of its names an owner was found by. The lower, the better
// when two names fit equally well.
type source uint8

const (
	fromName     source = iota
	fromSpelling        // the name without its article, or in short (see inShort)
	fromAlias
	fromOriginal
	fromPart  // what stands before or behind a colon
	fromSound // spelled by sound
)

// name is one way to call an owner: a movie, a person or a theater.
type name struct {
	owner  uint32
	source source
	words  []string
}

// nameIndex finds names by what is typed. Names are numbered in the order of
// their keys, so that those with a common beginning are neighbors. It never
// changes, and all of it is flat slices: the garbage collector has nothing to
// follow.
type nameIndex struct {
	keys    string // squashed, one after the other
	keyAt   []uint32
	owner   []uint32
	source  []source
	tie     []float32 // worth less than any difference in the letters
	byLen   lengths   // names by the length of their keys
	vocab   []string  // sorted
	byLenV  lengths   // words by their length
	rarity  []float32 // by word: 1 for a word of one name, towards 0 for "the"
	words   lists     // name to words
	names   lists     // word to names
	grams   lists     // trigram to names
	acronym map[string][]uint32
	pool    scratchPool
}

// lists maps small numbers to lists of them, in two slices.
type lists struct {
	at    []uint32
	items []uint32
}

func (l *lists) of(i uint32) []uint32 { return l.items[l.at[i]:l.at[i+1]] }

// newLists fills lists in two passes over pairs of (list, item), which each
// must yield in the same order both times.
func newLists(n int, each func(yield func(list, item uint32))) lists {
	l := lists{at: make([]uint32, n+1)}
	each(func(list, _ uint32) { l.at[list+1]++ })
	for i := range n {
		l.at[i+1] += l.at[i]
	}
	l.items = make([]uint32, l.at[n])
	next := slices.Clone(l.at[:n])
	each(func(list, item uint32) {
		l.items[next[list]] = item
		next[list]++
	})
	return l
}

// lengths groups numbers by the length of what they stand for, with the bag of
// letters beside each: one sequential read decides which are worth comparing.
type lengths struct {
	lists
	bags []bag
}

func newLengths(n int, text func(uint32) string) lengths {
	l := lengths{lists: newLists(maxPattern+1, func(yield func(uint32, uint32)) {
		for i := range uint32(n) {
			yield(uint32(min(len(text(i)), maxPattern)), i)
		}
	})}
	l.bags = make([]bag, n)
	for at, i := range l.items {
		l.bags[at] = bagOf(text(i))
	}
	return l
}

// close yields everything whose length and letters could be k edits from the
// query's.
func (l *lengths) close(length int, query bag, k int, yield func(uint32)) {
	lo, hi := l.at[min(max(length-k, 0), maxPattern)], l.at[min(length+k, maxPattern)+1]
	items := l.items[lo:hi]
	for at, b := range l.bags[lo:hi] {
		if query.lacks(b) <= k && b.lacks(query) <= k {
			yield(items[at])
		}
	}
}

// longer yields everything longer than the query that could begin with it, give
// or take k edits.
func (l *lengths) longer(length int, query bag, k int, yield func(uint32)) {
	lo := l.at[min(length+1, maxPattern)]
	items := l.items[lo:]
	for at, b := range l.bags[lo:] {
		if query.lacks(b) <= k {
			yield(items[at])
		}
	}
}

// newNameIndex takes how likely each owner is meant before a letter is typed,
// from 0 to 1.
func newNameIndex(list []name, prior []float32) *nameIndex {
	list = uniqueNames(list)
	x := &nameIndex{owner: make([]uint32, len(list)), source: make([]source, len(list))}
	x.layKeys(list, prior)
	x.layWords(list)
	x.layGrams()
	x.byLen = newLengths(x.size(), x.key)
	x.acronym = acronyms(list)
	return x
}

func (x *nameIndex) size() int { return len(x.owner) }

func (x *nameIndex) key(i uint32) string { return x.keys[x.keyAt[i]:x.keyAt[i+1]] }

// uniqueNames sorts by key and keeps the best source of each owner's.
func uniqueNames(list []name) []name {
	type keyed struct {
		name
		key string
	}
	all := make([]keyed, 0, len(list))
	for _, n := range list {
		if key := squash(n.words); key != "" {
			all = append(all, keyed{n, key})
		}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.owner, b.owner), cmp.Compare(a.source, b.source))
	})
	all = slices.CompactFunc(all, func(a, b keyed) bool { return a.owner == b.owner && a.key == b.key })
	out := make([]name, len(all))
	for i, k := range all {
		out[i] = k.name
	}
	return out
}

func (x *nameIndex) layKeys(list []name, prior []float32) {
	var keys strings.Builder
	x.keyAt, x.tie = make([]uint32, len(list)+1), make([]float32, len(list))
	for i, n := range list {
		for _, w := range n.words {
			keys.WriteString(w)
		}
		x.keyAt[i+1] = uint32(keys.Len())
		x.owner[i], x.source[i] = n.owner, n.source
		x.tie[i] = 0.02*prior[n.owner] - 0.002*float32(n.source)
	}
	x.keys = keys.String()
}

func (x *nameIndex) layWords(list []name) {
	seen := map[string]uint32{}
	for _, n := range list {
		for _, w := range n.words {
			seen[w]++
		}
	}
	x.vocab = make([]string, 0, len(seen))
	for w := range seen {
		x.vocab = append(x.vocab, strings.Clone(w))
	}
	slices.Sort(x.vocab)
	x.rarity = make([]float32, len(x.vocab))
	most := math.Log(1 + float64(len(list)))
	for i, w := range x.vocab {
		x.rarity[i] = float32(math.Log(1+float64(len(list))/float64(seen[w])) / most)
		seen[w] = uint32(i)
	}
	x.words = newLists(len(list), func(yield func(uint32, uint32)) {
		for i, n := range list {
			for _, w := range n.words {
				yield(uint32(i), seen[w])
			}
		}
	})
	x.names = newLists(len(x.vocab), func(yield func(uint32, uint32)) {
		for i := range list {
			ids := x.words.of(uint32(i))
			for at, id := range ids {
				if !slices.Contains(ids[:at], id) {
					yield(id, uint32(i))
				}
			}
		}
	})
	x.byLenV = newLengths(len(x.vocab), func(i uint32) string { return x.vocab[i] })
}

func (x *nameIndex) layGrams() {
	var grams []uint32
	x.grams = newLists(gramCount, func(yield func(uint32, uint32)) {
		for i := range uint32(x.size()) {
			grams = gramsOf(grams[:0], x.key(i), x.starts(i))
			for _, g := range grams {
				yield(g, i)
			}
		}
	})
}

// starts yields where the words of a name begin in its key.
func (x *nameIndex) starts(i uint32) func(func(int) bool) {
	return func(yield func(int) bool) {
		at := 0
		for _, id := range x.words.of(i) {
			if !yield(at) {
				return
			}
			at += len(x.vocab[id])
		}
	}
}

// A trigram is three bytes in 40 classes, so that its list is found without a
// map. Class 0 marks a boundary: a word's first two letters and a name's last
// two are trigrams, too.
const (
	gramBase  = 40
	gramCount = gramBase * gramBase * gramBase
)

func gramClass(c byte) uint32 {
	switch {
	case c >= 'a' && c <= 'z':
		return uint32(c-'a') + 1
	case c >= '0' && c <= '9':
		return uint32(c-'0') + 27
	}
	return 37 + uint32(c)%3
}

func gram(a, b, c uint32) uint32 { return (a*gramBase+b)*gramBase + c }

// gramsOf appends the distinct trigrams of a key.
func gramsOf(out []uint32, key string, starts func(func(int) bool)) []uint32 {
	for at := range starts {
		if at+1 < len(key) {
			out = append(out, gram(0, gramClass(key[at]), gramClass(key[at+1])))
		}
	}
	for i := 0; i+2 < len(key); i++ {
		out = append(out, gram(gramClass(key[i]), gramClass(key[i+1]), gramClass(key[i+2])))
	}
	if n := len(key); n >= 2 {
		out = append(out, gram(gramClass(key[n-2]), gramClass(key[n-1]), 0))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// acronyms maps initials to names. Small words may be left out of them.
func acronyms(list []name) map[string][]uint32 {
	small := map[string]bool{"of": true, "the": true, "and": true, "a": true, "in": true, "aur": true, "ka": true, "ki": true, "ke": true}
	out := map[string][]uint32{}
	add := func(short string, i int) {
		if len(short) >= 3 && len(short) <= 8 {
			out[short] = append(out[short], uint32(i))
		}
	}
	for i, n := range list {
		if n.source == fromSound {
			return nil
		}
		whole := initials(n.words)
		add(whole, i)
		large := slices.DeleteFunc(slices.Clone(n.words), func(w string) bool { return small[w] })
		if short := initials(large); short != whole {
			add(short, i)
		}
	}
	return out
}

// beginning is the range of names whose keys begin with s.
func (x *nameIndex) beginning(s string) (lo, hi uint32) {
	n := x.size()
	from := sort.Search(n, func(i int) bool { return x.key(uint32(i)) >= s })
	to := from + sort.Search(n-from, func(i int) bool { return !strings.HasPrefix(x.key(uint32(from+i)), s) })
	return uint32(from), uint32(to)
}

// wordsBeginning is the range of words that begin with s.
func (x *nameIndex) wordsBeginning(s string) (lo, hi uint32) {
	from := sort.SearchStrings(x.vocab, s)
	to := from + sort.Search(len(x.vocab)-from, func(i int) bool { return !strings.HasPrefix(x.vocab[from+i], s) })
	return uint32(from), uint32(to)
}

// wordID is the number of a word, if any name has it.
func (x *nameIndex) wordID(w string) (uint32, bool) {
	i, ok := slices.BinarySearch(x.vocab, w)
	return uint32(i), ok
}
