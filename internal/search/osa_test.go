package search

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// tableDistance is the textbook's optimal string alignment: slow, and plain
// enough to trust.
func tableDistance(a, b string) (full, prefix int) {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range b {
		d[0][j+1] = j + 1
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	prefix = d[len(a)][0]
	for j := range b {
		prefix = min(prefix, d[len(a)][j+1])
	}
	return d[len(a)][len(b)], prefix
}

func TestDistanceIsTheTextbooks(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[abcd]{1,12}`)
	long := rapid.StringMatching(`[a-z]{50,64}`)
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.OneOf(word, long).Draw(t, "query")
		b := rapid.OneOf(word, long).Draw(t, "text")
		p := newPattern(a)
		full, prefix := p.distance(b)
		wantFull, wantPrefix := tableDistance(a, b)
		assert.Equal(t, wantFull, full, "%s %s", a, b)
		assert.Equal(t, wantPrefix, prefix, "%s %s", a, b)
		for k := range 5 {
			assert.Equal(t, wantFull <= k, p.near(b, k), "%s %s within %d", a, b, k)
			if wantFull <= k {
				assert.LessOrEqual(t, bagOf(a).lacks(bagOf(b)), k, "the bags hide %s from %s", b, a)
				assert.LessOrEqual(t, bagOf(b).lacks(bagOf(a)), k, "the bags hide %s from %s", b, a)
			}
			if wantPrefix <= k {
				assert.LessOrEqual(t, bagOf(a).lacks(bagOf(b)), k, "the bags hide %s from %s", b, a)
			}
		}
	})
}

func TestDistanceToNothing(t *testing.T) {
	t.Parallel()
	full, prefix := newPattern("heat").distance("")
	assert.Equal(t, []int{4, 4}, []int{full, prefix})
	full, prefix = newPattern("").distance("heat")
	assert.Equal(t, []int{4, 0}, []int{full, prefix})
}

// FuzzFind asks for anything at all: it may find nothing, and may not fail.
func FuzzFind(f *testing.F) {
	x := Build(Snapshot{Movies: corpus()})
	for _, s := range []string{"", "dune", "बाहुबली", "の", "\xff\xfe", "ा", "ー", "...", "a.b.c.", "½", "ﷺ", "\u200d", strings.Repeat("e", 200), strings.Repeat("a ", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range x.Search(Query{Text: text}).Items {
			if m.Matched == nil {
				continue
			}
			for _, r := range m.Matched.Highlights {
				if r.Start < 0 || r.End <= r.Start || r.End > len([]rune(m.Matched.Text)) {
					t.Fatalf("range %v of %q", r, m.Matched.Text)
				}
			}
		}
		x.Suggest(text, "", noon)
	})
}
