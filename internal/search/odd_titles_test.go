package search

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

// Titles that are hard to type, among ordinary ones, are found first by what people
// type for them.
func TestOddTitlesAreFoundFirst(t *testing.T) {
	t.Parallel()
	movies := append([]Movie{}, corpus()...)
	for _, title := range []string{"$", "?", "$9.99", "π", "300", "9½ Weeks", "Nine", "Weeks", "Nine Lives", "8½",
		"Ұлы дала", "Өнөр", "Томирис", "¡Three Amigos!", "...", "#Alive", "M*A*S*H", "๑๐๘", "Ñandú", "Two and a Half Men", "⅟"} {
		movies = append(movies, Movie{ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(title)), Slug: title, Title: title, Year: 2020})
	}
	x := Build(Snapshot{Movies: movies})
	for query, want := range map[string]string{
		"$": "$", "?": "?", "...": "...", "9.99": "$9.99", "$9.99": "$9.99", "300": "300", "٣٠٠": "300", "๓๐๐": "300", "३००": "300", "３００": "300",
		"nine and a half weeks": "9½ Weeks", "9 1/2 weeks": "9½ Weeks", "9 and a half weeks": "9½ Weeks", "2 and a half men": "Two and a Half Men", "𝟛𝟘𝟘": "300", "9½ weeks": "9½ Weeks", "eight and a half": "8½", "8 1/2": "8½", "nine": "Nine",
		"Ұлы дала": "Ұлы дала", "улы дала": "Ұлы дала", "uly dala": "Ұлы дала", "Өнөр": "Өнөр", "онор": "Өнөр", "onor": "Өнөр",
		"three amigos": "¡Three Amigos!", "alive": "#Alive", "108": "๑๐๘", "nandu": "Ñandú",
	} {
		answer := x.Search(Query{Text: query, Now: noon})
		if assert.NotEmpty(t, answer.Items, "%q finds nothing", query) {
			assert.Equal(t, want, answer.Items[0].Slug, "%q", query)
		}
	}
}
