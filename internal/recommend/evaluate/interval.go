package evaluate

import "math"

// Rate is a share with its 95 % interval.
type Rate struct {
	Share, Low, High float64
	// Of is of how many the share is, as far as they tell something: see rateOf.
	Of float64
}

// z is of 95 % on both sides of the normal distribution.
const z = 1.959963984540054

// wilson gives the interval of a share of n (Wilson 1927). It stays between 0 and 1, and is not
// empty when the share is 0 or 1.
func wilson(share, n float64) Rate {
	if n <= 0 {
		return Rate{High: 1}
	}
	middle := (share + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	// Rounding must not put a share outside of its own interval.
	return Rate{Share: share, Low: min(share, max(0, middle-half)), High: max(share, min(1, middle+half)), Of: n}
}

// Difference is one share less another, with its 95 % interval.
type Difference struct {
	Value, Low, High float64
	Known            bool // there was something of both
}

// minus is a difference of shares that were measured apart (Newcombe 1998, method 10).
func (a Rate) minus(b Rate) Difference {
	d := a.Share - b.Share
	return Difference{
		Value: d,
		Low:   d - math.Hypot(a.Share-a.Low, b.High-b.Share),
		High:  d + math.Hypot(a.High-a.Share, b.Share-b.Low),
		Known: a.Of > 0 && b.Of > 0,
	}
}

// trial is something that was shown: who saw it, whether it was a success, and how much it weighs.
type trial struct {
	who    string
	won    bool
	weight float64
}

// rateOf is the weighted share of successes. What one person does is alike, and what weighs much
// counts for few, so the interval is that of as many independent trials as tell the same: of the
// variance between people, where it is larger than chance alone would make it (Kish's design effect).
func rateOf(trials []trial) Rate {
	all, won, squares := 0.0, 0.0, 0.0
	for _, t := range trials {
		all += t.weight
		squares += t.weight * t.weight
		if t.won {
			won += t.weight
		}
	}
	if all == 0 {
		return wilson(0, 0)
	}
	share := won / all
	n := all * all / squares
	var people []float64 // by how much more each had than their share, in the order of the trials
	places := map[string]int{}
	for _, t := range trials {
		more := -share
		if t.won {
			more++
		}
		at, known := places[t.who]
		if !known {
			at = len(people)
			places[t.who] = at
			people = append(people, 0)
		}
		people[at] += t.weight * more
	}
	between := 0.0
	for _, more := range people {
		between += more * more
	}
	if between > 0 && len(people) > 1 {
		between *= float64(len(people)) / float64(len(people)-1)
		n = min(n, share*(1-share)*all*all/between)
	}
	return wilson(share, n)
}
