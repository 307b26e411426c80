package search

import (
	"cmp"
	"slices"
)

// best keeps the n highest of a stream in a heap whose root is the lowest.
type best struct {
	n    int
	heap []scored
}

type scored struct {
	name  uint32
	score float32
}

func newBest(n int) *best { return &best{n: n, heap: make([]scored, 0, n)} }

func (b *best) full() bool { return len(b.heap) == b.n }

// least is the score that a newcomer has to beat once it is full.
func (b *best) least() float32 { return b.heap[0].score }

func (b *best) add(name uint32, score float32) {
	switch {
	case len(b.heap) < b.n:
		b.heap = append(b.heap, scored{name, score})
		if len(b.heap) == b.n {
			slices.SortFunc(b.heap, func(x, y scored) int { return cmp.Compare(x.score, y.score) })
		}
	case score > b.heap[0].score:
		b.heap[0] = scored{name, score}
		b.sink()
	}
}

func (b *best) sink() {
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(b.heap); child++ {
			if b.heap[child].score < b.heap[least].score {
				least = child
			}
		}
		if least == i {
			return
		}
		b.heap[i], b.heap[least] = b.heap[least], b.heap[i]
		i = least
	}
}

func (b *best) names() []uint32 {
	out := make([]uint32, len(b.heap))
	for i, s := range b.heap {
		out[i] = s.name
	}
	return out
}
