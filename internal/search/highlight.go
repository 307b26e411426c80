package search

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// highlight finds what was typed in a text, as ranges of its characters. What
// had to be corrected is marked as the whole word.
func highlight(text string, typed []string) []span {
	words := normalizeWords(norm.NFC.String(text))
	together, count := runTogether(words, squash(typed))
	if count > 0 && count != len(typed) { // old boy for Oldboy
		return together
	}
	wrong := notIn(words, typed)
	out := []span{}
	for i, w := range words {
		if end := markedTo(w, typed, wrong); end > w.start {
			out = append(out, span{w.start, end})
		} else if i > 0 && slices.Contains(typed, words[i-1].text+w.text) {
			out = append(out, span{words[i-1].start, w.end})
		}
	}
	return merge(out)
}

// notIn marks the typed words that no word of the text begins with.
func notIn(words []word, typed []string) []bool {
	out := make([]bool, len(typed))
	for i, t := range typed {
		out[i] = !slices.ContainsFunc(words, func(w word) bool { return strings.HasPrefix(w.text, t) })
	}
	return out
}

// markedTo is where the mark of a word ends; its start when it has none.
func markedTo(w word, typed []string, wrong []bool) int {
	end := w.start
	for i, t := range typed {
		last := i == len(typed)-1
		switch {
		case t == w.text || shortOf(t) == shortOf(w.text):
			return w.end
		case len(w.text) >= 3 && strings.HasPrefix(t, w.text):
			end = w.end // a part of what was typed as one word
		case strings.HasPrefix(w.text, t) && (last || len(t) >= 3):
			if w.end-w.start == len(w.text) { // letter by letter
				end = max(end, w.start+len(t))
			} else {
				end = w.end
			}
		case wrong[i] && len(t) >= 3:
			full, prefix := newPattern(t).distance(w.text)
			if k := min(editsAllowed(len(t)), 2); full <= k || last && len(t) >= 4 && prefix <= 1 {
				end = w.end
			}
		}
	}
	return end
}

// runTogether marks the words that begin what was typed without spaces, and
// says how many they are.
func runTogether(words []word, key string) ([]span, int) {
	for first := range words {
		rest := key
		for at := first; at < len(words); at++ {
			if strings.HasPrefix(words[at].text, rest) {
				return []span{{words[first].start, words[at].end}}, at - first + 1
			}
			var ok bool
			if rest, ok = strings.CutPrefix(rest, words[at].text); !ok {
				break
			}
		}
	}
	return nil, 0
}

// merge joins ranges that overlap; they come in order of their ends.
func merge(list []span) []span {
	out := []span{}
	for _, r := range list {
		for len(out) > 0 && r.Start < out[len(out)-1].End {
			r.Start = min(r.Start, out[len(out)-1].Start)
			out = out[:len(out)-1]
		}
		out = append(out, r)
	}
	return out
}
