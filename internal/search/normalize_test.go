package search

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"The Godfather":                 "the godfather",
		"Amélie":                        "amelie",
		"Ame\u0301lie":                  "amelie",
		"Æon Flux":                      "aeon flux",
		"Straße":                        "strasse",
		"Łódź":                          "lodz",
		"Adam's Woman":                  "adams woman",
		"Finding ʻOhana":                "finding ohana",
		"E.T. the Extra-Terrestrial":    "et the extra terrestrial",
		"M*A*S*H":                       "mash",
		"St. Elmo's Fire":               "st elmos fire",
		"20,000 Leagues":                "20000 leagues",
		"9½ Weeks":                      "9 1 2 weeks",
		"Deadpool & Wolverine":          "deadpool and wolverine",
		"Star Wars: Episode I – Фантом": "star wars episode i fantom",
		"Сталкер":                       "stalker",
		"Ёлки":                          "elki",
		"Ζορμπάς":                       "zormpas",
		"बाहुबली":                       "bahubli",
		"धड़कन":                         "dhadkan",
		"लगान":                          "lagan",
		"दिलवाले दुल्हनिया": "dilvale dulhaniya",
		"ज़िन्दगी":          "zindagi",
		"पठान":              "pathan",
		"விக்ரம்":           "vikram",
		"ஜெயிலர்":           "jeyilar",
		"కల్కి":             "kalki",
		"ಕಾಂತಾರ":            "kamtara",
		"പ്രേമലു":           "premalu",
		"기생충":               "gisaengchung",
		"ゴジラ-1.0":           "gojira 1 0",
		"タンポポ":              "tanpopo",
		"しゃべれどもしゃべれども":      "shaberedomoshaberedomo",
		"きっと":               "kitto",
		"怪物":                "怪物",
		"千と千尋":              "千 to 千尋",
		"!!!":               "!!!",
	} {
		assert.Equal(t, want, normalize(text), text)
	}
}

func TestSpellingsOfASoundMeet(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"dilwale", "dilwaale", "dilvale"},
		{"shakti", "sakthi", "shakthi", "sakti"},
		{"dulhania", "dulhaniya"},
		{"khushi", "kushi", "khushee"},
		{"bahubali", "baahubali", "bahubalee"},
		{"zindagi", "jindagi", "zindagee"},
		{"ghoomar", "gumar", "ghumar"},
	} {
		for _, other := range same[1:] {
			assert.Equal(t, soundOf(same[0]), soundOf(other), "%s and %s", same[0], other)
		}
	}
	assert.NotEqual(t, soundOf("dil"), soundOf("bol"))
}

func TestNumbersAndArticles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"rocky ii": "rocky 2", "rocky two": "rocky 2", "the godfather part ii": "the godfather 2",
		"dune part 2": "dune 2", "seven samurai": "7 samurai", "forty eight hours": "48 hours",
		"the forty year old virgin": "the 40 year old virgin", "one hundred and one dalmatians": "101 dalmatians",
		"ten thousand bc": "10000 bc", "nineteen eighty four": "1984", "two thousand and one": "2001", "twenty one grams": "21 grams", "kill bill volume two": "kill bill 2",
		"doctor no": "dr no", "mister and missus smith": "mr and mrs smith", "two one": "2 1", "one hundred and a half": "100 1 2", "9 and a half weeks": "9 1 2 weeks", "2 and a half men": "2 1 2 men", "two and a half men": "2 1 2 men",
	} {
		assert.Equal(t, words(want), inShort(words(text)), text)
	}
	assert.Nil(t, inShort(words("i robot")), "a lone I is a pronoun")
	assert.Nil(t, inShort(words("heat")))
	assert.Equal(t, words("boot"), withoutArticle(words("das boot")))
	assert.Equal(t, words("the"), withoutArticle(words("the")))
	year, rest := yearIn(words("dune 1984"))
	assert.Equal(t, 1984, year)
	assert.Equal(t, words("dune"), rest)
	year, _ = yearIn(words("1917"))
	assert.Zero(t, year, "a title alone is no year")
}

func words(s string) []string { return texts(normalizeWords(s)) }

func TestHighlight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, typed string
		want        []string
	}{
		{"The Godfather", "godf", []string{"Godf"}},
		{"The Godfather", "the godfahter", []string{"The", "Godfather"}},
		{"Spider-Man: Across the Spider-Verse", "spiderman", []string{"Spider-Man"}},
		{"Oldboy", "old boy", []string{"Oldboy"}},
		{"Amélie", "amel", []string{"Amél"}},
		{"Rocky II", "rocky 2", []string{"Rocky", "II"}},
		{"गोलमाल रिटर्न्स", "golmal", []string{"गोलमाल"}},
		{"Heat", "xyz", nil},
	} {
		var got []string
		for _, r := range highlight(c.text, words(c.typed)) {
			got = append(got, string([]rune(c.text)[r.Start:r.End]))
		}
		assert.Equal(t, c.want, got, "%s in %s", c.typed, c.text)
	}
}

// No character makes a word without letters: others look at the first one.
func TestNoWordIsEmpty(t *testing.T) {
	t.Parallel()
	for r := rune(1); r <= unicode.MaxRune; r++ {
		for _, text := range []string{string(r), "a" + string(r) + "b"} {
			for _, w := range normalizeWords(text) {
				if w.text == "" {
					t.Errorf("%U makes an empty word", r)
				}
			}
		}
	}
	namesOf(0, Movie{Title: "⅟", OriginalTitle: "a ⅟ b"})
}
