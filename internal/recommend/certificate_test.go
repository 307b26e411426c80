package recommend

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAgeOfACertificate(t *testing.T) {
	t.Parallel()
	for certificate, want := range map[string]int{
		"MPA G": 0, "MPA PG": 10, "MPA PG-13": 13, "MPA R": 17, "MPA NC-17": 18, "MPAA R": 17,
		"CBFC U": 0, "CBFC U/A": 12, "CBFC UA 7+": 7, "CBFC U/A 7+": 7, "CBFC U/A 13+": 13, "CBFC U/A 16+": 16, "CBFC UA16+": 16, "CBFC A": 18, "CBFC S": 18,
		"BBFC U": 0, "BBFC PG": 8, "BBFC 12A": 12, "BBFC 12": 12, "BBFC 15": 15, "BBFC 18": 18, "BBFC R18": 18,
		"IFCO G": 0, "IFCO 12A": 12, "IFCO 15A": 15, "IFCO 16": 16,
		"FSK 0": 0, "FSK 6": 6, "FSK 12": 12, "FSK ab 12": 12, "FSK 16": 16, "FSK 18": 18,
		"CNC Tous publics": 0, "CNC TP": 0, "CNC -12": 12, "CNC 16": 16, "CNC −18": 18,
		"Kijkwijzer AL": 0, "Kijkwijzer 9": 9, "Kijkwijzer 14": 14, "NICAM 16": 16,
		"ICAA A": 0, "ICAA A/i": 0, "ICAA 7": 7, "ICAA 7/i": 7, "ICAA 16": 16,
		"EIRIN G": 0, "EIRIN PG12": 12, "EIRIN R15+": 15, "EIRIN R 18+": 18,
		"ACB G": 0, "ACB PG": 10, "ACB M": 15, "ACB MA 15+": 15, "ACB R 18+": 18,
		"KMRB ALL": 0, "KMRB 12": 12, "KMRB 15+": 15, "KMRB 18": 18, "KMRB 19": 18,
		"ClassInd L": 0, "ClassInd 14": 14, "IMDA PG13": 13, "IMDA NC16": 16, "IMDA R21": 21, "SMSA Btl": 0, "SMSA 11": 11,
	} {
		forms := []string{certificate, strings.ToLower(certificate), "  " + strings.ReplaceAll(certificate, " ", "  ") + "\t",
			strings.Replace(certificate, " ", ": ", 1), strings.ReplaceAll(certificate, " ", "\u00a0")}
		for _, form := range forms {
			age, known := AgeOf(form)
			assert.True(t, known, "%q", form)
			assert.Equal(t, want, age, "%q", form)
		}
	}
}

// A mark is read on the scale of its own board, and on no other.
func TestC4_ScalesAreNotMixedUp(t *testing.T) {
	t.Parallel()
	for _, certificate := range []string{
		"", " ", "MPA", "MPA ", "MPA NR", "MPA Unrated", "MPA UR", "NR", "Unrated", "Not rated", "?",
		"PG-13", "12", "A", "U/A", "R", // whose?
		"BBFC PG-13", "MPA 15", "MPA U/A", "FSK 15", "FSK PG", "CBFC R", "CBFC 16", "CNC 15", "ICAA U/A", "EIRIN R", "KMRB PG", "Kijkwijzer 15", "SMSA 12",
		"CNC Tous publics avec avertissement", "FSK 1.2", "MPA PG-13 R", "XYZ 12", "ACB RC", "BBFC TBC", "CBFC UA 12+",
	} {
		age, known := AgeOf(certificate)
		assert.False(t, known, "%q", certificate)
		assert.Zero(t, age, "%q", certificate)
	}
	age := func(certificate string) int {
		years, known := AgeOf(certificate)
		assert.True(t, known, certificate)
		return years
	}
	assert.Less(t, age("ICAA A"), age("CBFC A"), "A is for all in Spain, and for adults in India")
	assert.Less(t, age("BBFC 15"), age("MPA R"))
	assert.Less(t, age("ACB PG"), age("ACB M"), "who may see PG is not let into M")
	assert.Less(t, age("IFCO PG"), age("IFCO 12A"))
	assert.Less(t, age("IMDA PG"), age("IMDA PG13"))
}

// Certificates of a city with films of many countries, and a child: nothing above, nothing unknown,
// and for an adult all of it.
func TestC4_AChildSeesNothingAboveTheirAge(t *testing.T) {
	t.Parallel()
	var r Request
	for i, certificate := range []string{"MPA PG-13", "CBFC U", "CBFC A", "FSK 12", "FSK 6", "MPA NR", "PG", "BBFC 12A", "KMRB 15", "CBFC U/A 16+"} {
		age, known := AgeOf(certificate)
		r.Candidates = append(r.Candidates, Candidate{Film: Film{ID: certificate, Facts: Facts{Year: 2000 + i}}, Age: age, Unrated: !known})
	}
	r.N = 20
	all := ids(Popular(r))
	assert.Len(t, all, 10)
	r.Filters = []Filter{AtMost(18)}
	assert.Equal(t, all, ids(Popular(r)))
	for limit, want := range map[string][]string{
		"CBFC U/A":  {"CBFC U", "FSK 12", "FSK 6", "BBFC 12A"},
		"FSK 6":     {"CBFC U", "FSK 6"},
		"MPA PG-13": {"CBFC U", "FSK 12", "FSK 6", "BBFC 12A", "MPA PG-13"},
	} {
		age, known := AgeOf(limit)
		assert.True(t, known)
		r.Filters = []Filter{AtMost(age)}
		assert.ElementsMatch(t, want, ids(Popular(r)), limit)
	}
}
