package staff

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/schema"
)

// Postgres' SQLSTATEs that changes meet (Appendix A of its manual).
const (
	stateForeignKey = "23503"
	stateUnique     = "23505"
	stateExclusion  = "23P01"
)

func hasState(err error, state string) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == state
}

// mayRead tells whether the actor sees how a theater's business goes: what is not
// public of its shows and price cards. Code: forbidden.
func mayRead(ctx context.Context, db bun.IDB, actor audit.Actor, theater uuid.UUID) error {
	if actor.Role == booking.RoleSupport {
		return nil
	}
	return mayManage(ctx, db, actor, theater)
}

// maySee tells whether the actor sees a theater's shows: who may read how its business goes,
// and the people at its door. Code: forbidden.
func maySee(ctx context.Context, db bun.IDB, actor audit.Actor, theater uuid.UUID) error {
	if actor.Role != booking.RoleDoor {
		return mayRead(ctx, db, actor, theater)
	}
	works, err := db.NewSelect().Model((*schema.DoorTheater)(nil)).
		Where("account_id = ? AND theater_id = ?", actor.AccountID, theater).Exists(ctx)
	if err != nil {
		return fmt.Errorf("look who is at a theater's door: %w", err)
	}
	if !works {
		return booking.E(booking.CodeForbidden, "This is not one of your theaters.")
	}
	return nil
}

// narrowShows is narrow for shows, which the people at the door see too. Code: forbidden.
func (s *Store) narrowShows(ctx context.Context, query *bun.SelectQuery, actor audit.Actor, asked uuid.UUID) error {
	if actor.Role != booking.RoleDoor {
		return s.narrow(ctx, query, actor, "s.theater_id", asked)
	}
	if asked != uuid.Nil {
		return maySee(ctx, s.db, actor, asked)
	}
	query.Where("s.theater_id IN (SELECT theater_id FROM door_theaters WHERE account_id = ?)", actor.AccountID)
	return nil
}

// narrow leaves of a list what the actor may read. Asking for one theater that is
// not theirs is refused rather than answered with nothing. Code: forbidden.
func (s *Store) narrow(ctx context.Context, query *bun.SelectQuery, actor audit.Actor, column string, asked uuid.UUID) error {
	if asked != uuid.Nil {
		return mayRead(ctx, s.db, actor, asked)
	}
	if actor.Role != booking.RoleAdmin && actor.Role != booking.RoleSupport {
		query.Where("? IN (SELECT theater_id FROM theater_managers WHERE account_id = ?)", bun.Ident(column), actor.AccountID)
	}
	return nil
}

const notAnID = "Must be an id."

// theater finds the theater of something new; the zero theater when there is a
// problem.
func (p *fieldErrors) theater(ctx context.Context, db bun.IDB, field, text string) (schema.Theater, error) {
	return refer(ctx, db, p, field, "theater", text, func(t *schema.Theater) *time.Time { return t.RetiredAt })
}

// movie finds the film of something new; the zero movie when there is a problem.
func (p *fieldErrors) movie(ctx context.Context, db bun.IDB, field, text string) (schema.Movie, error) {
	return refer(ctx, db, p, field, "movie", text, func(m *schema.Movie) *time.Time { return m.RetiredAt })
}

func refer[Row any](
	ctx context.Context, db bun.IDB, p *fieldErrors, field, noun, text string, retiredAt func(*Row) *time.Time,
) (none Row, err error) {
	id, err := uuid.Parse(text)
	if err != nil {
		p.Add(field, "There is no such %s.", noun)
		return none, nil
	}
	row, err := one[Row](ctx, db, "the "+noun, id)
	switch {
	case booking.CodeOf(err) == booking.CodeNotFound:
		p.Add(field, "There is no such %s.", noun)
		return none, nil
	case err != nil:
		return none, err
	case retiredAt(row) != nil:
		p.Add(field, "This %s was retired.", noun)
		return none, nil
	}
	return *row, nil
}

// house is a screen with what a show on it has to know.
type house struct {
	ScreenID        uuid.UUID
	ScreenName      string
	CleaningMinutes int
	TheaterID       uuid.UUID
	Currency        string
	TimeZone        string
	Retired         bool
	LayoutID        uuid.UUID
	LayoutVersion   int
	Layout          booking.Layout `bun:"type:jsonb"`

	// charging is that of the payment providers.
	charging booking.Charging
}

// findHouse reads a screen with its newest layout, or the version asked for. A
// screen without one has no layout id. Code: not_found.
func findHouse(ctx context.Context, db bun.IDB, screen uuid.UUID, version *int) (h house, err error) {
	layout := db.NewSelect().TableExpr("layouts AS l").Column("l.id", "l.version", "l.layout").
		Where("l.screen_id = sc.id").OrderExpr("l.version DESC").Limit(1)
	if version != nil {
		layout.Where("l.version = ?", *version)
	}
	err = db.NewSelect().TableExpr("screens AS sc").Join("JOIN theaters AS t ON t.id = sc.theater_id").
		Join("LEFT JOIN LATERAL (?) AS l ON true", layout).
		ColumnExpr("sc.id AS screen_id, sc.name AS screen_name, sc.cleaning_minutes").
		ColumnExpr("t.id AS theater_id, t.currency, t.time_zone").
		ColumnExpr("coalesce(sc.retired_at, t.retired_at) IS NOT NULL AS retired").
		ColumnExpr("l.id AS layout_id, l.version AS layout_version, l.layout").
		Where("sc.id = ?", screen).Scan(ctx, &h)
	return h, noSuch(err, "the screen")
}
