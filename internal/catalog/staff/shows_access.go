package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

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
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == state
}

// mayRead tells whether the actor sees how a theater's business goes: what is not
// public of its shows and price cards. Code: forbidden.
func mayRead(ctx context.Context, db bun.IDB, actor audit.Actor, theater uuid.UUID) error {
	if actor.Role == schema.RoleSupport {
		return nil
	}
	return mayManage(ctx, db, actor, theater)
}

// narrow leaves of a list what the actor may read. Asking for one theater that is
// not theirs is refused rather than answered with nothing. Code: forbidden.
func (s *Store) narrow(ctx context.Context, query *bun.SelectQuery, actor audit.Actor, column string, asked uuid.UUID) error {
	if asked != uuid.Nil {
		return mayRead(ctx, s.db, actor, asked)
	}
	if actor.Role == schema.RoleTheaterManager {
		query.Where("? IN (SELECT theater_id FROM theater_managers WHERE account_id = ?)", bun.Ident(column), actor.AccountID)
	}
	return nil
}

// id reads the id of a filter or a reference; the zero id when it is empty or
// wrong.
func (p *problems) id(field, text string) uuid.UUID {
	if text == "" {
		return uuid.Nil
	}
	id, err := uuid.Parse(text)
	if err != nil {
		p.add(field, "Must be an id.")
	}
	return id
}

// theater finds the theater of something new; the zero theater when there is a
// problem.
func (p *problems) theater(ctx context.Context, db bun.IDB, field, text string) (theater schema.Theater, err error) {
	id, err := uuid.Parse(text)
	if err == nil {
		err = db.NewSelect().Model(&theater).Where("t.id = ?", id).Scan(ctx)
	} else {
		err = sql.ErrNoRows
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		p.add(field, "There is no such theater.")
	case err != nil:
		return schema.Theater{}, fmt.Errorf("read the theater: %w", err)
	case theater.RetiredAt != nil:
		p.add(field, "This theater was retired.")
	default:
		return theater, nil
	}
	return schema.Theater{}, nil
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
	if errors.Is(err, sql.ErrNoRows) {
		return house{}, booking.E(booking.CodeNotFound, "There is no such screen.")
	}
	if err != nil {
		return house{}, fmt.Errorf("read the screen: %w", err)
	}
	return h, nil
}
