package catalog

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/internal/paging"
)

// TheaterFilter narrows a list of theaters; an empty field does not.
type TheaterFilter struct {
	City   string // id or slug
	Near   string // "lat,lon" in degrees: the nearest first
	Limit  int
	Cursor string
}

const theaterColumns = `t.id, t.slug, t.name, t.address, t.time_zone, t.lat, t.lon,
	c.slug AS city, c.name AS city_name, t.currency, t.amenities, t.accessibility`

// metersFrom is the great-circle distance (haversine, mean radius of the earth)
// in whole meters, so that a cursor holds exactly what was compared.
const metersFrom = `round(2 * 6371008.8 * asin(least(1, sqrt(
	sin(radians(t.lat - ?0) / 2) ^ 2 +
	cos(radians(?0)) * cos(radians(t.lat)) * sin(radians(t.lon - ?1) / 2) ^ 2))))::bigint`

type point struct{ lat, lon float64 }

// Theaters lists theaters by name, or by distance when Near is given. next is
// empty on the last page. Code: validation_failed.
func (s *Store) Theaters(ctx context.Context, f TheaterFilter) (items []Theater, next string, err error) {
	var p fieldErrors
	near := p.readNear(f.Near)
	sort, valid := "name", storable
	if near != nil {
		sort, valid = "near", isMeters
	}
	after := p.readCursor(f.Cursor, sort, valid)
	city, err := s.city(ctx, &p, f.City)
	if err != nil {
		return nil, "", err
	}
	if err := p.Err(); err != nil {
		return nil, "", err
	}

	limit := paging.Size(f.Limit)
	type theaterOfPage struct {
		Theater
		SortKey string
	}
	var rows []theaterOfPage
	if err := s.theaterPage(near, city, after, limit+1).Scan(ctx, &rows); err != nil {
		return nil, "", notFound(err, "theaters")
	}
	rows, next = paging.Cut(rows, limit, func(last theaterOfPage) string {
		return paging.Key{Order: sort, Text: last.SortKey, ID: last.ID}.String()
	})
	items = make([]Theater, len(rows))
	for i, row := range rows {
		items[i] = row.Theater
	}
	return items, next, nil
}

func (s *Store) theaterPage(near *point, city uuid.UUID, after paging.Key, limit int) *bun.SelectQuery {
	inner := s.db.NewSelect().TableExpr("theaters AS t").ColumnExpr("t.*").Where("t.retired_at IS NULL")
	keyType := "text"
	if near != nil {
		inner.ColumnExpr(metersFrom+" AS sort_key", near.lat, near.lon)
		keyType = "bigint"
	} else {
		inner.ColumnExpr("t.name COLLATE by_name AS sort_key")
	}
	if city != uuid.Nil {
		inner.Where("t.city_id = ?", city)
	}
	page := s.db.NewSelect().TableExpr("(?) AS t", inner).Join("JOIN cities AS c ON c.id = t.city_id").
		ColumnExpr(theaterColumns).ColumnExpr("t.sort_key::text AS sort_key").
		OrderExpr("t.sort_key, t.id").Limit(int64(limit))
	if near != nil {
		page.ColumnExpr("t.sort_key / 1000.0::double precision AS distance_km")
	}
	if after.ID != uuid.Nil {
		page.Where("(t.sort_key, t.id) > (?::"+keyType+", ?)", after.Text, after.ID)
	}
	return page
}

func isMeters(key string) bool {
	_, err := strconv.ParseInt(key, 10, 64)
	return err == nil
}

// readNear gives nil for none.
func (p *fieldErrors) readNear(near string) *point {
	if near == "" {
		return nil
	}
	first, second, found := strings.Cut(near, ",")
	lat, errLat := strconv.ParseFloat(strings.TrimSpace(first), 64)
	lon, errLon := strconv.ParseFloat(strings.TrimSpace(second), 64)
	// Written so that NaN, which compares as false, does not pass.
	inRange := math.Abs(lat) <= 90 && math.Abs(lon) <= 180
	if !found || errLat != nil || errLon != nil || !inRange {
		p.Add("near", "Write latitude,longitude in degrees, for example 19.076,72.8777.")
		return nil
	}
	return &point{lat, lon}
}

// Theater reads one theater with its screens, also when it is closed permanently.
// Code: not_found.
func (s *Store) Theater(ctx context.Context, idOrSlug string) (TheaterDetail, error) {
	id, err := s.find(ctx, "theaters", idOrSlug)
	if err != nil {
		return TheaterDetail{}, err
	}
	var theater TheaterDetail
	err = s.db.NewSelect().TableExpr("theaters AS t").Join("JOIN cities AS c ON c.id = t.city_id").
		ColumnExpr(theaterColumns).ColumnExpr("t.retired_at").Where("t.id = ?", id).Scan(ctx, &theater)
	if err != nil {
		return TheaterDetail{}, notFound(err, "theaters")
	}
	theater.Screens = []screen{}
	err = s.db.NewSelect().TableExpr("screens AS sc").
		Join(`JOIN LATERAL (SELECT capacity, wheelchair_spaces FROM layouts l
			WHERE l.screen_id = sc.id ORDER BY version DESC LIMIT 1) AS l ON true`).
		ColumnExpr("sc.id, sc.name, l.capacity, l.wheelchair_spaces").
		Where("sc.theater_id = ? AND sc.retired_at IS NULL", id).OrderExpr("sc.name COLLATE by_name, sc.id").
		Scan(ctx, &theater.Screens)
	if err != nil {
		return TheaterDetail{}, fmt.Errorf("read the screens of a theater: %w", err)
	}
	return theater, nil
}
