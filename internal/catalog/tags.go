package catalog

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// Tags gives all genres and certificates of films, also of those that left the catalog: a
// person may still have chosen them.
func (s *Store) Tags(ctx context.Context) (genres, certificates []string, err error) {
	var row struct {
		Genres       []string `bun:",array"`
		Certificates []string `bun:",array"`
	}
	err = s.db.NewSelect().
		ColumnExpr("ARRAY(SELECT DISTINCT unnest(genres) FROM movies ORDER BY 1) AS genres").
		ColumnExpr("ARRAY(SELECT DISTINCT certificate FROM movies WHERE certificate <> '' ORDER BY 1) AS certificates").
		Scan(ctx, &row)
	if err != nil {
		return nil, nil, fmt.Errorf("read genres and certificates: %w", err)
	}
	return row.Genres, row.Certificates, nil
}

// HasMovie tells whether there is a film, also one that left the catalog.
func (s *Store) HasMovie(ctx context.Context, id uuid.UUID) (bool, error) {
	there, err := s.db.NewSelect().TableExpr("movies").Where("id = ?", id).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a movie: %w", err)
	}
	return there, nil
}
