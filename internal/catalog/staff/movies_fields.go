package staff

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/outbound"
	"github.com/boxoffice/boxoffice/schema"
)

const (
	maxTitle    = 500
	maxName     = 200
	maxWord     = 60
	maxSynopsis = 5_000
	maxCredits  = 300
	maxAliases  = 50
	maxTags     = 40
	longestFilm = 60 * 24 // minutes; beyond it somebody wrote seconds
)

// MovieFields are what staff write of a film. What is nil stays as it is.
type MovieFields struct {
	Title          *string          `json:"title"`
	OriginalTitle  *string          `json:"original_title"`
	Aliases        *[]string        `json:"aliases"`
	Year           *int             `json:"year"`
	ReleaseDate    *string          `json:"release_date"` // YYYY-MM-DD; empty removes it
	RuntimeMinutes *int             `json:"runtime_minutes"`
	Genres         *[]string        `json:"genres"`
	Languages      *[]string        `json:"languages"`
	Certificate    *string          `json:"certificate"`
	Credits        *[]schema.Credit `json:"credits"`
	Synopsis       *string          `json:"synopsis"`
	Popularity     *float64         `json:"popularity"`
	TrailerURL     *string          `json:"trailer_url"` // empty removes it
	PosterURL      *string          `json:"poster_url"`  // empty removes it

	releaseDay *time.Time
}

// checkMovie checks the fields and brings them into the form that is stored.
func (s *Store) checkMovie(ctx context.Context, f *MovieFields, creating bool) error {
	var p problems
	f.releaseDay = p.check().Day("release_date", f.ReleaseDate)
	if creating {
		required(&p, "title", f.Title)
		if f.Year == nil && f.releaseDay != nil {
			year := f.releaseDay.Year()
			f.Year = &year
		}
		required(&p, "year", f.Year)
	}
	f.Title = p.check().Line("title", f.Title, 1, maxTitle)
	f.OriginalTitle = p.check().Line("original_title", f.OriginalTitle, 0, maxTitle)
	f.Aliases = p.check().Lines("aliases", f.Aliases, maxAliases, maxTitle)
	rules.Between(p.add, "year", f.Year, rules.FirstYear, rules.LastYear)
	rules.Between(p.add, "runtime_minutes", f.RuntimeMinutes, 0, longestFilm)
	f.Genres = p.check().Lines("genres", f.Genres, maxTags, maxWord)
	f.Languages = p.check().Languages("languages", f.Languages, maxTags)
	f.Certificate = p.check().Line("certificate", f.Certificate, 0, maxWord)
	f.Credits = p.credits("credits", f.Credits)
	f.Synopsis = p.check().Paragraphs("synopsis", f.Synopsis, maxSynopsis)
	rules.Between(p.add, "popularity", f.Popularity, 0, 100)
	var err, errToo error
	f.TrailerURL, err = s.checkAddress(ctx, &p, "trailer_url", f.TrailerURL)
	f.PosterURL, errToo = s.checkAddress(ctx, &p, "poster_url", f.PosterURL)
	if err := p.err(); err != nil {
		return err
	}
	return errors.Join(err, errToo)
}

func (p *problems) credits(field string, list *[]schema.Credit) *[]schema.Credit {
	if list == nil {
		return nil
	}
	if len(*list) > maxCredits {
		p.add(field, "Has at most %d entries.", maxCredits)
		return list
	}
	clean := make([]schema.Credit, len(*list))
	for i, c := range *list {
		at := fmt.Sprintf("%s[%d].", field, i)
		job := strings.ToLower(c.Job)
		clean[i] = schema.Credit{
			Name: *p.check().Line(at+"name", &c.Name, 1, maxName),
			Role: *p.check().Line(at+"role", &c.Role, 0, maxName),
			Job:  *p.check().Line(at+"job", &job, 1, maxWord),
		}
	}
	return &clean
}

// checkAddress resolves what a web address names, so it is for outside of
// transactions. Its error is none of the caller's making.
func (s *Store) checkAddress(ctx context.Context, p *problems, field string, address *string) (*string, error) {
	if address == nil || *address == "" {
		return address, nil
	}
	clean, err := s.addresses.Check(ctx, strings.TrimSpace(*address))
	var refused *outbound.Refused
	if errors.As(err, &refused) {
		p.add(field, "%s", refused.Reason)
		return address, nil
	}
	return &clean, err
}

func (f *MovieFields) apply(row *schema.Movie) {
	set(&row.Title, f.Title)
	set(&row.OriginalTitle, f.OriginalTitle)
	set(&row.Aliases, f.Aliases)
	set(&row.Year, f.Year)
	set(&row.RuntimeMinutes, f.RuntimeMinutes)
	set(&row.Genres, f.Genres)
	set(&row.Languages, f.Languages)
	set(&row.Certificate, f.Certificate)
	set(&row.Credits, f.Credits)
	set(&row.Synopsis, f.Synopsis)
	set(&row.Popularity, f.Popularity)
	set(&row.TrailerURL, f.TrailerURL)
	set(&row.PosterURL, f.PosterURL)
	if f.ReleaseDate != nil {
		row.ReleaseDate = f.releaseDay
	}
}
