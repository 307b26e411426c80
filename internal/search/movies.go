package search

import (
	"math"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// namesOf lists every way to call a movie, and those by sound.
func namesOf(owner uint32, m Movie) (list, sounds []name) {
	indian := isIndian(m.Languages)
	add := func(text string, from, changed source) {
		words := texts(normalizeWords(norm.NFC.String(text)))
		if len(words) == 0 {
			return
		}
		for i, w := range spellings(words, strings.Contains(text, "&")) {
			if i == 0 {
				list = append(list, name{owner, from, w})
			} else {
				list = append(list, name{owner, max(from, changed), w})
			}
		}
		if indian {
			sounds = append(sounds, name{owner, fromSound, soundsOf(words)})
		}
	}
	add(m.Title, fromName, fromSpelling)
	for _, a := range m.Aliases {
		add(a, fromAlias, fromAlias)
	}
	if m.OriginalTitle != m.Title {
		add(m.OriginalTitle, fromOriginal, fromOriginal)
	}
	for _, part := range parts(m.Title) {
		add(part, fromPart, fromPart)
	}
	return list, sounds
}

// spellings of a name: as it is, without its article, in short, and without
// the word that "&" was read as.
func spellings(words []string, ampersand bool) [][]string {
	out := [][]string{words}
	if bare := withoutArticle(words); len(bare) < len(words) {
		out = append(out, bare)
	}
	for _, w := range out {
		if short := inShort(w); short != nil {
			out = append(out, short)
		}
	}
	if ampersand {
		out = append(out, withoutAnd(words))
	}
	return out
}

// parts of a title around a colon or a dash, each of which people take for the
// whole.
func parts(title string) []string {
	var out []string
	for _, mark := range []string{": ", " – ", " - "} {
		if before, after, ok := strings.Cut(title, mark); ok && len(before) > 2 && len(after) > 2 {
			out = append(out, before, after)
		}
	}
	return out
}

// priorOf is how likely a film is meant before a letter is typed: mostly its
// popularity, then how new it is.
func priorOf(m Movie) float32 {
	recency := math.Min(math.Max(float64(m.Year-1900)/150, 0), 1)
	popularity := math.Min(math.Max(m.Popularity, 0), 100) / 100
	return float32(0.9*math.Sqrt(popularity) + 0.1*recency)
}

// movieFinder indexes movies by every name.
func movieFinder(movies []Movie) *finder {
	var names, sounds []name
	prior, years := make([]float32, len(movies)), make([]int, len(movies))
	for i, m := range movies {
		n, s := namesOf(uint32(i), m)
		names, sounds = append(names, n...), append(sounds, s...)
		prior[i], years[i] = priorOf(m), m.Year
	}
	return newFinder(names, sounds, prior, years)
}
