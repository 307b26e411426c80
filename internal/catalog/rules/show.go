package rules

import (
	"maps"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/schema"
)

const (
	// Extras are trailers and interval, where the end of a show is not given.
	Extras = 25 * time.Minute
	// ClosesBefore leaves a payment under way at the last moment the time to end
	// before the film begins.
	ClosesBefore = 10 * time.Minute
	LongestShow  = 24 * time.Hour
	// YearsAhead is how far shows are planned; a later one is a mistyped year.
	YearsAhead = 3

	// Ten seats at the largest price, with the largest fee and tax, still fit.
	LargestPrice = 1_000_000_000
	LargestTax   = 10_000
)

// Presentation is how a film is shown. What is nil stays as it is.
type Presentation struct {
	Format           *string `json:"format"`
	Language         *string `json:"language"`
	Subtitles        *string `json:"subtitles"` // empty for none
	Captions         *bool   `json:"captions"`
	AudioDescription *bool   `json:"audio_description"`
	Relaxed          *bool   `json:"relaxed"`
}

// Check checks the fields and brings them into the form that is stored. at is the
// path of the object.
func (p *Presentation) Check(f Report, at string) {
	OneOf(f, at+"format", p.Format, "2D", "3D", "IMAX", "4DX", "Dolby")
	p.Language = f.Language(at+"language", p.Language)
	if p.Subtitles != nil && *p.Subtitles != "" {
		p.Subtitles = f.Language(at+"subtitles", p.Subtitles)
	}
}

// Over writes what is given over a show.
func (p *Presentation) Over(show *schema.Show) {
	Set(&show.Format, p.Format)
	Set(&show.Language, p.Language)
	Set(&show.Subtitles, p.Subtitles)
	Set(&show.Captions, p.Captions)
	Set(&show.AudioDescription, p.AudioDescription)
	Set(&show.Relaxed, p.Relaxed)
}

// End checks when a show ends.
func (f Report) End(field string, show schema.Show, movie schema.Movie) {
	length := show.EndsAt.Sub(show.StartsAt)
	switch {
	case length <= 0:
		f(field, "Must be after the start.")
	case length > LongestShow:
		f(field, "A show lasts at most %d hours.", int(LongestShow.Hours()))
	case length < time.Duration(movie.RuntimeMinutes)*time.Minute:
		f(field, "The movie lasts %d minutes.", movie.RuntimeMinutes)
	}
}

// SalesClose checks when the sales of a show end. The zero end of a show is not known.
func (f Report) SalesClose(field string, show schema.Show) {
	switch {
	case !show.SalesCloseAt.After(show.SalesOpenAt):
		f(field, "Must be after sales open (%s). Unless it is given, sales close %d minutes before the start.",
			show.SalesOpenAt.Format(time.RFC3339), int(ClosesBefore.Minutes()))
	case !show.EndsAt.IsZero() && show.SalesCloseAt.After(show.EndsAt):
		f(field, "Must not be after the end of the show.")
	}
}

// Categories compares prices with the categories of a layout: those that have no
// price, and those that the layout does not have.
func Categories(prices map[string]int64, layout booking.Layout) (missing, unknown []string) {
	categories := map[string]bool{}
	for _, row := range layout.Rows {
		categories[row.Category] = true
	}
	for _, category := range slices.Sorted(maps.Keys(categories)) {
		if _, priced := prices[category]; !priced {
			missing = append(missing, category)
		}
	}
	for _, category := range slices.Sorted(maps.Keys(prices)) {
		if !categories[category] {
			unknown = append(unknown, category)
		}
	}
	return missing, unknown
}
