package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// script is a way of writing that is read in its own manner.
type script uint8

const (
	scriptCommon script = iota // Latin, digits, signs
	scriptIndic
	scriptKana
	scriptHangul
	scriptCyrillic
	scriptGreek
	scriptOther // kept as it is
)

func scriptOf(r rune) script {
	switch {
	case r < 0x370:
		return scriptCommon
	case isIndic(r):
		return scriptIndic
	case isKana(r):
		return scriptKana
	case r >= 0xAC00 && r <= 0xD7A3:
		return scriptHangul
	case unicode.Is(unicode.Cyrillic, r):
		return scriptCyrillic
	case unicode.Is(unicode.Greek, r):
		return scriptGreek
	case unicode.Is(unicode.Latin, r) || !unicode.IsLetter(r):
		return scriptCommon
	}
	return scriptOther
}

// alphabets are Cyrillic and Greek letters as titles are usually spelled in
// English, which is closer to what people type than any scholarly standard.
var alphabets = func() map[rune]string {
	table := map[rune]string{}
	for _, pair := range strings.Fields(`
		а:a б:b в:v г:g ґ:g д:d е:e ё:e є:ye ж:zh з:z и:i і:i ї:yi й:i к:k л:l м:m
		н:n о:o п:p р:r с:s т:t у:u ў:u ф:f х:kh ц:ts ч:ch ш:sh щ:shch ъ: ы:y ь: э:e
		ю:yu я:ya ђ:dj ј:j љ:lj њ:nj ћ:c џ:dz
		ә:a ғ:g җ:j қ:k ң:n ө:o ұ:u ү:u һ:h ҳ:h ҷ:j
		α:a ά:a β:v γ:g δ:d ε:e έ:e ζ:z η:i ή:i θ:th ι:i ί:i ϊ:i ΐ:i κ:k λ:l μ:m ν:n
		ξ:x ο:o ό:o π:p ρ:r σ:s ς:s τ:t υ:y ύ:y ϋ:y ΰ:y φ:f χ:ch ψ:ps ω:o ώ:o`) {
		letter, latin, _ := strings.Cut(pair, ":")
		table[[]rune(letter)[0]] = latin
	}
	return table
}()

// inLatin spells a letter of these alphabets. One that is missing is spelled as the letter
// without its marks, or stays as it is: no word may fall out of a title.
func inLatin(letter rune) string {
	if latin, known := alphabets[letter]; known {
		return latin
	}
	base, _ := utf8.DecodeRuneInString(norm.NFKD.String(string(letter)))
	if latin, known := alphabets[base]; known {
		return latin
	}
	return string(letter)
}

var (
	hangulInitials = strings.Split("g kk n d tt r m b pp s ss  j jj ch k t p h", " ")
	hangulMedials  = strings.Split("a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i", " ")
	hangulFinals   = strings.Split(" k k k n n n t l k m p l l p l m p p t t ng t t k t p t", " ")
)

// romanizeHangul spells a syllable by the Revised Romanization of Korean,
// without its sound changes between syllables.
func romanizeHangul(r rune) string {
	index := int(r - 0xAC00)
	return hangulInitials[index/588] + hangulMedials[index%588/28] + hangulFinals[index%28]
}

func isKana(r rune) bool { return r >= 0x3041 && r <= 0x30FE && r != '・' }

// kana is the order of the hiragana block from U+3041 on. Small vowels and the
// small ya, yu, yo carry a mark, because they change the letter before them.
var kana = strings.Fields(`~a a ~i i ~u u ~e e ~o o ka ga ki gi ku gu ke ge ko go
	sa za shi ji su zu se ze so zo ta da chi ji ~tsu tsu zu te de to do
	na ni nu ne no ha ba pa hi bi pi fu bu pu he be pe ho bo po ma mi mu me mo
	~ya ya ~yu yu ~yo yo ra ri ru re ro ~wa wa i e o n vu ka ke`)

// romanizeKana spells a run of hiragana or katakana by Hepburn, long vowels
// short, as they are on posters.
func romanizeKana(run []rune) string {
	var out []byte
	double := false
	for _, r := range run {
		if r >= 0x30A1 && r <= 0x30F6 {
			r -= 0x60 // katakana lie parallel to hiragana
		}
		index := int(r - 0x3041)
		if index < 0 || index >= len(kana) {
			continue // the long vowel mark, iteration marks
		}
		latin, small := strings.CutPrefix(kana[index], "~")
		switch {
		case latin == "tsu" && small:
			double = true
			continue
		case small && len(out) > 0:
			out = smallKana(out, latin)
		default:
			if double {
				out = append(out, latin[0])
			}
			out = append(out, latin...)
		}
		double = false
	}
	return string(out)
}

// smallKana joins a small letter to the syllable before: ki + ya is kya, shi +
// ya is sha, fu + a is fa.
func smallKana(out []byte, latin string) []byte {
	out = out[:len(out)-1]
	if latin[0] == 'y' && len(out) > 0 && (out[len(out)-1] == 'h' || out[len(out)-1] == 'j') {
		latin = latin[1:]
	}
	return append(out, latin...)
}
