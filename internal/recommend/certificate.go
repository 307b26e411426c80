package recommend

import "strings"

// pgAge is the age for a mark that only says that parents shall decide. Boards do not give one; it is
// above their marks for small children and below the next mark of each scale.
const pgAge = 10

// ages are the ages of the marks of each board, from which a film is let in or advised. A mark means
// something on its own board's scale alone: "A" is for adults in India and for all in Spain. Marks
// that say that there is no certificate (NR, unrated, exempt), and those whose meaning depends on
// more than the mark, are left out. Marks are written as mark makes them.
var ages = map[string]map[string]int{
	// Motion Picture Association, United States. R: under 17 with an adult; NC-17: no one of 17 and under.
	"MPA": {"G": 0, "PG": pgAge, "PG13": 13, "R": 17, "NC17": 18},
	// Central Board of Film Certification, India. U/A until 2024: parents decide below twelve. UA 7+,
	// 13+ and 16+ by the Cinematograph (Certification) Rules, 2024. S is for a profession, such as doctors.
	"CBFC": {"U": 0, "UA": 12, "UA7": 7, "UA13": 13, "UA16": 16, "A": 18, "S": 18},
	// British Board of Film Classification. PG should not unsettle a child of about eight.
	"BBFC": {"U": 0, "PG": 8, "12": 12, "12A": 12, "15": 15, "18": 18, "R18": 18},
	// Irish Film Classification Office.
	"IFCO": {"G": 0, "PG": pgAge, "12A": 12, "15A": 15, "16": 16, "18": 18},
	// Freiwillige Selbstkontrolle der Filmwirtschaft, Germany; also written "FSK ab 12".
	"FSK": {"0": 0, "6": 6, "12": 12, "16": 16, "18": 18, "AB0": 0, "AB6": 6, "AB12": 12, "AB16": 16, "AB18": 18},
	// Centre national du cinéma, France: "tous publics", or forbidden below an age. For all with a
	// warning says no age.
	"CNC": {"TOUSPUBLICS": 0, "TP": 0, "U": 0, "12": 12, "16": 16, "18": 18, "X": 18},
	// NICAM, the Netherlands.
	"KIJKWIJZER": {"AL": 0, "6": 6, "9": 9, "12": 12, "14": 14, "16": 16, "18": 18},
	// Instituto de la Cinematografía y de las Artes Audiovisuales, Spain. The i is for "recommended for
	// children".
	"ICAA": {"A": 0, "AI": 0, "APTA": 0, "7": 7, "7I": 7, "12": 12, "16": 16, "18": 18, "X": 18},
	// Film Classification and Rating Organization, Japan.
	"EIRIN": {"G": 0, "PG12": 12, "R15": 15, "R18": 18},
	// Australian Classification Board. M is advice, MA 15+ is a rule.
	"ACB": {"G": 0, "PG": pgAge, "M": 15, "MA15": 15, "R18": 18, "X18": 18},
	// Korea Media Rating Board. The mark for "not for the young" was 18 until 2021 and is 19 since; the
	// law says 18.
	"KMRB": {"ALL": 0, "12": 12, "15": 15, "18": 18, "19": 18},
	// Classificação Indicativa, Brazil.
	"CLASSIND": {"L": 0, "10": 10, "12": 12, "14": 14, "16": 16, "18": 18},
	// Infocomm Media Development Authority, Singapore.
	"IMDA": {"G": 0, "PG": pgAge, "PG13": 13, "NC16": 16, "M18": 18, "R21": 21},
	// Statens medieråd, Sweden.
	"SMSA": {"BTL": 0, "7": 7, "11": 11, "15": 15},
}

// otherNames are boards by other names of theirs.
var otherNames = map[string]string{"MPAA": "MPA", "NICAM": "KIJKWIJZER"}

// mark takes away what is written in one way or another: "U/A 16+" and "UA16" are one mark.
var mark = strings.NewReplacer(" ", "", "\u00a0", "", "-", "", "\u2010", "", "\u2011", "", "\u2212", "", "/", "", "+", "", ":", "")

// AgeOf is the age in years from which a certificate, "MPA PG-13", lets people in, or is advised; 0
// is for all. A mark without the board that gave it, NR, and a mark that is on no scale are not known.
func AgeOf(certificate string) (age int, known bool) {
	certificate = strings.TrimSpace(strings.ToUpper(certificate))
	end := strings.IndexAny(certificate, " \u00a0\t:-")
	if end < 0 {
		return 0, false
	}
	board := certificate[:end]
	if name, found := otherNames[board]; found {
		board = name
	}
	age, known = ages[board][mark.Replace(strings.Join(strings.Fields(certificate[end:]), ""))]
	return age, known
}
