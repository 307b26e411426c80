package shows

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

// SummaryColumns are read into SummaryFields; queries name their tables s, m, t, sc.
const SummaryColumns = `s.id::text, m.id::text, m.slug, m.title, t.id::text, t.slug, t.name, t.address, sc.name,
	s.starts_at, s.ends_at, t.time_zone, s.format, s.language, s.status`

// SummaryTables are the tables that SummaryColumns come from.
const SummaryTables = `shows s
	JOIN movies m ON m.id = s.movie_id
	JOIN theaters t ON t.id = s.theater_id
	JOIN screens sc ON sc.id = s.screen_id`

// SummaryFields gives the targets of SummaryColumns.
func SummaryFields(s *booking.ShowSummary) []any {
	return []any{&s.ID, &s.MovieID, &s.MovieSlug, &s.MovieTitle, &s.TheaterID, &s.TheaterSlug, &s.TheaterName,
		&s.Address, &s.ScreenName, UTC(&s.StartsAt), UTC(&s.EndsAt), &s.TimeZone, &s.Format, &s.Language, &s.Status}
}

// Summary reads what people are told of a show, as it is now. Code: not_found.
func (s *Store) Summary(ctx context.Context, showID string) (booking.ShowSummary, error) {
	var summary booking.ShowSummary
	id, err := ParseID("show", showID)
	if err != nil {
		return summary, err
	}
	err = s.pool.QueryRow(ctx, `SELECT `+SummaryColumns+` FROM `+SummaryTables+` WHERE s.id = $1`, id).
		Scan(SummaryFields(&summary)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return summary, booking.E(booking.CodeNotFound, "There is no such show.")
	}
	return summary, translate("show summary", err)
}
