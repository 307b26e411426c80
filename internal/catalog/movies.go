package catalog

import (
	"cmp"
	"context"
	"regexp"
	"strconv"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/internal/paging"
)

// MovieFilter narrows a list of films; an empty field does not. City, Date and
// Format ask for films with such a show, and then so does Language.
type MovieFilter struct {
	City        string // id or slug
	Date        string // YYYY-MM-DD on the theater's clock
	Genre       string
	Language    string // BCP 47
	Format      string
	Certificate string
	Sort        string // popularity (when empty), title or release_date
	Limit       int
	Cursor      string
}

// order is a way to sort films. The key is unique only together with the id.
type order struct {
	key        string // SQL
	sqlType    string // of the key
	descending bool
	valid      func(key string) bool
}

var orders = map[string]order{
	"popularity":   {"m.popularity", "double precision", true, isDecimal},
	"title":        {"m.title COLLATE by_name", "text", false, storable},
	"release_date": {"coalesce(m.release_date, make_date(m.year, 1, 1))", "date", true, isDay},
}

// isDecimal takes a number only as Postgres writes one: Go also reads other
// notations, and as 0 what Postgres finds too small.
func isDecimal(key string) bool {
	value, err := strconv.ParseFloat(key, 64)
	return err == nil && decimal.MatchString(key) && (value != 0 || key == "0")
}

var decimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?$`)

const movieColumns = `m.id, m.slug, m.title, m.runtime_minutes, m.genres, m.certificate, m.original_title,
	m.year, coalesce(to_char(m.release_date, 'YYYY-MM-DD'), '') AS release_date, m.languages, m.synopsis,
	m.trailer_url, m.poster_url, ` + ratingColumn + ` AS rating`

// ratingColumn is null until a customer has rated.
const ratingColumn = `CASE WHEN mr.count > 0 THEN
	jsonb_build_object('average', round(mr.sum::numeric / mr.count, 2), 'count', mr.count) END`

// Movies lists films. next is empty on the last page. Code: validation_failed.
func (s *Store) Movies(ctx context.Context, f MovieFilter) (items []Movie, next string, err error) {
	var p fieldErrors
	f.Sort = cmp.Or(f.Sort, "popularity")
	sort, known := orders[f.Sort]
	if !known {
		p.Add("sort", "Choose popularity, title or release_date.")
	}
	var after paging.Key
	if known {
		after = p.readCursor(f.Cursor, f.Sort, sort.valid)
	}
	p.checkDate(f.Date)
	p.checkText("genre", f.Genre)
	p.checkText("language", f.Language)
	p.checkText("format", f.Format)
	p.checkText("certificate", f.Certificate)
	city, err := s.city(ctx, &p, f.City)
	if err != nil {
		return nil, "", err
	}
	if err := p.Err(); err != nil {
		return nil, "", err
	}

	limit := paging.Size(f.Limit)
	page := s.moviePage(f, sort, city, after, limit+1) // one more tells whether there is a next page
	type movieOfPage struct {
		Movie
		SortKey string
	}
	var rows []movieOfPage
	if err := s.withShowing(page, city, f.Date).ColumnExpr("m.sort_key::text AS sort_key").
		OrderExpr(sort.by("m.sort_key")).Scan(ctx, &rows); err != nil {
		return nil, "", notFound(err, "movies")
	}
	rows, next = paging.Cut(rows, limit, func(last movieOfPage) string {
		return paging.Key{Order: f.Sort, Text: last.SortKey, ID: last.ID}.String()
	})
	items = make([]Movie, len(rows))
	for i, row := range rows {
		items[i] = row.Movie
	}
	return items, next, nil
}

func (o order) by(key string) string {
	if o.descending {
		return key + " DESC, m.id DESC"
	}
	return key + ", m.id"
}

func (s *Store) moviePage(f MovieFilter, sort order, city uuid.UUID, after paging.Key, limit int) *bun.SelectQuery {
	page := s.db.NewSelect().TableExpr("movies AS m").
		ColumnExpr("m.*").ColumnExpr(sort.key + " AS sort_key").
		Where("m.retired_at IS NULL").
		OrderExpr(sort.by(sort.key)).Limit(int64(limit))
	if after.ID != uuid.Nil {
		comparison := ">"
		if sort.descending {
			comparison = "<"
		}
		page.Where("("+sort.key+", m.id) "+comparison+" (?::"+sort.sqlType+", ?)", after.Text, after.ID)
	}
	if f.Genre != "" {
		page.Where("lower(?) IN (SELECT lower(g) FROM unnest(m.genres) g)", f.Genre)
	}
	if f.Certificate != "" {
		page.Where("lower(m.certificate) = lower(?)", f.Certificate)
	}
	if city == uuid.Nil && f.Date == "" && f.Format == "" {
		if f.Language != "" {
			page.Where("? = ANY (m.languages)", f.Language)
		}
		return page
	}
	shows := s.showing(city, f.Date).ColumnExpr("1")
	if f.Format != "" {
		shows.Where("lower(s.format) = lower(?)", f.Format)
	}
	if f.Language != "" {
		shows.Where("s.language = ?", f.Language)
	}
	return page.Where("EXISTS (?)", shows)
}

// showing is the shows on sale of the movie m in the query around it.
func (s *Store) showing(city uuid.UUID, date string) *bun.SelectQuery {
	shows := s.db.NewSelect().TableExpr("shows AS s").
		Join("JOIN theaters AS t ON t.id = s.theater_id").
		Where("s.movie_id = m.id").Where(onSale)
	if city != uuid.Nil {
		shows.Where("t.city_id = ?", city)
	}
	if date != "" {
		shows.Where(onDay, date, date)
	}
	return shows
}

// withShowing adds to each film of a page how it is shown.
func (s *Store) withShowing(page *bun.SelectQuery, city uuid.UUID, date string) *bun.SelectQuery {
	showing := s.showing(city, date).
		ColumnExpr("coalesce(array_agg(DISTINCT s.format ORDER BY s.format), '{}') AS formats").
		ColumnExpr("min(s.starts_at) AS next_show_at")
	return s.db.NewSelect().With("page", page).TableExpr("page AS m").
		Join("LEFT JOIN movie_ratings AS mr ON mr.movie_id = m.id").
		Join("CROSS JOIN LATERAL (?) AS showing", showing).
		ColumnExpr(movieColumns).
		ColumnExpr("showing.formats, showing.next_show_at")
}

// Movie reads one film, also when it left the catalog. Code: not_found.
func (s *Store) Movie(ctx context.Context, idOrSlug string) (MovieDetail, error) {
	id, err := s.find(ctx, "movies", idOrSlug)
	if err != nil {
		return MovieDetail{}, err
	}
	var movie MovieDetail
	one := s.db.NewSelect().TableExpr("movies AS m").ColumnExpr("m.*").Where("m.id = ?", id)
	if err := s.withShowing(one, uuid.Nil, "").ColumnExpr("m.aliases, m.credits, m.retired_at").Scan(ctx, &movie); err != nil {
		return MovieDetail{}, notFound(err, "movies")
	}
	return movie, nil
}
