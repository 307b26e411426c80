package notify

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

const (
	// smsLimit is one text message in the GSM alphabet (3GPP TS 23.038, 6.1.2.1).
	smsLimit = 160
	// smsJoined is one of several: the rest goes to what joins them
	// (3GPP TS 23.040, 9.2.3.24.1).
	smsJoined = 153
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
// accent, which readers do not miss.
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

// smsRoom gives how long a text is and how long it may be with so many more parts.
func smsRoom(s string, more int) (length, limit int) {
	limit = smsLimit
	if more > 0 {
		limit = smsJoined * (1 + more)
	}
	for _, r := range s {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			length++
		case strings.ContainsRune(gsmExtension, r):
			length += 2
		default:
			return len(utf16.Encode([]rune(s))), smsWideLimit + more*smsWideLimit/2
		}
	}
	return length, limit
}

// writeSMS fills the sentence, and shortens the movie's title and then the
// theater's name until it fits. If the text still does not fit, it gets one more part, and
// is shortened only as far as needed. A text that is even longer is sent unchanged: the
// seats and the link matter more than the price.
func writeSMS(text sentence, facts facts) (string, error) {
	facts.Movie, facts.Theater, facts.Screen = toGSM(facts.Movie), toGSM(facts.Theater), toGSM(facts.Screen)
	facts.Number = toGSM(facts.Number)
	facts.Offers = slices.Clone(facts.Offers)
	for i := range facts.Offers {
		facts.Offers[i].Elsewhere = toGSM(facts.Offers[i].Elsewhere)
	}
	if filled, fits, err := squeeze(text, facts, 0); err != nil || fits {
		return filled, err
	}
	filled, _, err := squeeze(text, facts, 1)
	return filled, err
}

// squeeze fills the sentence, shortened as far as needed to fit into so many more
// parts than it should have.
func squeeze(text sentence, facts facts, more int) (filled string, fits bool, err error) {
	for _, long := range []*string{&facts.Movie, &facts.Theater} {
		for {
			if filled, err = text.fill(facts); err != nil {
				return "", false, err
			}
			if length, limit := smsRoom(filled, more); length <= limit {
				return filled, true, nil
			}
			if !shorten(long) {
				break
			}
		}
	}
	return filled, false, nil
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
