package search

import (
	"slices"
	"strconv"
	"strings"
)

// indianLanguages have no one spelling in Latin letters, so their films are
// found by sound as well.
var indianLanguages = []string{
	"as", "bn", "gu", "hi", "kn", "ml", "mr", "ne", "or", "pa", "sa", "ta", "te", "ur",
}

func isIndian(languages []string) bool {
	return slices.ContainsFunc(languages, func(l string) bool {
		base, _, _ := strings.Cut(l, "-")
		return slices.Contains(indianLanguages, base)
	})
}

// soundsLike are the spellings of one sound, the longest first.
var soundsLike = strings.NewReplacer(
	"chh", "c", "ksh", "ks", "aa", "a", "ee", "i", "ii", "i", "oo", "u", "uu", "u", "ou", "u",
	"kh", "k", "gh", "g", "ch", "c", "jh", "j", "th", "t", "dh", "d", "ph", "p", "bh", "b",
	"sh", "s", "zh", "l", "ck", "k", "c", "k", "f", "p", "w", "v", "z", "j", "q", "k", "x", "ks", "y", "i",
)

// soundOf spells a word so that its spellings meet: Dilwaale and Dilwale,
// Shakti and Sakthi, Jayenge and Jaaenge.
func soundOf(word string) string {
	folded := soundsLike.Replace(word)
	out := make([]byte, 0, len(folded))
	for i := range len(folded) {
		c := folded[i]
		if len(out) > 0 && out[len(out)-1] == c && (c < '0' || c > '9') {
			continue
		}
		if c == 'h' && i == len(folded)-1 && len(out) > 2 {
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

// soundsOf is soundOf of every word.
func soundsOf(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = soundOf(w)
	}
	return out
}

// articles that people leave out or add.
var articles = map[string]bool{
	"the": true, "a": true, "an": true, "le": true, "la": true, "les": true, "l": true, "un": true,
	"une": true, "el": true, "los": true, "las": true, "il": true, "lo": true, "der": true,
	"die": true, "das": true, "ein": true, "eine": true, "o": true, "os": true,
}

// withoutArticle drops a leading article, unless nothing else is there.
func withoutArticle(words []string) []string {
	if len(words) > 1 && articles[words[0]] {
		return words[1:]
	}
	return words
}

// withoutAnd drops "and", which "&" was read as: people type qa for Q&A.
func withoutAnd(words []string) []string {
	out := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "and" })
	if len(out) == 0 || len(out) == len(words) {
		return words
	}
	return out
}

// initials of a title without its leading article: lotr.
func initials(words []string) string {
	words = withoutArticle(words)
	if len(words) < 3 {
		return ""
	}
	out := make([]byte, 0, len(words))
	for _, w := range words {
		if w[0] < '0' || w[0] > 'z' {
			return ""
		}
		out = append(out, w[0])
	}
	return string(out)
}

// yearIn is the year that a query names beside other words, and the words
// without it.
func yearIn(words []string) (year int, rest []string) {
	for i := len(words) - 1; i >= 0 && len(words) > 1; i-- {
		if y := asYear(words[i]); y != 0 {
			return y, slices.Delete(slices.Clone(words), i, i+1)
		}
	}
	return 0, nil
}

func asYear(w string) int {
	if len(w) != 4 || w[:2] != "18" && w[:2] != "19" && w[:2] != "20" {
		return 0
	}
	year, err := strconv.Atoi(w)
	if err != nil {
		return 0
	}
	return year
}
