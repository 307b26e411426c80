package search

import "strconv"

// numerals are ways to write a number in a title. A lone I is more often a
// pronoun, so it counts only behind another word.
var numerals = map[string]string{
	"ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9",
	"x": "10", "xi": "11", "xii": "12", "xiii": "13", "i": "1",
	"first": "1", "second": "2", "third": "3", "1st": "1", "2nd": "2", "3rd": "3",
}

var units = []string{
	"", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
	"fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
}

var tens = []string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}

// counters stand before a number and are often left out: The Godfather Part II.
var counters = map[string]bool{
	"part": true, "chapter": true, "episode": true, "volume": true, "vol": true, "pt": true,
}

// abbreviated are words that are as often written in short.
var abbreviated = map[string]string{
	"doctor": "dr", "mister": "mr", "missus": "mrs", "missis": "mrs", "saint": "st", "versus": "vs", "junior": "jr",
	"senior": "sr", "incorporated": "inc", "captain": "capt", "sergeant": "sgt", "lieutenant": "lt",
}

// cardinals are the numbers of one word.
var cardinals = func() map[string]int {
	out := map[string]int{}
	for n, w := range units[1:] {
		out[w] = n + 1
	}
	for n, w := range tens[2:] {
		out[w] = 10 * (n + 2)
	}
	return out
}()

// inShort writes every number in digits, without the word that says what it
// counts, and what can be abbreviated so; nil when that changes nothing.
func inShort(words []string) []string {
	var out []string
	changed := false
	for i := 0; i < len(words); i++ {
		w := words[i]
		n, used := numberIn(words[i:])
		roman, isRoman := numerals[w]
		switch {
		case used > 0:
			w, i = strconv.Itoa(n), i+used-1
		case isRoman && (i > 0 || len(w) > 1):
			w, used = roman, 1
		default:
			if short, ok := abbreviated[w]; ok {
				w, changed = short, true
			}
		}
		isNumber := used > 0 || w[0] >= '0' && w[0] <= '9'
		if last := len(out) - 1; isNumber && last > 0 && counters[out[last]] {
			out, changed = out[:last], true
		}
		if isNumber && andAHalf(words[i+1:]) { // as 9½ is read
			out, w, i, changed = append(out, w, "1"), "2", i+3, true
		}
		out, changed = append(out, w), changed || used > 0
	}
	if !changed {
		return nil
	}
	return out
}

func andAHalf(words []string) bool {
	return len(words) >= 3 && words[0] == "and" && words[1] == "a" && words[2] == "half"
}

// numberIn reads a number at the start of some words, and how many it takes:
// forty eight, one hundred and one, ten thousand, nineteen seventeen.
func numberIn(words []string) (n, used int) {
	if n, used = belowHundred(words); used == 0 {
		return 0, 0
	}
	if rest, more := belowHundred(words[used:]); n >= 10 && n <= 20 && rest >= 10 {
		return 100*n + rest, used + more // nineteen eighty four
	}
	for _, scale := range []struct {
		word  string
		times int
	}{{"hundred", 100}, {"thousand", 1000}} {
		if used == len(words) || words[used] != scale.word {
			continue
		}
		n, used = n*scale.times, used+1
		and := 0
		if used < len(words) && words[used] == "and" {
			and = 1
		}
		if rest, more := belowHundred(words[used+and:]); more > 0 {
			n, used = n+rest, used+and+more
		}
	}
	return n, used
}

func belowHundred(words []string) (n, used int) {
	if len(words) == 0 || cardinals[words[0]] == 0 {
		return 0, 0
	}
	n = cardinals[words[0]]
	if n >= 20 && len(words) > 1 {
		if unit := cardinals[words[1]]; unit > 0 && unit < 10 {
			return n + unit, 2
		}
	}
	return n, 1
}

// shortOf is a word as inShort writes it by itself.
func shortOf(word string) string {
	if short := inShort([]string{word}); short != nil {
		return short[0]
	}
	return word
}
