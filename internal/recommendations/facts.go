package recommendations

import (
	"strings"

	"github.com/boxoffice/boxoffice/internal/recommend"
	"github.com/boxoffice/boxoffice/schema"
)

// factsOf are the facts of a movie that the engine learns from.
func factsOf(m schema.Movie) recommend.Facts {
	facts := recommend.Facts{Genres: m.Genres, Languages: m.Languages, Year: m.Year, Synopsis: m.Synopsis}
	for _, credit := range m.Credits {
		switch strings.ToLower(credit.Job) {
		case "director":
			facts.Directors = append(facts.Directors, credit.Name)
		case "actor":
			facts.Cast = append(facts.Cast, credit.Name)
		}
	}
	return facts
}
