package staff

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

// calendar is the days of a program, on the theater's clock.
type calendar struct {
	hall  house
	zone  *time.Location
	first time.Time // the day, at midnight UTC
	days  int
	now   time.Time
}

// The reasons why a slot stays empty, besides another show.
const (
	reasonNoSuchTime  = "This time does not exist on this day: the theater's clock is put forward over it."
	reasonPassed      = "This time has passed, or is too soon to sell a ticket."
	reasonRetired     = "The movie was retired."
	reasonOtherLayout = "The show's prices do not fit the screen's layout of today."
)

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // as time.Weekday counts

// fromTemplate gives a slot for each time of each entry on each of its days.
func (c calendar) fromTemplate(ctx context.Context, tx bun.Tx, p *fieldErrors, template []programEntry) ([]slot, error) {
	var slots []slot
	for i, entry := range template {
		at := fmt.Sprintf("template[%d].", i)
		before := len(p.FieldErrors)
		pattern, err := c.pattern(ctx, tx, p, at, entry)
		if err != nil {
			return nil, err
		}
		on := p.weekdays(at+"weekdays", entry.Weekdays)
		times := p.times(at+"times", entry.Times)
		if len(p.FieldErrors) > before {
			continue
		}
		for day := range c.days {
			date := c.first.AddDate(0, 0, day)
			if !on[date.Weekday()] {
				continue
			}
			for _, clock := range times {
				slots = append(slots, c.slot(date.Add(clock), pattern))
			}
		}
		if len(slots) > mostShows {
			p.Add("template", "Makes more than %d shows. Plan fewer days at a time.", mostShows)
			return nil, nil
		}
	}
	return slots, nil
}

// pattern is a show that is repeated.
type pattern struct {
	movie  string // its title
	show   schema.Show
	length time.Duration
	// closes is how long before the start sales end.
	closes time.Duration
	reason string
}

func (c calendar) pattern(ctx context.Context, tx bun.Tx, p *fieldErrors, at string, entry programEntry) (pattern, error) {
	movie, err := p.movie(ctx, tx, at+"movie_id", entry.MovieID)
	if err != nil {
		return pattern{}, err
	}
	length := time.Duration(movie.RuntimeMinutes)*time.Minute + rules.Extras
	switch {
	case entry.LengthMinutes != nil:
		rules.Between(p.Add, at+"length_minutes", entry.LengthMinutes, max(1, movie.RuntimeMinutes), int(rules.LongestShow.Minutes()))
		length = time.Duration(*entry.LengthMinutes) * time.Minute
	case movie.ID != uuid.Nil && movie.RuntimeMinutes == 0:
		p.Add(at+"length_minutes", "Is required: the movie's runtime is not known.")
	}
	required(p, at+"format", entry.Format)
	required(p, at+"language", entry.Language)
	show := schema.Show{MovieID: movie.ID}
	entry.Presentation.Check(p.Add, at)
	entry.Presentation.Over(&show)
	var terms charged
	if err := p.price(ctx, tx, at, entry.Charges, entry.PriceCardID, c.hall, &terms); err != nil {
		return pattern{}, err
	}
	terms.onto(&show)
	return pattern{movie: movie.Title, show: show, length: length, closes: rules.ClosesBefore}, nil
}

func (p *fieldErrors) weekdays(field string, names []string) (on [7]bool) {
	if len(names) == 0 {
		p.Add(field, "Name at least one day, for example mon.")
	}
	for i, name := range names {
		day := slices.Index(weekdays, name)
		if day < 0 {
			p.Add(fmt.Sprintf("%s[%d]", field, i), "Choose mon, tue, wed, thu, fri, sat, sun.")
			continue
		}
		on[day] = true
	}
	return on
}

// times reads times of day, as the time since midnight on the clock.
func (p *fieldErrors) times(field string, texts []string) []time.Duration {
	const most = 48
	if len(texts) == 0 || len(texts) > most {
		p.Add(field, "Give from 1 to %d times.", most)
		return nil
	}
	times := make([]time.Duration, 0, len(texts))
	for i, text := range texts {
		at, err := time.Parse(localDayTime, text)
		if err != nil {
			p.Add(fmt.Sprintf("%s[%d]", field, i), "Write a time of day as 18:30.")
			continue
		}
		times = append(times, time.Duration(at.Hour())*time.Hour+time.Duration(at.Minute())*time.Minute)
	}
	return times
}

// slot puts the pattern at a local time, which wall shows in UTC.
func (c calendar) slot(wall time.Time, pattern pattern) slot {
	s := slot{local: wall.Format(rules.LocalSecond), movie: pattern.movie, show: pattern.show, reason: pattern.reason}
	moments := rules.OnClock(wall, c.zone)
	if len(moments) == 0 {
		_, offset := wall.In(c.zone).Zone() // roughly: only to sort by
		s.show.StartsAt = wall.Add(-time.Duration(offset) * time.Second)
		s.show.EndsAt = s.show.StartsAt.Add(pattern.length)
		s.reason = reasonNoSuchTime
		return s
	}
	start := moments[0] // the first, of a time that comes twice
	s.show.ID, s.show.Status = uuid.New(), booking.ShowScheduled
	s.show.TheaterID, s.show.ScreenID, s.show.LayoutID = c.hall.TheaterID, c.hall.ScreenID, c.hall.LayoutID
	s.show.Currency = c.hall.Currency
	s.show.StartsAt, s.show.EndsAt = start, start.Add(pattern.length)
	s.show.SalesOpenAt, s.show.SalesCloseAt = c.now, start.Add(-pattern.closes)
	if s.reason == "" && (!start.After(c.now) || !s.show.SalesCloseAt.After(c.now)) {
		s.reason = reasonPassed
	}
	return s
}

// copied gives a slot for each show of the days from source on, at the same local
// time as many days after the first day. What was cancelled is not repeated.
func (c calendar) copied(ctx context.Context, tx bun.Tx, source time.Time) ([]slot, error) {
	var rows []struct {
		schema.Show `bun:",extend"`
		LocalTime   string
		MovieTitle  string
		Retired     bool
	}
	err := tx.NewSelect().TableExpr("shows AS s").Join("JOIN movies AS m ON m.id = s.movie_id").
		ColumnExpr("s.*, m.title AS movie_title, m.retired_at IS NOT NULL AS retired").
		ColumnExpr(`to_char(s.starts_at AT TIME ZONE ?, 'YYYY-MM-DD"T"HH24:MI:SS') AS local_time`, c.hall.TimeZone).
		Where("s.screen_id = ? AND s.status = ?", c.hall.ScreenID, booking.ShowScheduled).
		Where("s.starts_at >= ?::timestamp AT TIME ZONE ?", source.Format(time.DateOnly), c.hall.TimeZone).
		Where("s.starts_at < ?::timestamp AT TIME ZONE ?", source.AddDate(0, 0, c.days).Format(time.DateOnly), c.hall.TimeZone).
		OrderExpr("s.starts_at").Limit(mostShows).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read the shows to copy: %w", err)
	}
	slots := make([]slot, 0, len(rows))
	for _, row := range rows {
		wall, err := time.Parse(rules.LocalSecond, row.LocalTime)
		if err != nil {
			return nil, fmt.Errorf("read the local time of show %s: %w", row.ID, err)
		}
		from := row.Show
		pattern := pattern{
			movie: row.MovieTitle, length: from.EndsAt.Sub(from.StartsAt), closes: from.StartsAt.Sub(from.SalesCloseAt),
			show: schema.Show{
				MovieID: from.MovieID, Format: from.Format, Language: from.Language, Subtitles: from.Subtitles,
				Captions: from.Captions, AudioDescription: from.AudioDescription, Relaxed: from.Relaxed,
				Prices: from.Prices, FeePerSeat: from.FeePerSeat, TaxBasisPoints: from.TaxBasisPoints,
			},
		}
		if missing, unknown := rules.Categories(from.Prices, c.hall.Layout); len(missing)+len(unknown) > 0 || from.Currency != c.hall.Currency {
			pattern.reason = reasonOtherLayout
		}
		if row.Retired {
			pattern.reason = reasonRetired
		}
		slots = append(slots, c.slot(wall.Add(c.first.Sub(source)), pattern))
	}
	return slots, nil
}
