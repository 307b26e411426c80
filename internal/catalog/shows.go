package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
)

// showRow is a show with film and house, as SQL gives it.
type showRow struct {
	ID               uuid.UUID
	StartsAt         time.Time
	EndsAt           time.Time
	LocalTime        string
	Format           string
	Language         string
	Subtitles        string
	Captions         bool
	AudioDescription bool
	Relaxed          bool
	WheelchairSpaces int
	Status           booking.ShowStatus
	SalesOpenAt      time.Time
	SalesCloseAt     time.Time
	Currency         string
	Prices           map[string]int64 `bun:"type:jsonb"`
	ScreenID         uuid.UUID
	ScreenName       string
	Movie            movieSummary   `bun:"embed:movie_"`
	Theater          theaterSummary `bun:"embed:theater_"`
}

const showColumns = `s.id, s.starts_at, s.ends_at,
	to_char(s.starts_at AT TIME ZONE t.time_zone, 'YYYY-MM-DD"T"HH24:MI:SS') AS local_time,
	s.format, s.language, s.subtitles, s.captions, s.audio_description, s.relaxed, l.wheelchair_spaces, s.status, s.sales_open_at, s.sales_close_at, s.currency, s.prices,
	sc.id AS screen_id, sc.name AS screen_name,
	m.id AS movie_id, m.slug AS movie_slug, m.title AS movie_title, m.runtime_minutes AS movie_runtime_minutes,
	m.genres AS movie_genres, m.certificate AS movie_certificate,
	t.id AS theater_id, t.slug AS theater_slug, t.name AS theater_name, t.address AS theater_address,
	t.time_zone AS theater_time_zone, t.lat AS theater_lat, t.lon AS theater_lon`

func (s *Store) shows() *bun.SelectQuery {
	return s.db.NewSelect().TableExpr("shows AS s").
		Join("JOIN movies AS m ON m.id = s.movie_id").
		Join("JOIN theaters AS t ON t.id = s.theater_id").
		Join("JOIN screens AS sc ON sc.id = s.screen_id").
		Join("JOIN layouts AS l ON l.id = s.layout_id").
		ColumnExpr(showColumns)
}

func (r showRow) show() show {
	prices := make(map[string]booking.Money, len(r.Prices))
	for category, amount := range r.Prices {
		prices[category] = booking.Money{Amount: amount, Currency: r.Currency}
	}
	return show{
		ID: r.ID, StartsAt: r.StartsAt, EndsAt: r.EndsAt, LocalTime: r.LocalTime, TimeZone: r.Theater.TimeZone,
		Format: r.Format, Language: r.Language, Subtitles: r.Subtitles, Captions: r.Captions,
		AudioDescription: r.AudioDescription, Relaxed: r.Relaxed, WheelchairSpaces: r.WheelchairSpaces, Status: r.Status,
		SalesOpenAt: r.SalesOpenAt, SalesCloseAt: r.SalesCloseAt, Prices: prices,
		Screen: showScreen{ID: r.ScreenID, Name: r.ScreenName},
	}
}

// Show reads one show, also when it is over or cancelled. Code: not_found.
func (s *Store) Show(ctx context.Context, id string) (ShowDetail, error) {
	showID, err := uuid.Parse(id)
	if err != nil {
		return ShowDetail{}, booking.E(booking.CodeNotFound, "There is no such show.")
	}
	var row showRow
	if err := s.shows().Where("s.id = ?", showID).Scan(ctx, &row); err != nil {
		return ShowDetail{}, notFound(err, "shows")
	}
	return ShowDetail{show: row.show(), Movie: row.Movie, Theater: row.Theater}, nil
}

// MovieShows gives the shows of a film by theater, narrowed to a city (id or
// slug) and a day (YYYY-MM-DD on the theater's clock) unless they are empty.
// Codes: not_found, validation_failed.
func (s *Store) MovieShows(ctx context.Context, idOrSlug, city, date string) (MovieShows, error) {
	var p fieldErrors
	p.checkDate(date)
	cityID, err := s.city(ctx, &p, city)
	if err != nil {
		return MovieShows{}, err
	}
	if err := p.Err(); err != nil {
		return MovieShows{}, err
	}
	id, err := s.find(ctx, "movies", idOrSlug)
	if err != nil {
		return MovieShows{}, err
	}

	shows := MovieShows{Items: []theaterGroup{}}
	if err := s.db.NewSelect().TableExpr("movies AS m").
		ColumnExpr("m.id, m.slug, m.title, m.runtime_minutes, m.genres, m.certificate").
		Where("m.id = ?", id).Scan(ctx, &shows.Movie); err != nil {
		return MovieShows{}, notFound(err, "movies")
	}
	query := s.shows().Where("s.movie_id = ?", id).OrderExpr("t.name COLLATE by_name, t.id, s.starts_at, s.id")
	if cityID != uuid.Nil {
		query.Where("t.city_id = ?", cityID)
	}
	rows, err := upcoming(ctx, query, date)
	if err != nil {
		return MovieShows{}, err
	}
	for _, row := range rows {
		if n := len(shows.Items); n == 0 || shows.Items[n-1].Theater.ID != row.Theater.ID {
			shows.Items = append(shows.Items, theaterGroup{Theater: row.Theater})
		}
		group := &shows.Items[len(shows.Items)-1]
		group.Shows = append(group.Shows, row.show())
	}
	return shows, nil
}

// TheaterShows gives the shows of a theater by film, the most popular first,
// narrowed to a day on the theater's clock unless it is empty. Codes: not_found,
// validation_failed.
func (s *Store) TheaterShows(ctx context.Context, idOrSlug, date string) (theaterShows, error) {
	var p fieldErrors
	p.checkDate(date)
	if err := p.Err(); err != nil {
		return theaterShows{}, err
	}
	theater, err := s.Theater(ctx, idOrSlug)
	if err != nil {
		return theaterShows{}, err
	}
	query := s.shows().Where("s.theater_id = ?", theater.ID).OrderExpr("m.popularity DESC, m.id, s.starts_at, s.id")
	rows, err := upcoming(ctx, query, date)
	if err != nil {
		return theaterShows{}, err
	}
	shows := theaterShows{Theater: theater.theaterSummary, Items: []movieGroup{}}
	for _, row := range rows {
		if n := len(shows.Items); n == 0 || shows.Items[n-1].Movie.ID != row.Movie.ID {
			shows.Items = append(shows.Items, movieGroup{Movie: row.Movie})
		}
		group := &shows.Items[len(shows.Items)-1]
		group.Shows = append(group.Shows, row.show())
	}
	return shows, nil
}

func upcoming(ctx context.Context, query *bun.SelectQuery, date string) ([]showRow, error) {
	query.Where(onSale)
	if date != "" {
		query.Where(onDay, date, date)
	}
	var rows []showRow
	if err := query.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list shows: %w", err)
	}
	return rows, nil
}
