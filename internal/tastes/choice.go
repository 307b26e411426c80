package tastes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/documents"
)

// The most entries that a person may choose.
const (
	mostLanguages = 20
	mostGenres    = 30
)

// features are the codes of what makes a show accessible, as the search has them.
var features = []string{"captions", "audio_description", "relaxed", "wheelchair_spaces"}

// Choice is what a person chooses. What is left out is as for a person who never chose.
type Choice struct {
	// Personalization says whether lists may be made from what the person did; nil is yes.
	Personalization *bool `json:"personalization"`
	// Languages are tags of BCP 47, the preferred first.
	Languages []string `json:"languages"`
	Genres    []string `json:"genres"`
	// Certificate is the most that the person wants to be shown; empty for all.
	Certificate string `json:"certificate"`
	// Accessibility has codes of which a show needs all.
	Accessibility []string `json:"accessibility"`
}

// check gives a choice in the form that is stored. Code: validation_failed.
func (c Choice) check(genres, certificates []string) (Choice, error) {
	var wrong booking.FieldErrors
	report := rules.Report(wrong.Add)
	c.Languages = *report.Languages("languages", &c.Languages, mostLanguages)
	c.Genres = known(&wrong, "genres", c.Genres, mostGenres, genres,
		"The catalog has no such genre. GET /v1/search counts those that it has in facets.genre.")
	c.Accessibility = known(&wrong, "accessibility", c.Accessibility, len(features), features,
		"Choose "+strings.Join(features, ", ")+".")
	if c.Certificate = strings.TrimSpace(c.Certificate); c.Certificate != "" {
		spelled, found := spelling(certificates, c.Certificate)
		if !found {
			wrong.Add("certificate", "The catalog has no such certificate. GET /v1/search counts those that it has in facets.certificate; leave it empty for all.")
		}
		c.Certificate = spelled
	}
	return c, wrong.Err()
}

// known gives the words of a list as they are spelled where they are known, each once.
func known(wrong *booking.FieldErrors, field string, list []string, most int, words []string, fix string) []string {
	if len(list) > most {
		wrong.Add(field, "Has at most %d entries.", most)
		return nil
	}
	var out []string
	for i, word := range list {
		spelled, found := spelling(words, strings.TrimSpace(word))
		switch {
		case !found:
			wrong.Add(fmt.Sprintf("%s[%d]", field, i), "%s", fix)
		case !slices.Contains(out, spelled):
			out = append(out, spelled)
		}
	}
	return out
}

// spelling finds a word in any case. The empty word is not one.
func spelling(words []string, word string) (string, bool) {
	at := slices.IndexFunc(words, func(known string) bool { return strings.EqualFold(known, word) })
	if at < 0 || word == "" {
		return "", false
	}
	return words[at], true
}

// over writes a choice over a profile.
func (c Choice) over(p *documents.Profile) {
	p.Personalization = documents.On
	if c.Personalization != nil && !*c.Personalization {
		p.Personalization = documents.Off
	}
	p.Languages, p.Genres, p.Certificate, p.Accessibility = c.Languages, c.Genres, c.Certificate, c.Accessibility
}
