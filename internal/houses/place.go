package houses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/catalog/rules"
)

// slugTries bounds the films of one name.
const slugTries = 20

// place finds the film, the screen and the layout of a show, and makes what is not there.
func (s *Store) place(ctx context.Context, tx pgx.Tx, house Settings, m mapped) (placed, error) {
	var p placed
	var err error
	if p.movie, err = film(ctx, tx, m); err != nil {
		return p, err
	}
	// A retired screen that the house uses again is not retired.
	err = tx.QueryRow(ctx, `
		INSERT INTO screens AS sc (id, theater_id, name, cleaning_minutes) VALUES ($1, $2, $3, 0)
		ON CONFLICT (theater_id, name) DO UPDATE SET retired_at = NULL RETURNING sc.id`,
		uuid.New(), house.TheaterID, m.row.Screen).Scan(&p.screen)
	if err != nil {
		return p, err
	}
	document, err := json.Marshal(m.layout)
	if err != nil {
		return p, err
	}
	// The seating may differ from show to show, and come back.
	err = tx.QueryRow(ctx, `SELECT id FROM layouts WHERE screen_id = $1 AND layout = $2::jsonb ORDER BY version DESC LIMIT 1`,
		p.screen, document).Scan(&p.layout)
	if errors.Is(err, pgx.ErrNoRows) {
		err = tx.QueryRow(ctx, `
			INSERT INTO layouts (id, screen_id, version, layout, capacity)
			SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4 FROM layouts WHERE screen_id = $2 RETURNING id`,
			uuid.New(), p.screen, document, m.layout.Capacity()).Scan(&p.layout)
	}
	return p, err
}

// film finds the movie of the title, the newest when there are several, or makes a minimal one,
// which staff may complete.
func film(ctx context.Context, tx pgx.Tx, m mapped) (id uuid.UUID, err error) {
	err = tx.QueryRow(ctx, `SELECT id FROM movies WHERE lower(title) = lower($1) AND retired_at IS NULL
		ORDER BY year DESC, popularity DESC, id LIMIT 1`, m.row.Movie.Title).Scan(&id)
	if !errors.Is(err, pgx.ErrNoRows) {
		return id, err
	}
	stem := rules.SlugOf(m.row.Movie.Title)
	if stem == "" {
		stem = "film-" + uuid.NewString()[:8]
	}
	for n := 1; n <= slugTries; n++ {
		slug := stem
		if n > 1 {
			slug = fmt.Sprintf("%s-%d", stem, n)
		}
		err = tx.QueryRow(ctx, `INSERT INTO movies (id, slug, title, year, runtime_minutes, languages) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (slug) DO NOTHING RETURNING id`,
			uuid.New(), slug, m.row.Movie.Title, m.row.StartsAt.UTC().Year(), max(m.row.Movie.Minutes, 0), languages(m.row.Language)).Scan(&id)
		if !errors.Is(err, pgx.ErrNoRows) {
			return id, err
		}
	}
	return id, fmt.Errorf("there are %d films called %q", slugTries, m.row.Movie.Title)
}

func languages(one string) []string {
	if one == unknownLanguage {
		return []string{}
	}
	return []string{one}
}
