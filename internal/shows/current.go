package shows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

// currentFor is how old the terms that a customer is told of may be.
const currentFor = time.Second

// Current gives a show with the terms of at most a second ago. When those in memory
// are older, it asks the database for their version only. Code: not_found.
func (s *Store) Current(ctx context.Context, showID string) (*Show, error) {
	known, err := s.Show(ctx, showID)
	if err != nil || time.Since(*known.current.Load()) < currentFor {
		return known, err
	}
	version, err := s.shows.version(ctx, known)
	if err != nil {
		return nil, err
	}
	return s.ShowAt(ctx, showID, version)
}

// version reads that of a show's terms, once for all who wait for it. When it is the
// known one, the terms are current again.
func (c *showCache) version(ctx context.Context, known *Show) (int64, error) {
	showID := known.Terms.ShowID
	looking := c.looking.DoChan(showID, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadWithin)
		defer cancel()
		began := time.Now()
		var version int64
		err := c.pool.QueryRow(ctx, `SELECT terms_version FROM shows WHERE id = $1`, showID).Scan(&version)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return nil, booking.E(booking.CodeNotFound, "There is no such show.")
		case err != nil:
			return nil, translate("terms version", err)
		case version == known.Terms.Version:
			known.current.Store(&began)
		}
		return version, nil
	})
	select {
	case <-ctx.Done():
		return 0, Unavailable(fmt.Errorf("shows: terms version: %w", ctx.Err()))
	case result := <-looking:
		if result.Err != nil {
			return 0, result.Err
		}
		return result.Val.(int64), nil
	}
}
