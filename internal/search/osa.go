package search

import (
	"math"
	"math/bits"
)

// maxPattern is how many bytes of a query are compared: the width of a machine
// word, in which all rows of the distance table are computed at once.
const maxPattern = 64

// pattern is a query prepared for distance: bit i of eq[c] says that byte i of
// the query is c.
type pattern struct {
	eq  [256]uint64
	len int
}

func newPattern(s string) *pattern {
	p := &pattern{}
	if len(s) > maxPattern {
		s = s[:maxPattern]
	}
	p.len = len(s)
	for i := range len(s) {
		p.eq[s[i]] |= 1 << i
	}
	return p
}

// distance is the optimal string alignment distance (insertions, deletions,
// substitutions and swaps of neighbors) of the pattern to text, and the least
// distance to any beginning of text. The first is how far a finished word is
// off, the second how far one still being typed is.
func (p *pattern) distance(text string) (full, prefix int) { return p.align(text, math.MaxInt) }

// near says whether the distance to text is at most k.
func (p *pattern) near(text string, k int) bool {
	full, _ := p.align(text, k)
	return full <= k
}

// align gives the two distances. It gives up as soon as the first must be more than
// most, and then gives some number above most.
//
// It is Hyyrö's bit-vector algorithm ("A bit-vector algorithm for computing
// Levenshtein and Damerau edit distances", 2003): a column per byte of text.
func (p *pattern) align(text string, most int) (full, prefix int) {
	full, prefix = p.len, p.len
	if p.len == 0 {
		return len(text), 0
	}
	vp, vn := ^uint64(0), uint64(0)
	var d0, before uint64
	last := uint64(1) << (p.len - 1)
	for i := range len(text) {
		eq := p.eq[text[i]]
		swap := ((^d0 & eq) << 1) & before
		d0 = (((eq & vp) + vp) ^ vp) | eq | vn | swap
		hp := vn | ^(d0 | vp)
		hn := d0 & vp
		if hp&last != 0 {
			full++
		}
		if hn&last != 0 {
			full--
		}
		if full-(len(text)-1-i) > most { // each byte to come lowers it by one at most
			return full, prefix
		}
		prefix = min(prefix, full)
		hp = hp<<1 | 1
		hn <<= 1
		vp = hn | ^(d0 | hp)
		vn = hp & d0
		before = eq
	}
	return full, prefix
}

// bag is which letters a word has, and which of them more than once, as bits.
// An edit takes at most one letter out and puts at most one in, so bags that
// differ by more than k on a side rule out k edits at the price of two
// instructions.
type bag uint64

const repeated = 26 // bits of letters seen again are so much higher

func bagOf(s string) bag {
	var b bag
	for i := range len(s) {
		bit := letterBits[s[i]]
		if b&bit != 0 && s[i] >= 'a' && s[i] <= 'z' {
			bit <<= repeated
		}
		b |= bit
	}
	return b
}

// letterBits gives letters and digits a bit each; all other bytes share two.
var letterBits = func() (table [256]bag) {
	for c := range 256 {
		switch {
		case c >= 'a' && c <= 'z':
			table[c] = 1 << (c - 'a')
		case c >= '0' && c <= '9':
			table[c] = 1 << (2*repeated + c - '0')
		default:
			table[c] = 1 << (62 + c%2)
		}
	}
	return table
}()

// lacks is how many letters of b are not in other.
func (b bag) lacks(other bag) int { return bits.OnesCount64(uint64(b &^ other)) }
