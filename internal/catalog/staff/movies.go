package staff

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/outbound"
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
		ID: row.ID, Slug: row.Slug, Title: row.Title, OriginalTitle: row.OriginalTitle, Aliases: rules.Listed(row.Aliases),
		Year: row.Year, RuntimeMinutes: row.RuntimeMinutes, Genres: rules.Listed(row.Genres), Languages: rules.Listed(row.Languages),
		Certificate: row.Certificate, Credits: rules.Listed(row.Credits), Synopsis: row.Synopsis, Popularity: row.Popularity,
		TrailerURL: row.TrailerURL, PosterURL: row.PosterURL,
		RetiredAt: row.RetiredAt, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if row.ReleaseDate != nil {
		m.ReleaseDate = row.ReleaseDate.Format(time.DateOnly)
	}
	return m
}

var movies = kind[schema.Movie, Movie]{
	name: "movie", view: movieView,
	read: func(ctx context.Context, db bun.IDB, id uuid.UUID) (*schema.Movie, error) {
		return one[schema.Movie](ctx, db, "a movie", id)
	},
	ids: func(row *schema.Movie) (id, theater uuid.UUID) { return row.ID, uuid.Nil },
	write: func(ctx context.Context, tx bun.Tx, row *schema.Movie) error {
		rules.StoreLists(row)
		if _, err := tx.NewUpdate().Model(row).ExcludeColumn("created_at").Value("updated_at", "now()").
			WherePK().Returning("updated_at").Exec(ctx); err != nil {
			return fmt.Errorf("change a movie: %w", err)
		}
		return nil
	},
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
	var p fieldErrors
	p.check().Line("q", &f.Text, 0, rules.MaxTitle)
	after := p.readCursor(f.Cursor, storable)
	if err := p.Err(); err != nil {
		return nil, "", err
	}
	query := byName(s.db.NewSelect().Model((*schema.Movie)(nil)), "m.title", "m.id", after)
	if f.Text != "" {
		query.Where("strpos(lower(concat_ws(chr(10), m.title, m.original_title, array_to_string(m.aliases, chr(10)))), lower(?)) > 0", f.Text)
	}
	onlyRetired(query, "m", f.Retired)
	return page(ctx, query, f.Limit, "movies for staff",
		func(m *schema.Movie) paging.Key { return paging.Key{Text: m.Title, ID: m.ID} }, movieView)
}

// Movie reads one film, retired or not. Code: not_found.
func (s *Store) Movie(ctx context.Context, id uuid.UUID) (Movie, error) {
	row, err := movies.read(ctx, s.db, id)
	if err != nil {
		return Movie{}, err
	}
	return movieView(row), nil
}

// CreateMovie adds a film to the catalog. Codes: forbidden, validation_failed.
func (s *Store) CreateMovie(ctx context.Context, actor audit.Actor, fields rules.Movie) (Movie, error) {
	if err := onlyAdmin(actor); err != nil {
		return Movie{}, err
	}
	if err := s.checkMovie(ctx, &fields, true); err != nil {
		return Movie{}, err
	}
	row := &schema.Movie{ID: uuid.New()}
	fields.Over(row)
	rules.StoreLists(row)
	return movies.create(ctx, s, actor, row, func(ctx context.Context, tx bun.Tx) (err error) {
		row.Slug, err = freeSlug(ctx, tx, "movies", row.ID, rules.SlugOf(row.Title), rules.SlugOf(row.Title+" "+strconv.Itoa(row.Year)))
		if err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(row).Returning("created_at, updated_at").Exec(ctx); err != nil {
			return fmt.Errorf("write a movie: %w", err)
		}
		return nil
	})
}

// checkMovie checks the fields and brings them into the form that is stored.
func (s *Store) checkMovie(ctx context.Context, fields *rules.Movie, creating bool) error {
	var p fieldErrors
	var missing func(field string)
	if creating {
		missing = p.missing
	}
	fields.Check(p.Add, missing)
	fields.CheckCredits(p.Add)
	var err, errToo error
	fields.TrailerURL, err = s.checkAddress(ctx, &p, "trailer_url", fields.TrailerURL)
	fields.PosterURL, errToo = s.checkAddress(ctx, &p, "poster_url", fields.PosterURL)
	if err := p.Err(); err != nil {
		return err
	}
	return errors.Join(err, errToo)
}

// checkAddress asks the network about a web address, so call it outside of
// transactions. The caller did not cause its error.
func (s *Store) checkAddress(ctx context.Context, p *fieldErrors, field string, address *string) (*string, error) {
	if address == nil || *address == "" {
		return address, nil
	}
	clean, err := s.addresses.Check(ctx, strings.TrimSpace(*address))
	if refused, ok := errors.AsType[*outbound.Refused](err); ok {
		p.Add(field, "%s", refused.Reason)
		return address, nil
	}
	return &clean, err
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

// EditMovie sets fields of a film. Its slug stays, because links do. Codes:
// forbidden, not_found, validation_failed.
func (s *Store) EditMovie(ctx context.Context, actor audit.Actor, id uuid.UUID, fields rules.Movie, unless Precondition) (Movie, error) {
	if err := onlyAdmin(actor); err != nil {
		return Movie{}, err
	}
	if err := s.checkMovie(ctx, &fields, false); err != nil {
		return Movie{}, err
	}
	return movies.change(ctx, s, edit{actor, "change", id, unless}, func(_ context.Context, _ bun.Tx, row *schema.Movie) error {
		fields.Over(row)
		return nil
	})
}

// RetireMovie takes a film out of the catalog; it can still be read. Codes:
// forbidden, not_found, conflict while shows of it are to come.
func (s *Store) RetireMovie(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Movie, error) {
	if err := onlyAdmin(actor); err != nil {
		return Movie{}, err
	}
	return movies.change(ctx, s, edit{actor, "retire", id, unless}, func(ctx context.Context, tx bun.Tx, row *schema.Movie) error {
		return retire(ctx, tx, &row.RetiredAt, "movie", "movie_id", id)
	})
}

// RestoreMovie takes a retired film back. Codes: forbidden, not_found.
func (s *Store) RestoreMovie(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Movie, error) {
	if err := onlyAdmin(actor); err != nil {
		return Movie{}, err
	}
	return movies.change(ctx, s, edit{actor, "restore", id, unless}, func(_ context.Context, _ bun.Tx, row *schema.Movie) error {
		row.RetiredAt = nil
		return nil
	})
}
