package search

import (
	"slices"
	"sync"
)

const (
	// maxTokens bounds the work that one query can cause.
	maxTokens = 10
	// shortlist is how many names each way of looking proposes at most.
	shortlist = 200
	// maxPostings is how many names of the words that fit are counted.
	maxPostings = 24_000
)

// scratch is what one query needs of working space. Queries borrow it, since a
// fresh set for each would be most of the cost.
type scratch struct {
	counts  []uint8   // by name: shared trigrams
	covered []float32 // by name: weight of the query's words it has
	token   []uint8   // by name: the token that was counted last, from 1
	queued  []bool    // by name: is in list
	list    []uint32  // names to rank
	touched []uint32
	slot    []uint16 // by word: its place in fits, from 1
	fits    []fit
	tokens  []token
	grams   []uint32
}

type scratchPool struct{ pool sync.Pool }

func (p *scratchPool) get(names, words int) *scratch {
	if s, ok := p.pool.Get().(*scratch); ok {
		return s
	}
	return &scratch{
		counts: make([]uint8, names), covered: make([]float32, names),
		token: make([]uint8, names), queued: make([]bool, names), slot: make([]uint16, words),
	}
}

// put gives the space back, cleaned of what this query wrote and no more.
func (p *scratchPool) put(s *scratch) {
	for _, i := range s.list {
		s.queued[i] = false
	}
	for _, i := range s.touched {
		s.covered[i], s.token[i] = 0, 0
	}
	for _, f := range s.fits {
		s.slot[f.word] = 0
	}
	s.list, s.touched, s.fits, s.tokens = s.list[:0], s.touched[:0], s.fits[:0], s.tokens[:0]
	p.pool.Put(s)
}

func (s *scratch) propose(i uint32) {
	if !s.queued[i] {
		s.queued[i] = true
		s.list = append(s.list, i)
	}
}

// token is a word of the query.
type token struct {
	text   string
	weight float32 // how much of the query's meaning it carries
	last   bool    // may still be being typed
}

// fit is a word of the index that some tokens could mean, and how well: 255 is
// the word itself. Bit t of typo says that token t has to be corrected for it.
type fit struct {
	word uint32
	typo uint16
	like [maxTokens]uint8
}

func (s *scratch) fit(t int, word uint32, like float32, typo bool) {
	if s.slot[word] == 0 {
		if len(s.fits) == 1<<16-1 {
			return
		}
		s.fits = append(s.fits, fit{word: word})
		s.slot[word] = uint16(len(s.fits))
	}
	f := &s.fits[s.slot[word]-1]
	if l := uint8(like * 255); l > f.like[t] {
		f.like[t] = l
		f.typo &^= 1 << t
		if typo {
			f.typo |= 1 << t
		}
	}
}

// editsAllowed is how many typos a text of so many bytes may have.
func editsAllowed(n int) int {
	switch {
	case n < 3:
		return 0
	case n < 5:
		return 1
	case n < 12:
		return 2
	case n < 24:
		return 3
	}
	return 4
}

// propose collects every name that the query could mean.
func (x *nameIndex) propose(q *textQuery, s *scratch) {
	x.proposeBeginnings(q, s)
	x.proposeClose(q, s)
	x.fitTokens(q, s)
	x.proposeByWords(s)
	x.proposeByGrams(q, s)
}

// proposeBeginnings takes names that begin with the query; of very many, those
// that are completed soonest and known best.
func (x *nameIndex) proposeBeginnings(q *textQuery, s *scratch) {
	lo, hi := x.beginning(q.key)
	if hi-lo <= shortlist {
		for i := lo; i < hi; i++ {
			s.propose(i)
		}
		return
	}
	best := newBest(shortlist)
	for i := lo; i < hi; i++ {
		best.add(i, x.beginningScore(i, len(q.key), len(x.key(i))))
	}
	for _, i := range best.names() {
		s.propose(i)
	}
}

// proposeClose takes every name within a few edits of the query. Comparing sets
// of letters first leaves so few that looking at all of them beats any
// neighborhood index, and misses none.
func (x *nameIndex) proposeClose(q *textQuery, s *scratch) {
	k := editsAllowed(len(q.key))
	if k == 0 {
		return
	}
	x.byLen.close(q.pattern.len, q.bag, k, func(i uint32) {
		if key := x.key(i); q.pattern.near(key[:min(len(key), maxPattern)], k) {
			s.propose(i)
		}
	})
}

// fitTokens finds the words that each token could mean.
func (x *nameIndex) fitTokens(q *textQuery, s *scratch) {
	words := q.words[:min(len(q.words), maxTokens)]
	for t, w := range words {
		tok := token{text: w, weight: 1, last: t == len(words)-1 && !q.ended && !q.whole}
		if id, ok := x.wordID(w); ok {
			tok.weight = x.rarity[id]
			s.fit(t, id, 1, false)
		}
		if tok.last {
			tok.weight *= 0.3 + 0.7*min(1, float32(len(w))/4)
		}
		s.tokens = append(s.tokens, tok)
		if tok.last || t < len(words)-1 {
			x.fitBeginnings(t, tok, s)
		}
		x.fitTypos(t, tok, s)
		if t > 0 { // "spider man" for Spiderman
			if id, ok := x.wordID(words[t-1] + w); ok {
				s.fit(t-1, id, 0.97, false)
				s.fit(t, id, 0.97, false)
			}
		}
	}
}

func (x *nameIndex) fitBeginnings(t int, tok token, s *scratch) {
	if !tok.last && len(tok.text) < 3 {
		return
	}
	lo, hi := x.wordsBeginning(tok.text)
	for id := lo; id < hi; id++ {
		s.fit(t, id, likeBeginning(tok, len(x.vocab[id])), false)
	}
}

// likeBeginning is how well a token fits a longer word that it begins.
func likeBeginning(tok token, n int) float32 {
	like := 0.80 + 0.18*float32(len(tok.text))/float32(n)
	if !tok.last {
		like -= 0.2
	}
	return like
}

func (x *nameIndex) fitTypos(t int, tok token, s *scratch) {
	n := min(len(tok.text), maxPattern)
	k := min(editsAllowed(n), 2)
	if k == 0 {
		return
	}
	p, letters := newPattern(tok.text), bagOf(tok.text)
	x.byLenV.close(n, letters, k, func(id uint32) {
		w := x.vocab[id]
		if full, _ := p.distance(w); full > 0 && full <= k {
			s.fit(t, id, 1-1.25*float32(full)/float32(max(n, len(w))), true)
		}
	})
	if !tok.last || n < 4 {
		return
	}
	k = 1 + n/8
	x.byLenV.longer(n, letters, k, func(id uint32) {
		w := x.vocab[id]
		if _, prefix := p.distance(w); prefix > 0 && prefix <= k {
			s.fit(t, id, likeBeginning(tok, len(w))-1.2*float32(prefix)/float32(n), true)
		}
	})
}

// proposeByWords takes the names that cover most of the query by their words.
// Rare words count first, so that a budget of postings is spent where it
// decides most.
func (x *nameIndex) proposeByWords(s *scratch) {
	order := make([]int, len(s.tokens))
	for t := range order {
		order[t] = t
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return int(1e6 * (s.tokens[b].weight - s.tokens[a].weight))
	})
	budget := maxPostings
	for _, t := range order {
		budget = x.countToken(t, budget, s)
		if budget < 0 {
			break
		}
	}
	best := newBest(shortlist)
	for _, i := range s.touched {
		if best.full() && s.covered[i]+0.01 < best.least() {
			continue
		}
		best.add(i, s.covered[i]+0.01*x.tie[i]-0.002*float32(len(x.words.of(i))))
	}
	for _, i := range best.names() {
		s.propose(i)
	}
}

func (x *nameIndex) countToken(t, budget int, s *scratch) int {
	type option struct {
		word uint32
		like uint8
	}
	options := make([]option, 0, 64)
	for i := range s.fits {
		if l := s.fits[i].like[t]; l > 0 {
			options = append(options, option{s.fits[i].word, l})
		}
	}
	slices.SortFunc(options, func(a, b option) int { return int(b.like) - int(a.like) })
	for _, o := range options {
		list := x.names.of(o.word)
		if budget -= len(list); budget < 0 && len(s.touched) > 0 {
			return budget
		}
		gain := s.tokens[t].weight * float32(o.like) / 255
		for _, i := range list {
			if s.token[i] == uint8(t+1) {
				continue // a better word of the same name has counted
			}
			if s.token[i] == 0 {
				s.touched = append(s.touched, i)
			}
			s.token[i] = uint8(t + 1)
			s.covered[i] += gain
		}
	}
	return budget
}

// proposeByGrams takes the names that share most trigrams with the query: it
// sees what words do not, such as words run together with a typo.
func (x *nameIndex) proposeByGrams(q *textQuery, s *scratch) {
	s.grams = gramsOf(s.grams[:0], q.key, q.starts)
	common := x.size()/8 + 50
	used := 0
	var reached [257]int // by count: how many names have got so far
	for _, g := range s.grams {
		list := x.grams.of(g)
		if len(list) > common || len(list) == 0 {
			continue
		}
		used++
		for _, i := range list {
			s.counts[i]++
			reached[s.counts[i]]++
		}
	}
	if least := gramThreshold(&reached, used); used >= 2 {
		for i, c := range s.counts {
			if c >= least {
				s.propose(uint32(i))
			}
		}
	}
	clear(s.counts)
}

// gramThreshold is the least count that keeps the list short; two in five of
// the query's trigrams at any rate.
func gramThreshold(reached *[257]int, used int) uint8 {
	least := max(2, used*2/5)
	for least < 255 && reached[least] > shortlist {
		least++
	}
	return uint8(least)
}
