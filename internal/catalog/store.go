package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/database"
)

// Store reads the catalog.
type Store struct {
	db *bun.DB
}

// New makes a Store over the database.
func New(db *database.DB) *Store { return &Store{db: db.Bun} }

// onSale is what makes a show worth listing, by the database's clock.
const onSale = `s.status = 'scheduled' AND s.starts_at > now() AND now() BETWEEN s.sales_open_at AND s.sales_close_at`

// onDay narrows to a day on the clock of theater t. A day has 23 or 25 hours when
// the clocks change, so both ends are midnights.
const onDay = `s.starts_at >= (?::date)::timestamp AT TIME ZONE t.time_zone
	AND s.starts_at < (?::date + 1)::timestamp AT TIME ZONE t.time_zone`

const cityColumns = `c.id, c.slug, c.name, c.country, c.time_zone, c.currency, c.lat, c.lon`

// Cities lists the cities with theaters, by name.
func (s *Store) Cities(ctx context.Context) ([]City, error) {
	cities := []City{}
	err := s.db.NewSelect().TableExpr("cities AS c").
		ColumnExpr(cityColumns).
		Where("EXISTS (SELECT FROM theaters t WHERE t.city_id = c.id AND t.retired_at IS NULL)").
		OrderExpr("c.name COLLATE by_name, c.id").
		Scan(ctx, &cities)
	if err != nil {
		return nil, fmt.Errorf("list cities: %w", err)
	}
	return cities, nil
}

// fieldErrors collects what is wrong with a request's filters.
type fieldErrors struct{ booking.FieldErrors }

// checkText refuses what Postgres cannot even compare with.
func (p *fieldErrors) checkText(field, text string) {
	if !storable(text) {
		p.Add(field, "This is not text.")
	}
}

func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

func (p *fieldErrors) checkDate(date string) {
	if date != "" && !isDay(date) {
		p.Add("date", "Write a day as YYYY-MM-DD, for example 2026-03-29.")
	}
}

// isDay refuses the year 0, which Go has and Postgres has not.
func isDay(date string) bool {
	day, err := time.Parse(time.DateOnly, date)
	return err == nil && day.Year() > 0
}

// city finds a city by id or slug for a filter; the zero id when there is no
// filter.
func (s *Store) city(ctx context.Context, p *fieldErrors, idOrSlug string) (uuid.UUID, error) {
	if idOrSlug == "" {
		return uuid.Nil, nil
	}
	id, err := s.find(ctx, "cities", idOrSlug)
	if booking.CodeOf(err) == booking.CodeNotFound {
		p.addNoCity()
		return uuid.Nil, nil
	}
	return id, err
}

func (p *fieldErrors) addNoCity() {
	p.Add("city", "There is no such city. GET /v1/cities lists them.")
}

// find resolves an id or a slug. Code: not_found.
func (s *Store) find(ctx context.Context, table, idOrSlug string) (uuid.UUID, error) {
	if !storable(idOrSlug) {
		return uuid.Nil, notFound(sql.ErrNoRows, table)
	}
	var id uuid.UUID
	if err := identified(s.db.NewSelect().Table(table).Column("id"), idOrSlug).Scan(ctx, &id); err != nil {
		return uuid.Nil, notFound(err, table)
	}
	return id, nil
}

// identified narrows a query of one table to the row with an id or a slug.
func identified(query *bun.SelectQuery, idOrSlug string) *bun.SelectQuery {
	if id, err := uuid.Parse(idOrSlug); err == nil {
		return query.Where("id = ?", id)
	}
	return query.Where("slug = ?", idOrSlug)
}

var nouns = map[string]string{"cities": "city", "movies": "movie", "theaters": "theater", "shows": "show"}

func notFound(err error, table string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return booking.E(booking.CodeNotFound, "There is no such %s.", nouns[table])
	}
	return fmt.Errorf("read %s: %w", table, err)
}
