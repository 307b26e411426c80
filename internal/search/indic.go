package search

import "strings"

// isIndic covers the nine scripts from Devanagari to Malayalam. Their blocks
// are laid out in parallel (ISCII), so that one table reads them all.
func isIndic(r rune) bool {
	return r >= 0x900 && r <= 0xD7F || r == 0x200C || r == 0x200D
}

// indicLetters are the sounds at each offset of a block. Long vowels are short
// here, because posters spell them either way; spelling.go meets the others.
var indicLetters = func() (table [128]string) {
	for offset, sounds := range map[int]string{
		0x05: "a a i i u u ri li e e e ai o o o au",
		0x15: "k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l zh v sh sh s h",
		0x3E: "a i i u u ri ri e e e ai o o o au",
		0x58: "k kh g z d dh f y",
		0x66: "0 1 2 3 4 5 6 7 8 9",
		0x7A: "n n r l l k", // Malayalam consonants that never carry a vowel
	} {
		for i, sound := range strings.Fields(sounds) {
			table[offset+i] = sound
		}
	}
	return table
}()

const (
	indicNasalTop = 0x01
	indicNasal    = 0x02
	indicBreath   = 0x03
	indicDot      = 0x3C
	indicNoVowel  = 0x4D
	indicTippi    = 0x70 // Gurmukhi
)

// syllable is a consonant with its vowel; either may be missing.
type syllable struct {
	consonant, vowel, nasal string
	inherent                bool // the vowel is the unwritten a
}

// romanizeIndic spells a word as people type it: "बाहुबली" is bahubali.
func romanizeIndic(run []rune) string {
	list := indicSyllables(run)
	if len(run) > 0 && dropsSchwa(run[0]) {
		dropSchwas(list)
	}
	var out strings.Builder
	for i, s := range list {
		out.WriteString(s.consonant)
		out.WriteString(s.vowel)
		if s.nasal == "n" && i+1 < len(list) && strings.IndexAny(list[i+1].consonant, "bp") == 0 {
			s.nasal = "m"
		}
		out.WriteString(s.nasal)
	}
	return out.String()
}

func indicSyllables(run []rune) []syllable {
	list := make([]syllable, 0, len(run))
	for _, r := range run {
		offset := int(r) & 0x7F
		sound := indicLetters[offset]
		var last *syllable
		if len(list) > 0 {
			last = &list[len(list)-1]
		}
		switch {
		case r == 0x200C || r == 0x200D:
		case offset >= 0x15 && offset <= 0x39, offset >= 0x58 && offset <= 0x5F:
			list = append(list, syllable{consonant: sound, vowel: "a", inherent: true})
		case offset >= 0x7A: // the chillu letters
			list = append(list, syllable{consonant: sound})
		case offset >= 0x05 && offset <= 0x14, offset >= 0x66 && offset <= 0x6F:
			list = append(list, syllable{vowel: sound})
		case last == nil:
		case offset == indicDot:
			last.consonant = dotted(last.consonant)
		case offset == indicNoVowel:
			last.vowel, last.inherent = "", false
		case offset >= 0x3E && offset <= 0x4C:
			last.vowel, last.inherent = sound, false
		case offset == indicNasal || offset == indicNasalTop || offset == indicTippi:
			last.nasal = nasalOf(r, offset)
		case offset == indicBreath:
			last.nasal = "h"
		}
	}
	return list
}

// nasalOf is the sound of the dot above: n in the north, m in the south.
func nasalOf(r rune, offset int) string {
	if offset == indicNasal && r >= 0xC00 {
		return "m"
	}
	return "n"
}

// dotted is a consonant with the dot below, which writes borrowed sounds.
func dotted(consonant string) string {
	if sound, ok := map[string]string{"j": "z", "ph": "f"}[consonant]; ok {
		return sound
	}
	return consonant
}

// dropsSchwa says whether the unwritten a falls silent: in the north, not in
// the four southern scripts.
func dropsSchwa(r rune) bool { return r < 0xB80 }

// dropSchwas silences the a at the end of a word, and between a vowel and a
// consonant that has its own vowel: धड़कन is dhadkan.
func dropSchwas(list []syllable) {
	if n := len(list); n > 1 && list[n-1].inherent && list[n-1].nasal == "" {
		list[n-1].vowel, list[n-1].inherent = "", false
	}
	for i := len(list) - 2; i > 0; i-- {
		before, after := list[i-1], list[i+1]
		if list[i].inherent && list[i].nasal == "" && before.vowel != "" && before.nasal == "" &&
			after.consonant != "" && after.vowel != "" {
			list[i].vowel, list[i].inherent = "", false
		}
	}
}
