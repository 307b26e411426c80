package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/schema"
)

// Show is one screening as staff see it, whatever its status. LocalTime is the
// start on the theater's clock; CleanAt is when the next show may start.
type Show struct {
	// ID is left out of a program that was only tried.
	ID               uuid.UUID                `json:"id,omitzero"`
	Movie            showMovie                `json:"movie"`
	Theater          showTheater              `json:"theater"`
	Screen           showScreen               `json:"screen"`
	StartsAt         time.Time                `json:"starts_at"`
	EndsAt           time.Time                `json:"ends_at"`
	CleanAt          time.Time                `json:"clean_at"`
	LocalTime        string                   `json:"local_time"`
	TimeZone         string                   `json:"time_zone"`
	Format           string                   `json:"format"`
	Language         string                   `json:"language"`
	Subtitles        string                   `json:"subtitles"`
	Captions         bool                     `json:"captions"`
	AudioDescription bool                     `json:"audio_description"`
	Relaxed          bool                     `json:"relaxed"`
	Status           booking.ShowStatus       `json:"status"`
	SalesOpenAt      time.Time                `json:"sales_open_at"`
	SalesCloseAt     time.Time                `json:"sales_close_at"`
	Prices           map[string]booking.Money `json:"prices"`
	FeePerSeat       booking.Money            `json:"fee_per_seat"`
	TaxBasisPoints   int64                    `json:"tax_basis_points"`
	TermsVersion     int64                    `json:"terms_version"`
	// Seats is left out where a moment's sales mean nothing, as in the audit log.
	Seats     *ShowSeats `json:"seats,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

// showMovie names the film of a show.
type showMovie struct {
	ID    uuid.UUID `json:"id"`
	Slug  string    `json:"slug"`
	Title string    `json:"title"`
}

// showTheater names the house of a show.
type showTheater struct {
	ID   uuid.UUID `json:"id"`
	Slug string    `json:"slug"`
	Name string    `json:"name"`
}

// showScreen names the hall of a show and the layout that it sells.
type showScreen struct {
	ID               uuid.UUID `json:"id"`
	Name             string    `json:"name"`
	LayoutVersion    int       `json:"layout_version"`
	WheelchairSpaces int       `json:"wheelchair_spaces"`
}

// ShowSeats counts a show's seats. What is neither held nor sold is free.
type ShowSeats struct {
	Capacity int `json:"capacity"`
	Held     int `json:"held"`
	Sold     int `json:"sold"`
}

// Terms is the show without what changes from sale to sale.
func (s Show) Terms() Show {
	s.Seats = nil
	return s
}

// ShowFilter narrows a list of shows; an empty field does not. From and To are
// days on the theater's clock, both included.
type ShowFilter struct {
	TheaterID, ScreenID, MovieID string
	From, To                     string
	Status                       string
	Limit                        int
	Cursor                       string
}

type showRow struct {
	schema.Show `bun:",extend"`
	LocalTime   string
	TimeZone    string
	Movie       showMovie   `bun:"embed:film_"`
	Theater     showTheater `bun:"embed:house_"`
	Screen      showScreen  `bun:"embed:hall_"`
	Seats       ShowSeats   `bun:"embed:seats_"`
}

// A hold that ran out counts as free, as it does for customers.
const showColumns = `s.*, to_char(s.starts_at AT TIME ZONE t.time_zone, 'YYYY-MM-DD"T"HH24:MI:SS') AS local_time, t.time_zone,
	m.id AS film_id, m.slug AS film_slug, m.title AS film_title,
	t.id AS house_id, t.slug AS house_slug, t.name AS house_name,
	sc.id AS hall_id, sc.name AS hall_name, l.version AS hall_layout_version,
	l.wheelchair_spaces AS hall_wheelchair_spaces, l.capacity AS seats_capacity,
	claims.held AS seats_held, claims.sold AS seats_sold`

func selectShows(db bun.IDB) *bun.SelectQuery {
	return db.NewSelect().TableExpr("shows AS s").
		Join("JOIN movies AS m ON m.id = s.movie_id").
		Join("JOIN theaters AS t ON t.id = s.theater_id").
		Join("JOIN screens AS sc ON sc.id = s.screen_id").
		Join("JOIN layouts AS l ON l.id = s.layout_id").
		Join(`CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE c.state = 'held' AND c.held_until >= now()) AS held,
			count(*) FILTER (WHERE c.state = 'sold') AS sold FROM seat_claims c WHERE c.show_id = s.id) AS claims`).
		ColumnExpr(showColumns).OrderExpr("s.starts_at, s.id")
}

func (r *showRow) view() Show {
	s := r.Show
	return Show{
		ID: s.ID, Movie: r.Movie, Theater: r.Theater, Screen: r.Screen,
		StartsAt: s.StartsAt, EndsAt: s.EndsAt, CleanAt: s.CleanAt, LocalTime: r.LocalTime, TimeZone: r.TimeZone,
		Format: s.Format, Language: s.Language, Subtitles: s.Subtitles,
		Captions: s.Captions, AudioDescription: s.AudioDescription, Relaxed: s.Relaxed,
		Status: s.Status, SalesOpenAt: s.SalesOpenAt, SalesCloseAt: s.SalesCloseAt,
		Prices: moneyOf(s.Prices, s.Currency), FeePerSeat: booking.Money{Amount: s.FeePerSeat, Currency: s.Currency},
		TaxBasisPoints: s.TaxBasisPoints, TermsVersion: s.TermsVersion, Seats: &r.Seats,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
}

// Shows lists shows by their start: a manager's and the door's are those of their
// theaters. next is empty on the last page. Codes: validation_failed, forbidden.
func (s *Store) Shows(ctx context.Context, actor audit.Actor, f ShowFilter) (items []Show, next string, err error) {
	query := selectShows(s.db)
	var p fieldErrors
	theater, screen := p.id("theater_id", f.TheaterID, notAnID), p.id("screen_id", f.ScreenID, notAnID)
	movie := p.id("movie_id", f.MovieID, notAnID)
	p.days(query, f.From, f.To)
	if f.Status != "" {
		status := booking.ShowStatus(f.Status)
		rules.OneOf(p.Add, "status", &status, booking.ShowScheduled, booking.ShowCancelled)
		query.Where("s.status = ?", status)
	}
	after := p.readCursor(f.Cursor, isMoment)
	if err := p.Err(); err != nil {
		return nil, "", err
	}
	for column, id := range map[string]uuid.UUID{"s.theater_id": theater, "s.screen_id": screen, "s.movie_id": movie} {
		if id != uuid.Nil {
			query.Where("? = ?", bun.Ident(column), id)
		}
	}
	if after.ID != uuid.Nil {
		query.Where("(s.starts_at, s.id) > (?::timestamptz, ?)", after.Text, after.ID)
	}
	asked, err := s.askedTheater(ctx, theater, screen)
	if err != nil {
		return nil, "", err
	}
	if err := s.narrowShows(ctx, query, actor, asked); err != nil {
		return nil, "", err
	}
	return page(ctx, query, f.Limit, "shows", func(r *showRow) paging.Key {
		return paging.Key{Text: r.StartsAt.UTC().Format(time.RFC3339Nano), ID: r.ID}
	}, (*showRow).view)
}

// days narrows to local days. The first two conditions say nothing new, but an
// index knows them: no clock is more than 14 hours away from UTC.
func (p *fieldErrors) days(query *bun.SelectQuery, from, to string) {
	if day := p.check().Day("from", &from); day != nil {
		query.Where("s.starts_at >= ?::timestamp AT TIME ZONE 'UTC' - interval '14 hours'", from).
			Where("s.starts_at >= ?::timestamp AT TIME ZONE t.time_zone", from)
	}
	if day := p.check().Day("to", &to); day != nil {
		query.Where("s.starts_at < (?::timestamp + interval '1 day') AT TIME ZONE 'UTC' + interval '14 hours'", to).
			Where("s.starts_at < (?::timestamp + interval '1 day') AT TIME ZONE t.time_zone", to)
	}
}

// isMoment takes a key only as lists write it: Postgres refuses the year 0 and
// offsets that Go reads.
func isMoment(key string) bool {
	moment, err := time.Parse(time.RFC3339Nano, key)
	return err == nil && moment.Year() > 0 && key == moment.UTC().Format(time.RFC3339Nano)
}

// askedTheater is the theater that a list of shows is narrowed to, if any.
func (s *Store) askedTheater(ctx context.Context, theater, screen uuid.UUID) (uuid.UUID, error) {
	if theater != uuid.Nil || screen == uuid.Nil {
		return theater, nil
	}
	err := s.db.NewSelect().Model((*schema.Screen)(nil)).Column("theater_id").Where("sc.id = ?", screen).Scan(ctx, &theater)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return uuid.Nil, fmt.Errorf("look whose screen it is: %w", err)
	}
	return theater, nil
}

// Show reads one show. Codes: not_found, forbidden.
func (s *Store) Show(ctx context.Context, actor audit.Actor, id string) (Show, error) {
	row, err := findShow(ctx, s.db, id)
	if err != nil {
		return Show{}, err
	}
	if err := maySee(ctx, s.db, actor, row.TheaterID); err != nil {
		return Show{}, err
	}
	return row.view(), nil
}

func findShow(ctx context.Context, db bun.IDB, id string) (row showRow, err error) {
	key, err := uuid.Parse(id)
	if err != nil {
		return row, noSuch(sql.ErrNoRows, "the show")
	}
	return row, noSuch(selectShows(db).Where("s.id = ?", key).Scan(ctx, &row), "the show")
}
