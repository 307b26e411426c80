package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

// homeDays is how many days a customer can choose from, and homeSoon how many
// films are announced.
const (
	homeDays = 14
	homeSoon = 12
)

// Home is what the first screen shows: what is on in a city on one cinema day, the
// days to choose from, and what comes soon.
type Home struct {
	City       City        `json:"city"`
	Date       string      `json:"date"`
	Days       []string    `json:"days"`
	Movies     []homeMovie `json:"movies"`
	ComingSoon []Movie     `json:"coming_soon"`
}

// homeMovie is a film with its shows of the day in all theaters of the city, by
// time.
type homeMovie struct {
	Movie Movie      `json:"movie"`
	Shows []homeShow `json:"shows"`
}

// homeShow is a show as a button: when, where, how full, and from which price.
type homeShow struct {
	ID           uuid.UUID            `json:"id"`
	StartsAt     time.Time            `json:"starts_at"`
	LocalTime    string               `json:"local_time"`
	TimeZone     string               `json:"time_zone"`
	Theater      homeTheater          `json:"theater"`
	Screen       string               `json:"screen"`
	Format       string               `json:"format"`
	Language     string               `json:"language"`
	Subtitles    string               `json:"subtitles"`
	Availability booking.Availability `json:"availability"`
	PriceFrom    booking.Money        `json:"price_from"`
}

type homeTheater struct {
	ID   uuid.UUID `json:"id"`
	Slug string    `json:"slug"`
	Name string    `json:"name"`
}

// cinemaDay is the day under which a show is filed: from 05:00 to 05:00 on the
// theater's clock, because a show at 00:10 belongs to the evening before.
const cinemaDay = `(s.starts_at AT TIME ZONE t.time_zone - interval '5 hours')::date`

// cinemaToday is the cinema day that a city has now.
const cinemaToday = `(now() AT TIME ZONE city.time_zone - interval '5 hours')::date`

// readFrame reads all but the shows of the day. A film comes soon when it is released
// after today, or when shows are planned in the city and none of them was ever sold. What
// the day shows is not announced besides.
const readFrame = `
WITH city AS (?0),
ahead AS MATERIALIZED (
	SELECT s.movie_id, s.format, s.starts_at, ` + cinemaDay + ` AS day, (` + onSale + `) AS on_sale
	FROM city JOIN theaters AS t ON t.city_id = city.id JOIN shows AS s ON s.theater_id = t.id
	WHERE s.status = 'scheduled' AND s.starts_at > now()),
days AS (SELECT DISTINCT day FROM ahead WHERE on_sale ORDER BY day LIMIT ?2),
clock AS (
	SELECT ` + cinemaToday + ` AS today, coalesce(nullif(?1, '')::date, (SELECT min(day) FROM days), ` + cinemaToday + `) AS date
	FROM city),
planned AS (
	SELECT movie_id, min(day) AS first_day, min(starts_at) AS next_show_at,
		array_agg(DISTINCT format ORDER BY format) AS formats, bool_or(on_sale AND day = clock.date) AS shown
	FROM ahead, clock GROUP BY movie_id),
soon AS (
	SELECT ` + movieColumns + `, coalesce(p.formats, '{}') AS formats, p.next_show_at, m.popularity,
		least(CASE WHEN m.release_date > clock.today THEN m.release_date END, p.first_day) AS comes_on
	FROM clock CROSS JOIN movies AS m
	LEFT JOIN movie_ratings AS mr ON mr.movie_id = m.id
	LEFT JOIN planned AS p ON p.movie_id = m.id
	WHERE m.retired_at IS NULL AND p.shown IS NOT TRUE
		AND (m.release_date > clock.today OR p.movie_id IS NOT NULL AND NOT EXISTS (
			SELECT FROM city JOIN theaters AS t ON t.city_id = city.id JOIN shows AS s ON s.theater_id = t.id
			WHERE s.movie_id = m.id AND s.status = 'scheduled' AND s.sales_open_at <= now()))
	ORDER BY comes_on, m.popularity DESC, m.id LIMIT ?3)
SELECT city.*, to_char(clock.date, 'YYYY-MM-DD') AS date,
	ARRAY(SELECT to_char(day, 'YYYY-MM-DD') FROM days ORDER BY day) AS days,
	(SELECT coalesce(jsonb_agg(to_jsonb(soon) ORDER BY comes_on, popularity DESC, id), '[]') FROM soon) AS coming_soon
FROM city, clock`

// readDay reads the films of a cinema day in the order of their next start, with their
// shows. Expired holds count as free, as in the seat map.
const readDay = `
WITH shows AS (
	SELECT s.movie_id, s.format, s.starts_at,
		jsonb_build_object('id', s.id, 'starts_at', s.starts_at,
			'local_time', to_char(s.starts_at AT TIME ZONE t.time_zone, 'YYYY-MM-DD"T"HH24:MI:SS'), 'time_zone', t.time_zone,
			'theater', jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name), 'screen', sc.name,
			'format', s.format, 'language', s.language, 'subtitles', s.subtitles, 'prices', s.prices, 'currency', s.currency,
			'seats', l.capacity, 'taken', (SELECT count(*) FROM seat_claims AS c
				WHERE c.show_id = s.id AND (c.state = 'sold' OR c.held_until >= now()))) AS show,
		row_number() OVER (ORDER BY s.starts_at, t.name COLLATE by_name, s.id) AS place
	FROM theaters AS t JOIN shows AS s ON s.theater_id = t.id
	JOIN screens AS sc ON sc.id = s.screen_id
	JOIN layouts AS l ON l.id = s.layout_id
	WHERE t.city_id = ?0 AND ` + onSale + ` AND ` + cinemaDay + ` = ?1::date),
showing AS (
	SELECT movie_id, array_agg(DISTINCT format ORDER BY format) AS formats, min(starts_at) AS next_show_at,
		jsonb_agg(show ORDER BY place) AS shows
	FROM shows GROUP BY movie_id)
SELECT ` + movieColumns + `, showing.formats, showing.next_show_at, showing.shows
FROM showing JOIN movies AS m ON m.id = showing.movie_id
LEFT JOIN movie_ratings AS mr ON mr.movie_id = m.id
ORDER BY showing.next_show_at, m.popularity DESC, m.id`

// homeShowRow is a show of the day, as SQL gives it.
type homeShowRow struct {
	homeShow
	Prices   map[string]int64 `json:"prices"`
	Currency string           `json:"currency"`
	Seats    int              `json:"seats"`
	Taken    int              `json:"taken"`
}

func (r homeShowRow) show() homeShow {
	show := r.homeShow
	show.StartsAt = show.StartsAt.UTC()
	show.Availability = booking.AvailabilityOf(r.Seats, r.Taken)
	show.PriceFrom = booking.Money{Currency: r.Currency}
	if prices := slices.Collect(maps.Values(r.Prices)); len(prices) > 0 {
		show.PriceFrom.Amount = slices.Min(prices)
	}
	return show
}

// Home reads the first screen of a city (id or slug) on a cinema day (YYYY-MM-DD), or on
// the first that has shows on sale when date is empty. Code: validation_failed.
func (s *Store) Home(ctx context.Context, city, date string) (Home, error) {
	var p fieldErrors
	p.checkDate(date)
	if city == "" {
		p.Add("city", "Say which city, by its id or slug. GET /v1/cities lists them.")
	}
	if p.Err() != nil || !storable(city) {
		if _, err := s.city(ctx, &p, city); err != nil {
			return Home{}, err
		}
		return Home{}, p.Err()
	}
	home, err := s.homeFrame(ctx, city, date)
	if errors.Is(err, sql.ErrNoRows) {
		p.addNoCity()
		return Home{}, p.Err()
	}
	if err != nil {
		return Home{}, err
	}
	home.Movies, err = s.homeMovies(ctx, home.City.ID, home.Date)
	return home, err
}

func (s *Store) homeFrame(ctx context.Context, city, date string) (Home, error) {
	var frame struct {
		City
		Date       string
		Days       []string `bun:",array"`
		ComingSoon []Movie  `bun:"type:jsonb"`
	}
	cities := identified(s.db.NewSelect().TableExpr("cities AS c").ColumnExpr(cityColumns), city)
	if err := s.db.NewRaw(readFrame, cities, date, homeDays, homeSoon).Scan(ctx, &frame); err != nil {
		return Home{}, fmt.Errorf("read the home screen of a city: %w", err)
	}
	for _, movie := range frame.ComingSoon {
		if movie.NextShowAt != nil { // JSON has it in the zone of the session
			*movie.NextShowAt = movie.NextShowAt.UTC()
		}
	}
	return Home{City: frame.City, Date: frame.Date, Days: frame.Days, ComingSoon: frame.ComingSoon}, nil
}

func (s *Store) homeMovies(ctx context.Context, city uuid.UUID, date string) ([]homeMovie, error) {
	var rows []struct {
		Movie
		Shows []homeShowRow `bun:"type:jsonb"`
	}
	if err := s.db.NewRaw(readDay, city, date).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("read the shows of a cinema day: %w", err)
	}
	movies := make([]homeMovie, len(rows))
	for i, row := range rows {
		movies[i] = homeMovie{Movie: row.Movie, Shows: make([]homeShow, len(row.Shows))}
		for j, show := range row.Shows {
			movies[i].Shows[j] = show.show()
		}
	}
	return movies, nil
}
