package notify

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

const (
	// smsLimit is one text message in the GSM alphabet (3GPP TS 23.038, 6.1.2.1).
	smsLimit = 160
	// smsWideLimit is two joined messages in UCS-2, of 67 units each: one of 70
	// has no room beside the link.
	smsWideLimit = 134
	// smsShortest is how far a title is cut at most: less says nothing.
	smsShortest = 10
)

// The GSM 7-bit default alphabet and its extension table, whose characters take
// two places (3GPP TS 23.038, 6.2.1).
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "^{}\\[~]|€"
)

// typography has characters that the alphabet lacks, that are no letter with an
// accent, and that nobody misses.
var typography = strings.NewReplacer(
	"‘", "'", "’", "'", "‚", "'", "“", "\"", "”", "\"", "„", "\"", "«", "\"", "»", "\"",
	"–", "-", "—", "-", "‑", "-", "−", "-", "…", "...", "×", "x", "·", "-", "`", "'",
	"ł", "l", "Ł", "L", "đ", "d", "Đ", "D", "ð", "d", "Ð", "D", "þ", "th", "Þ", "Th", "œ", "oe", "Œ", "OE",
	"ı", "i", "ħ", "h", "Ħ", "H",
)

// toGSM writes text in the GSM alphabet as far as that goes without losing
// letters: accents it lacks are dropped, other scripts stay.
func toGSM(s string) string {
	var out strings.Builder
	for _, r := range typography.Replace(s) {
		if strings.ContainsRune(gsmBasic, r) || strings.ContainsRune(gsmExtension, r) || !unicode.In(r, unicode.Latin) {
			out.WriteRune(r)
			continue
		}
		for _, part := range norm.NFD.String(string(r)) {
			if !unicode.Is(unicode.Mn, part) {
				out.WriteRune(part)
			}
		}
	}
	return out.String()
}

// smsRoom gives how long a text is and how long it may be.
func smsRoom(s string) (length, limit int) {
	for _, r := range s {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			length++
		case strings.ContainsRune(gsmExtension, r):
			length += 2
		default:
			return len(utf16.Encode([]rune(s))), smsWideLimit
		}
	}
	return length, smsLimit
}

// writeSMS fills the sentence, and shortens the movie's title and then the
// theater's name until it fits. What still does not fit goes out as more parts:
// the seats and the link matter more than the price.
func writeSMS(text sentence, facts facts) (string, error) {
	facts.Movie, facts.Theater, facts.Screen = toGSM(facts.Movie), toGSM(facts.Theater), toGSM(facts.Screen)
	for _, long := range []*string{&facts.Movie, &facts.Theater} {
		for {
			filled, err := text.fill(facts)
			if err != nil {
				return "", err
			}
			if length, limit := smsRoom(filled); length <= limit || !shorten(long) {
				break
			}
		}
	}
	return text.fill(facts)
}

// shorten takes one character off the end, leaving a period as the mark of it.
func shorten(s *string) bool {
	runes := []rune(strings.TrimSuffix(*s, "."))
	if len(runes) <= smsShortest {
		return false
	}
	*s = strings.TrimRight(string(runes[:len(runes)-1]), " ,:;-") + "."
	return true
}
