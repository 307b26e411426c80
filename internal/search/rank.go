package search

import "strings"

// textQuery is one reading of what was typed.
type textQuery struct {
	reading
	key     string
	bag     bag
	pattern *pattern
}

func newTextQuery(r reading) *textQuery {
	key := squash(r.words)
	return &textQuery{reading: r, key: key, bag: bagOf(key), pattern: newPattern(key)}
}

func (q *textQuery) starts(yield func(int) bool) {
	at := 0
	for _, w := range q.words {
		if !yield(at) {
			return
		}
		at += len(w)
	}
}

// Scores go from 0 to 1. A whole name is worth 1; a beginning more the more of
// it is typed; a typo costs its share of the length; words that are there in
// another order or among others are worth less than all of these.
const (
	scoreSure     = 0.95 // from here on no other reading is tried
	scoreFair     = 0.80 // from here on the article is taken as typed
	scoreAccepted = 0.50 // below, a name is not an answer
	scoreHint     = 0.36 // below, it is not even a suggestion
)

// match is how well a name fits.
type match struct {
	score float32
	typo  bool // something had to be corrected
}

// beginningScore is for a name of which so much is typed. While little is,
// being well known says more than being nearly complete.
func (x *nameIndex) beginningScore(i uint32, typed, whole int) float32 {
	return 0.80 + 0.085*float32(typed)/float32(whole) + 5*x.tie[i]
}

// wordEnds says whether a word of the name ends so many bytes from its start.
func (x *nameIndex) wordEnds(i uint32, at int) bool {
	for start := range x.starts(i) {
		if start == at {
			return true
		}
	}
	return false
}

// runOver is what a beginning loses whose words end elsewhere than those typed:
// "ther" is rather There's Something than The Ring, and "star " no Stargate. Where
// all end alike it gains: "star" is rather Star Wars.
func (x *nameIndex) runOver(q *textQuery, i uint32) float32 {
	var typed, named uint64
	for at := range q.starts {
		typed |= 1 << min(at, 63)
	}
	seen := len(q.key)
	if q.ended {
		typed |= 1 << min(seen, 63)
		seen++
	}
	for at := range x.starts(i) {
		if at < seen {
			named |= 1 << min(at, 63)
		}
	}
	if typed == named {
		if x.wordEnds(i, len(q.key)) {
			return -0.02
		}
		return 0
	}
	return 0.03
}

// rank scores every proposed name and yields those that could be meant.
func (x *nameIndex) rank(q *textQuery, s *scratch, yield func(name uint32, m match)) {
	var total float32
	for _, t := range s.tokens {
		total += t.weight
	}
	for _, i := range s.list {
		m := x.likeText(q, i)
		if m.score < 0.93 {
			if byWords := x.likeWords(s, i, total); byWords.score > m.score {
				m = byWords
				m.score += 2 * x.tie[i]
			}
		}
		if m.score >= scoreHint {
			m.score += x.tie[i]
			yield(i, m)
		}
	}
}

// likeText compares letters, blind to spaces.
func (x *nameIndex) likeText(q *textQuery, i uint32) match {
	key := x.key(i)
	m, n := len(q.key), len(key)
	if strings.HasPrefix(key, q.key) {
		switch {
		case m == n:
			return match{score: 1}
		case q.whole && !x.wordEnds(i, m): // five does not begin 54, nor saint Star Wars
			return match{}
		}
		return match{score: x.beginningScore(i, m, n) - x.runOver(q, i)}
	}
	if m > maxPattern { // compare what fits into a word, both sides
		m, key = maxPattern, key[:min(n, maxPattern)]
		n = len(key)
	}
	full, prefix := q.pattern.distance(key)
	k := editsAllowed(m)
	var score float32
	if full <= k {
		score = 0.97 - 1.1*float32(full)/float32(max(m, n))
	}
	if prefix <= min(k, 1+m/8) && m >= 4 {
		score = max(score, x.beginningScore(i, m, n)-0.03-1.1*float32(prefix)/float32(m))
	}
	return match{score: score, typo: true}
}

// likeWords compares word by word: how much of the query the name covers, and
// how much of the name the query does.
func (x *nameIndex) likeWords(s *scratch, i uint32, total float32) match {
	var like [maxTokens]uint8
	var typos uint16
	var used, whole float32
	for _, id := range x.words.of(i) {
		rarity := x.rarity[id]
		whole += rarity
		slot := s.slot[id]
		if slot == 0 {
			continue
		}
		f := &s.fits[slot-1]
		var top uint8
		for t := range s.tokens {
			l := f.like[t]
			top = max(top, l)
			if l > like[t] {
				like[t] = l
				typos = typos&^(1<<t) | f.typo&(1<<t)
			}
		}
		used += rarity * float32(top) / 255
	}
	var covered float32
	for t := range s.tokens {
		covered += s.tokens[t].weight * float32(like[t]) / 255
	}
	if total == 0 || whole == 0 {
		return match{}
	}
	covered /= total
	return match{score: 0.90 * covered * covered * (0.8 + 0.2*used/whole), typo: typos != 0}
}
