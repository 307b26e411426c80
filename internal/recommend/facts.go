package recommend

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"gonum.org/v1/gonum/floats"
)

// Film is a film and what is known about it before its first show.
type Film struct {
	ID string
	Facts
}

// Facts are what is known about a film before its first show. Each may be empty.
type Facts struct {
	Genres    []string
	Languages []string
	Directors []string
	Cast      []string
	Franchise string
	Year      int
	Synopsis  string

	prepared []string // see Prepared
}

// familyGenres are genres that parents book for their children.
var familyGenres = []string{"family", "animation", "animated", "children"}

// Family says that a film is made for children and the people who take them.
func (f Facts) Family() bool {
	return slices.ContainsFunc(f.Genres, func(genre string) bool { return slices.Contains(familyGenres, strings.ToLower(genre)) })
}

// Prepared are the same facts, ready for many lists: each list asks for their words. They must not be
// changed afterwards.
func (f Facts) Prepared() Facts {
	f.prepared = append([]string{}, f.words()...)
	return f
}

// words are the facts as the model counts them, each once, for example genre:drama. Two genres
// together are a word of their own. A film has the words of the years around it, too, so that a
// film of this year shares words with those of the last one.
func (f Facts) words() []string {
	if f.prepared != nil {
		return f.prepared
	}
	var words []string
	seen := map[string]bool{}
	add := func(kind, name string) {
		name = strings.ToLower(strings.TrimSpace(name))
		if word := kind + ":" + name; name != "" && !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
	for i, genre := range f.Genres {
		add("genre", genre)
		genre = strings.ToLower(strings.TrimSpace(genre))
		for _, other := range f.Genres[:i] {
			other = strings.ToLower(strings.TrimSpace(other))
			add("genres", min(genre, other)+"+"+max(genre, other))
		}
	}
	for kind, names := range map[string][]string{"language": f.Languages, "director": f.Directors, "cast": f.Cast} {
		for _, name := range names {
			add(kind, name)
		}
	}
	add("franchise", f.Franchise)
	if f.Year != 0 {
		add("decade", strconv.Itoa(f.Year/10*10))
		for year := f.Year - 1; year <= f.Year+1; year++ {
			add("year", strconv.Itoa(year))
		}
	}
	for _, word := range strings.FieldsFunc(f.Synopsis, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		if len([]rune(word)) > 3 { // shorter ones are articles and the like in most languages
			add("word", word)
		}
	}
	slices.Sort(words)
	return words
}

// tastes predicts from facts who likes a film. It is ridge regression: a person's weights of the
// facts are T·F'x, with F the films' facts, x what the person has seen, T = (F'F + lambda·I)^-1.
type tastes struct {
	Words   []string  // of the facts that count, sorted
	Known   []float32 // T, its lower half by lines
	Popular []float32 // by fact: how popular its films are, by the same regression

	index map[string]int32
	whole []float32 // T with both halves, so that a line is in one piece
}

// factsOf are the places of a film's facts. The last place is every film's.
func (t *tastes) factsOf(f Facts) []int32 {
	var facts []int32
	for _, word := range f.words() {
		if at, ok := t.index[word]; ok {
			facts = append(facts, at)
		}
	}
	return append(facts, int32(len(t.Words)))
}

// learnTastes finds the facts that count, and T.
func learnTastes(ctx context.Context, films []Film, counts []int32, o Options, done *progress) (*tastes, error) {
	done.begin("learning from the films' facts", 0.05, blocksOf(o.MaxFacts+1))
	t := &tastes{Words: factsThatCount(films, o)}
	t.prepare() // T is not known yet
	size := len(t.Words) + 1
	p := &inverse{side: size, dense: make([]float64, size*size)}
	known := make([]float64, size)
	for i, film := range films {
		facts := t.factsOf(film.Facts)
		for _, a := range facts {
			for _, b := range facts {
				p.dense[int(a)*size+int(b)]++
			}
			known[a] += math.Log1p(float64(counts[i]))
		}
	}
	for i := range size {
		p.dense[i*size+i] += o.FactsLambda
	}
	if err := p.solve(ctx, done.step); err != nil {
		return nil, err
	}
	t.Known = make([]float32, 0, size*(size+1)/2)
	t.Popular = make([]float32, size)
	for i := range size {
		for _, w := range p.line(i)[:i+1] {
			t.Known = append(t.Known, float32(w))
		}
		t.Popular[i] = float32(floats.Dot(p.line(i), known))
	}
	t.prepare()
	return t, nil
}

// factsThatCount are those of several films, the most frequent if there are too many.
func factsThatCount(films []Film, o Options) []string {
	counts := map[string]int{}
	for _, film := range films {
		for _, word := range film.words() {
			counts[word]++
		}
	}
	var words []string
	for word, n := range counts {
		if n > 1 && (n <= len(films)/5 || !strings.HasPrefix(word, "word:")) { // a word of so many says nothing
			words = append(words, word)
		}
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	words = slices.Clone(words[:min(len(words), o.MaxFacts)])
	slices.Sort(words)
	return words
}

// prepare makes what is not kept in a file.
func (t *tastes) prepare() {
	t.index = make(map[string]int32, len(t.Words))
	for i, word := range t.Words {
		t.index[word] = int32(i)
	}
	size := len(t.Words) + 1
	t.whole = make([]float32, size*size)
	for i, from := 0, 0; i < size && from < len(t.Known); i++ {
		for j, w := range t.Known[from : from+i+1] {
			t.whole[i*size+j], t.whole[j*size+i] = w, w
		}
		from += i + 1
	}
}

// line is what T says of a fact.
func (t *tastes) line(fact int32) []float32 {
	size := len(t.Words) + 1
	return t.whole[int(fact)*size : (int(fact)+1)*size]
}

// of are a person's weights of all facts, from sums of what they saw by fact.
func (t *tastes) of(sums map[int32]float64) []float64 {
	out := make([]float64, len(t.Words)+1)
	for _, fact := range slices.Sorted(maps.Keys(sums)) { // in one order, so that rounding is the same
		sum := sums[fact]
		for j, w := range t.line(fact) {
			out[j] += sum * float64(w)
		}
	}
	return out
}

// similar are, for each film, the most similar other ones by facts that they share: the cosine, with
// rare facts weighing more.
func similar(t *tastes, films []Film, most int) []weights {
	facts := make([][]int32, len(films))
	having := make([][]int32, len(t.Words))
	for i, film := range films {
		all := t.factsOf(film.Facts)
		facts[i] = all[:len(all)-1]
		for _, fact := range facts[i] {
			having[fact] = append(having[fact], int32(i))
		}
	}
	rare := make([]float64, len(having))
	for i, list := range having {
		rare[i] = math.Pow(math.Log(float64(len(films)+1)/float64(len(list)+1)), 2)
	}
	norms := make([]float64, len(films))
	for i, list := range facts {
		for _, fact := range list {
			norms[i] += rare[fact]
		}
	}
	out := make([]weights, len(films))
	each(len(films), func() func(int) {
		sums := make([]float64, len(films))
		var picker picker
		return func(film int) {
			clear(sums)
			for _, fact := range facts[film] {
				for _, other := range having[fact] {
					sums[other] += rare[fact]
				}
			}
			sums[film] = 0
			for other, sum := range sums {
				if sum > 0 {
					sums[other] = sum / math.Sqrt(norms[film]*norms[other])
				}
			}
			out[film] = picker.largest(sums, most)
		}
	})
	return out
}
