package rules

import (
	"fmt"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/schema"
)

// The most characters that names may have, and the most entries of credits.
const (
	MaxTitle   = 500
	MaxName    = 200
	MaxWord    = 60
	MaxCredits = 300
)

const (
	maxSynopsis = 5_000
	maxAliases  = 50
	maxTags     = 40
	longestFilm = 60 * 24 // minutes; a longer one was written in seconds
)

// Movie is what people write of a film. What is nil stays as it is.
type Movie struct {
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

// Check checks the fields down to the certificate, and brings them into the form that
// is stored. missing is called for what a new film lacks; it is nil for a change.
func (m *Movie) Check(f Report, missing func(field string)) {
	m.releaseDay = f.Day("release_date", m.ReleaseDate)
	if missing != nil {
		m.complete(missing)
	}
	m.Title = f.Line("title", m.Title, 1, MaxTitle)
	m.OriginalTitle = f.Line("original_title", m.OriginalTitle, 0, MaxTitle)
	m.Aliases = f.Lines("aliases", m.Aliases, maxAliases, MaxTitle)
	Between(f, "year", m.Year, firstYear, lastYear)
	Between(f, "runtime_minutes", m.RuntimeMinutes, 0, longestFilm)
	m.Genres = f.Lines("genres", m.Genres, maxTags, MaxWord)
	m.Languages = f.Languages("languages", m.Languages, maxTags)
	m.Certificate = f.Line("certificate", m.Certificate, 0, MaxWord)
}

// CheckCredits is Check for the fields below, except the web addresses.
func (m *Movie) CheckCredits(f Report) {
	m.Credits = f.credits("credits", m.Credits)
	m.Synopsis = f.Paragraphs("synopsis", m.Synopsis, maxSynopsis)
	Between(f, "popularity", m.Popularity, 0, 100)
}

// complete takes the year from the day of release when no year is given.
func (m *Movie) complete(missing func(field string)) {
	if m.Year == nil && m.releaseDay != nil {
		m.Year = new(m.releaseDay.Year())
	}
	if m.Title == nil {
		missing("title")
	}
	if m.Year == nil {
		missing("year")
	}
}

func (f Report) credits(field string, list *[]schema.Credit) *[]schema.Credit {
	if list == nil || f.tooMany(field, len(*list), MaxCredits) {
		return list
	}
	clean := make([]schema.Credit, len(*list))
	for i, c := range *list {
		at := fmt.Sprintf("%s[%d].", field, i)
		job := strings.ToLower(c.Job)
		clean[i] = schema.Credit{
			Name: *f.Line(at+"name", &c.Name, 1, MaxName),
			Role: *f.Line(at+"role", &c.Role, 0, MaxName),
			Job:  *f.Line(at+"job", &job, 1, MaxWord),
		}
	}
	return &clean
}

// Over writes what is given over a film.
func (m *Movie) Over(row *schema.Movie) {
	Set(&row.Title, m.Title)
	Set(&row.OriginalTitle, m.OriginalTitle)
	Set(&row.Aliases, m.Aliases)
	Set(&row.Year, m.Year)
	Set(&row.RuntimeMinutes, m.RuntimeMinutes)
	Set(&row.Genres, m.Genres)
	Set(&row.Languages, m.Languages)
	Set(&row.Certificate, m.Certificate)
	Set(&row.Credits, m.Credits)
	Set(&row.Synopsis, m.Synopsis)
	Set(&row.Popularity, m.Popularity)
	Set(&row.TrailerURL, m.TrailerURL)
	Set(&row.PosterURL, m.PosterURL)
	if m.ReleaseDate != nil {
		row.ReleaseDate = m.releaseDay
	}
}

// StoreLists makes a film's nil lists empty ones: a nil one would be NULL.
func StoreLists(row *schema.Movie) {
	row.Aliases, row.Genres = Listed(row.Aliases), Listed(row.Genres)
	row.Languages, row.Credits = Listed(row.Languages), Listed(row.Credits)
}
