package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/schema"
)

// Movie is a film as staff see it.
type Movie struct {
	ID             uuid.UUID       `json:"id"`
	Slug           string          `json:"slug"`
	Title          string          `json:"title"`
	OriginalTitle  string          `json:"original_title"`
	Aliases        []string        `json:"aliases"`
	Year           int             `json:"year"`
	ReleaseDate    string          `json:"release_date"` // empty while it is not known
	RuntimeMinutes int             `json:"runtime_minutes"`
	Genres         []string        `json:"genres"`
	Languages      []string        `json:"languages"`
	Certificate    string          `json:"certificate"`
	Credits        []schema.Credit `json:"credits"`
	Synopsis       string          `json:"synopsis"`
	Popularity     float64         `json:"popularity"`
	TrailerURL     string          `json:"trailer_url"`
	PosterURL      string          `json:"poster_url"`
	RetiredAt      *time.Time      `json:"retired_at"`
	CreatedAt      time.Time       `json:"created_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
}

func movieView(row *schema.Movie) Movie {
	m := Movie{
		ID: row.ID, Slug: row.Slug, Title: row.Title, OriginalTitle: row.OriginalTitle, Aliases: listed(row.Aliases),
		Year: row.Year, RuntimeMinutes: row.RuntimeMinutes, Genres: listed(row.Genres), Languages: listed(row.Languages),
		Certificate: row.Certificate, Credits: listed(row.Credits), Synopsis: row.Synopsis, Popularity: row.Popularity,
		TrailerURL: row.TrailerURL, PosterURL: row.PosterURL,
		RetiredAt: row.RetiredAt, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if row.ReleaseDate != nil {
		m.ReleaseDate = row.ReleaseDate.Format(time.DateOnly)
	}
	return m
}

// listed makes clients iterate over [], not over null.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// MovieFilter narrows a list of films; an empty field does not.
type MovieFilter struct {
	Text    string // part of a title or alias
	Retired *bool
	Limit   int
	Cursor  string
}

// Movies lists films by title. next is empty on the last page. Code:
// validation_failed.
func (s *Store) Movies(ctx context.Context, f MovieFilter) (items []Movie, next string, err error) {
	var p problems
	p.check().Line("q", &f.Text, 0, maxTitle)
	after := p.readCursor(f.Cursor, storable)
	if err := p.err(); err != nil {
		return nil, "", err
	}
	limit := paging.Size(f.Limit)
	var rows []schema.Movie
	query := s.db.NewSelect().Model(&rows).OrderExpr("m.title COLLATE by_name, m.id").Limit(int64(limit) + 1)
	if after.ID != uuid.Nil {
		query.Where("(m.title COLLATE by_name, m.id) > (?, ?)", after.Text, after.ID)
	}
	if f.Text != "" {
		query.Where("strpos(lower(concat_ws(chr(10), m.title, m.original_title, array_to_string(m.aliases, chr(10)))), lower(?)) > 0", f.Text)
	}
	onlyRetired(query, "m", f.Retired)
	if err := query.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list movies for staff: %w", err)
	}
	rows, next = paging.Cut(rows, limit, func(m schema.Movie) string { return paging.Key{Text: m.Title, ID: m.ID}.String() })
	items = make([]Movie, len(rows))
	for i := range rows {
		items[i] = movieView(&rows[i])
	}
	return items, next, nil
}

func onlyRetired(query *bun.SelectQuery, alias string, retired *bool) {
	if retired != nil {
		query.Where("(?.retired_at IS NOT NULL) = ?", bun.Ident(alias), *retired)
	}
}

// Movie reads one film, retired or not. Code: not_found.
func (s *Store) Movie(ctx context.Context, id uuid.UUID) (Movie, error) {
	row, err := one[schema.Movie](ctx, s.db, "movie", id)
	if err != nil {
		return Movie{}, err
	}
	return movieView(row), nil
}

// one reads a row by its id. Code: not_found.
func one[Row any](ctx context.Context, db bun.IDB, what string, id uuid.UUID) (*Row, error) {
	var row Row
	err := db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, booking.E(booking.CodeNotFound, "There is no such %s.", what)
	}
	if err != nil {
		return nil, fmt.Errorf("read a %s: %w", what, err)
	}
	return &row, nil
}

// CreateMovie adds a film to the catalog. Codes: forbidden, validation_failed.
func (s *Store) CreateMovie(ctx context.Context, actor audit.Actor, fields MovieFields) (Movie, error) {
	if err := onlyAdmin(actor); err != nil {
		return Movie{}, err
	}
	row := &schema.Movie{ID: uuid.New()}
	if err := s.checkMovie(ctx, &fields, true); err != nil {
		return Movie{}, err
	}
	fields.apply(row)
	err := s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		var err error
		row.Slug, err = freeSlug(ctx, tx, "movies", row.ID, rules.SlugOf(row.Title), rules.SlugOf(row.Title+" "+strconv.Itoa(row.Year)))
		if err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(withLists(row)).Returning("created_at, updated_at").Exec(ctx); err != nil {
			return fmt.Errorf("write a movie: %w", err)
		}
		return record(ctx, tx, movieEntry(actor, "create", nil, row))
	})
	if err != nil {
		return Movie{}, err
	}
	return movieView(row), nil
}

// withLists writes an empty list where a nil one would be NULL.
func withLists(row *schema.Movie) *schema.Movie {
	row.Aliases, row.Genres = listed(row.Aliases), listed(row.Genres)
	row.Languages, row.Credits = listed(row.Languages), listed(row.Credits)
	return row
}

// movieEntry is the audit entry of a change; before is nil for a creation.
func movieEntry(actor audit.Actor, action string, before *Movie, after *schema.Movie) audit.Entry {
	e := audit.Entry{Actor: actor, Action: action, Entity: "movie", EntityID: after.ID.String(), After: movieView(after)}
	if before != nil {
		e.Before = before
	}
	return e
}

// freeSlug gives the first of the candidates that nothing of the table has; then
// the last with a number. It is for inside the catalog's lock.
func freeSlug(ctx context.Context, tx bun.Tx, table string, id uuid.UUID, candidates ...string) (string, error) {
	last := candidates[len(candidates)-1]
	if candidates[0] == "" { // nothing to read in the name
		candidates, last = nil, id.String()[:8]
	}
	for n := 0; ; n++ {
		candidate := last
		switch {
		case n < len(candidates):
			candidate = candidates[n]
		case n > 0:
			candidate += "-" + strconv.Itoa(n-len(candidates)+2)
		}
		taken, err := tx.NewSelect().Table(table).Where("slug = ?", candidate).Exists(ctx)
		if err != nil {
			return "", fmt.Errorf("look for a free slug: %w", err)
		}
		if !taken {
			return candidate, nil
		}
	}
}

// ChangeMovie sets fields of a film. Its slug stays, because links do. Codes:
// forbidden, not_found, validation_failed.
func (s *Store) ChangeMovie(ctx context.Context, actor audit.Actor, id uuid.UUID, fields MovieFields, unless Precondition) (Movie, error) {
	if err := onlyAdmin(actor); err != nil {
		return Movie{}, err
	}
	if err := s.checkMovie(ctx, &fields, false); err != nil {
		return Movie{}, err
	}
	return s.changeMovie(ctx, actor, id, "change", unless, func(_ context.Context, _ bun.Tx, row *schema.Movie) error {
		fields.apply(row)
		return nil
	})
}

// RetireMovie takes a film out of the catalog; it can still be read. Codes:
// forbidden, not_found, conflict while shows of it are to come.
func (s *Store) RetireMovie(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Movie, error) {
	if err := onlyAdmin(actor); err != nil {
		return Movie{}, err
	}
	return s.changeMovie(ctx, actor, id, "retire", unless, func(ctx context.Context, tx bun.Tx, row *schema.Movie) error {
		return retire(ctx, tx, &row.RetiredAt, "movie", "movie_id", id)
	})
}

// RestoreMovie takes a retired film back. Codes: forbidden, not_found.
func (s *Store) RestoreMovie(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Movie, error) {
	if err := onlyAdmin(actor); err != nil {
		return Movie{}, err
	}
	return s.changeMovie(ctx, actor, id, "restore", unless, func(_ context.Context, _ bun.Tx, row *schema.Movie) error {
		row.RetiredAt = nil
		return nil
	})
}

func (s *Store) changeMovie(
	ctx context.Context, actor audit.Actor, id uuid.UUID, action string, unless Precondition,
	change func(context.Context, bun.Tx, *schema.Movie) error,
) (Movie, error) {
	var after Movie
	err := s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := one[schema.Movie](ctx, tx, "movie", id)
		if err != nil {
			return err
		}
		before := movieView(row)
		after = before
		if err := unless.check(before); err != nil {
			return err
		}
		if err := change(ctx, tx, row); err != nil {
			return err
		}
		if reflect.DeepEqual(before, movieView(row)) {
			return errUnchanged
		}
		if _, err := tx.NewUpdate().Model(withLists(row)).ExcludeColumn("created_at").Value("updated_at", "now()").
			WherePK().Returning("updated_at").Exec(ctx); err != nil {
			return fmt.Errorf("change a movie: %w", err)
		}
		after = movieView(row)
		return record(ctx, tx, movieEntry(actor, action, &before, row))
	})
	return after, unlessUnchanged(err)
}
