package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

// InTheWay is a show that another one would overlap.
type InTheWay struct {
	// ID is left out of a show that is only planned itself.
	ID         uuid.UUID `json:"id,omitzero"`
	MovieTitle string    `json:"movie_title"`
	StartsAt   time.Time `json:"starts_at"`
	EndsAt     time.Time `json:"ends_at"`
	CleanAt    time.Time `json:"clean_at"`
	LocalTime  string    `json:"local_time"`
}

// Overlap refuses a show because of another on its screen. It is a booking.Error
// of code conflict.
type Overlap struct {
	With            InTheWay
	CleaningMinutes int
	refusal         *booking.Error
}

// Error implements error.
func (o *Overlap) Error() string { return o.refusal.Error() }

// Unwrap gives the booking.Error.
func (o *Overlap) Unwrap() error { return o.refusal }

// errOverlap is what the exclusion constraint of the table says, before it is
// known which show it is about: a refused statement ends its transaction.
var errOverlap = errors.New("overlaps a show on the screen")

func showRefused(err error) error {
	if hasState(err, stateExclusion) {
		return fmt.Errorf("%w: %w", errOverlap, err)
	}
	return fmt.Errorf("write the show: %w", err)
}

// nameOverlap makes of the database's refusal one that says what is in the way.
func (s *Store) nameOverlap(ctx context.Context, err error, show schema.Show) error {
	if !errors.Is(err, errOverlap) {
		return err
	}
	with, cleaning, lookErr := inTheWay(ctx, s.db, show)
	if errors.Is(lookErr, sql.ErrNoRows) {
		return booking.E(booking.CodeConflict, "The screen's program has just changed. Try again.").Wrap(err)
	}
	if lookErr != nil {
		return fmt.Errorf("look what is in the way: %w", lookErr)
	}
	return &Overlap{With: with, CleaningMinutes: cleaning, refusal: booking.E(booking.CodeConflict,
		"%s is on this screen from %s to %s (show %s). After each show the screen is cleaned for %d minutes.",
		quoted(with.MovieTitle), with.LocalTime, localEnd(with), with.ID, cleaning).Wrap(err)}
}

// inTheWay finds the first show that occupies the screen while this one would.
func inTheWay(ctx context.Context, db bun.IDB, show schema.Show) (with InTheWay, cleaning int, err error) {
	var row struct {
		InTheWay
		CleaningMinutes int
	}
	err = db.NewSelect().TableExpr("shows AS s").
		Join("JOIN movies AS m ON m.id = s.movie_id").
		Join("JOIN screens AS sc ON sc.id = s.screen_id").
		Join("JOIN theaters AS t ON t.id = s.theater_id").
		ColumnExpr("s.id, m.title AS movie_title, s.starts_at, s.ends_at, s.clean_at, sc.cleaning_minutes").
		ColumnExpr(`to_char(s.starts_at AT TIME ZONE t.time_zone, 'YYYY-MM-DD"T"HH24:MI:SS') AS local_time`).
		Where("s.screen_id = ? AND s.id <> ? AND s.status = ?", show.ScreenID, show.ID, booking.ShowScheduled).
		Where("s.starts_at < ?::timestamptz + make_interval(mins => sc.cleaning_minutes) AND s.clean_at > ?", show.EndsAt, show.StartsAt).
		OrderExpr("s.starts_at").Limit(1).Scan(ctx, &row)
	return row.InTheWay, row.CleaningMinutes, err
}

// localEnd is the end on the clock that LocalTime was read from.
func localEnd(with InTheWay) string {
	local, err := time.Parse(rules.LocalSecond, with.LocalTime)
	if err != nil {
		return with.EndsAt.Format(time.RFC3339)
	}
	return local.Add(with.EndsAt.Sub(with.StartsAt)).Format("15:04")
}

func quoted(title string) string { return "“" + title + "”" }
