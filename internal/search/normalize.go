package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// word is a normalized word and where it stands in the text, in runes.
type word struct {
	text       string
	start, end int
}

// normalizeWords turns text into lower-case words in Latin letters and digits.
// Scripts that need a dictionary to be read aloud (Han, Thai, Arabic, Hebrew)
// stay as they are. The text should be in form NFC.
func normalizeWords(text string) []word {
	s := scanner{runes: []rune(text)}
	for s.at < len(s.runes) {
		s.step()
	}
	s.finish(s.at)
	if len(s.words) == 0 {
		return signs(text)
	}
	return s.words
}

// signs are the words of a text that has no others: there are films called $ and ?.
func signs(text string) (words []word) {
	at := 0
	for _, r := range text {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r) || unicode.IsMark(r) || unicode.Is(unicode.Cf, r):
		case len(words) > 0 && words[len(words)-1].end == at:
			last := &words[len(words)-1]
			last.text, last.end = last.text+string(r), at+1
		default:
			words = append(words, word{string(r), at, at + 1})
		}
		at++
	}
	return words
}

// texts are the words without their places.
func texts(words []word) []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = w.text
	}
	return list
}

// normalize is normalizeWords in one string.
func normalize(text string) string {
	return strings.Join(texts(normalizeWords(norm.NFC.String(text))), " ")
}

// scanner reads runes and collects words.
type scanner struct {
	runes  []rune
	at     int
	words  []word
	now    []byte
	start  int
	dotted bool // the word so far is single letters with dots, as in E.T.
	script script
}

func (s *scanner) step() {
	r := s.runes[s.at]
	if digit, ok := digitOf(r); ok {
		s.add(digit)
		return
	}
	kind := scriptOf(r)
	// ゴジラ-1.0 and 怪物 have no spaces to say where a script ends.
	if len(s.now) > 0 && kind != s.script && kind != scriptCommon && s.script != scriptCommon {
		s.finish(s.at)
	}
	if kind != scriptCommon {
		s.script = kind
	}
	switch kind {
	case scriptIndic:
		s.run(isIndic, romanizeIndic)
	case scriptKana:
		s.run(isKana, romanizeKana)
	case scriptHangul:
		s.add(romanizeHangul(r))
	case scriptCyrillic, scriptGreek:
		s.add(inLatin(unicode.ToLower(r)))
	default:
		s.plain(r)
	}
}

// digitOf gives a decimal digit of another script as ours: ٣ and ๓ are 3. Each script has
// its ten in a row (UAX #44, Numeric_Type). Those of mathematics, five sets without a gap,
// decompose into ours.
func digitOf(r rune) (string, bool) {
	if r < utf8.RuneSelf || !unicode.IsDigit(r) {
		return "", false
	}
	if plain := norm.NFKD.String(string(r)); len(plain) == 1 {
		return plain, true
	}
	zero := r
	for unicode.IsDigit(zero-1) && r-zero < 9 {
		zero--
	}
	return string('0' + (r-zero)%10), true
}

// run hands a stretch of one script to its romanizer, since a letter there is
// read by its neighbors.
func (s *scanner) run(in func(rune) bool, romanize func([]rune) string) {
	end := s.at
	for end < len(s.runes) && in(s.runes[end]) && !unicode.IsDigit(s.runes[end]) {
		end++
	}
	latin := romanize(s.runes[s.at:end])
	if len(s.now) == 0 {
		s.start = s.at
	}
	s.now = append(s.now, latin...)
	s.at = end
}

func (s *scanner) add(latin string) {
	if len(s.now) == 0 {
		s.start, s.dotted = s.at, false
	}
	s.now = append(s.now, latin...)
	s.at++
}

// plain takes a rune that is Latin, a digit, a sign or of a script kept as is.
func (s *scanner) plain(r rune) {
	switch {
	case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9'):
		s.add(string(r))
	case r >= 'A' && r <= 'Z':
		s.add(string(r + 'a' - 'A'))
	case strings.ContainsRune("'’‘ʻʼ`´\u200c\u200d", r): // Adam's is one word
		s.at++
	case (r == '.' || r == '*') && s.singleLetters(): // E.T., M*A*S*H
		s.dotted = true
		s.at++
	case r == ',' && s.insideNumber(): // 20,000 Leagues
		s.at++
	case r == '&':
		s.finish(s.at)
		s.add("and")
		s.finish(s.at)
	case unicode.Is(unicode.Mn, r):
		s.at++
	case unicode.IsLetter(r) || unicode.IsNumber(r):
		s.decomposed(r)
	default:
		s.finish(s.at)
		s.at++
	}
}

// singleLetters says whether the word so far is letters with dots between, and
// another letter follows.
func (s *scanner) singleLetters() bool {
	if s.at+1 >= len(s.runes) || !unicode.IsLetter(s.runes[s.at+1]) {
		return false
	}
	return len(s.now) == 1 || s.dotted && s.at >= 2 && len(s.now) > 0 && !unicode.IsLetter(s.runes[s.at-2])
}

func (s *scanner) insideNumber() bool {
	return s.at > 0 && s.at+1 < len(s.runes) &&
		unicode.IsDigit(s.runes[s.at-1]) && unicode.IsDigit(s.runes[s.at+1])
}

// letterNames are Latin letters that Unicode does not take apart.
var letterNames = map[rune]string{
	'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th",
	'ß': "ss", 'ı': "i", 'ħ': "h", 'ə': "e", 'ŋ': "n", 'ŧ': "t", 'ƒ': "f",
}

// decomposed takes a letter without its accents.
func (s *scanner) decomposed(r rune) {
	r = unicode.ToLower(r)
	if name, ok := letterNames[r]; ok {
		s.add(name)
		return
	}
	plain := norm.NFKD.String(string(r))
	if above, below, ok := strings.Cut(plain, "⁄"); ok { // 9½ is 9 1 2, not 912
		s.finish(s.at)
		for _, part := range []string{above, below} {
			if part != "" { // ⅟ has nothing below
				s.words = append(s.words, word{part, s.at, s.at + 1})
			}
		}
		s.at++
		return
	}
	var letters []byte
	for _, part := range plain {
		if unicode.IsLetter(part) || unicode.IsDigit(part) {
			letters = utf8.AppendRune(letters, unicode.ToLower(part))
		}
	}
	s.add(string(letters))
}

func (s *scanner) finish(end int) {
	if len(s.now) > 0 {
		s.words = append(s.words, word{text: string(s.now), start: s.start, end: end})
	}
	s.now, s.dotted, s.script = s.now[:0], false, scriptCommon
}

// squash joins words: "spider man", "spider-man" and "spiderman" have one key.
func squash(words []string) string { return strings.Join(words, "") }
