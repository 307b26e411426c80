package catalog

import (
	"context"
	"fmt"
)

// Slugs names what is in the catalog, at most so many of each: movies by popularity,
// theaters by name. It is for search engines, which read all at once.
func (s *Store) Slugs(ctx context.Context, most int) (movies, theaters []string, err error) {
	if err := s.db.NewSelect().TableExpr("movies AS m").Column("slug").Where("m.retired_at IS NULL").
		OrderExpr("m.popularity DESC, m.id DESC").Limit(int64(most)).Scan(ctx, &movies); err != nil {
		return nil, nil, fmt.Errorf("list the slugs of movies: %w", err)
	}
	if err := s.db.NewSelect().TableExpr("theaters AS t").Column("slug").Where("t.retired_at IS NULL").
		OrderExpr("t.name COLLATE by_name, t.id").Limit(int64(most)).Scan(ctx, &theaters); err != nil {
		return nil, nil, fmt.Errorf("list the slugs of theaters: %w", err)
	}
	return movies, theaters, nil
}
