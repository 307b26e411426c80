package staff

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/schema"
)

const (
	defaultCleaning = 15 // minutes
	longestCleaning = 240
)

// Screen is a hall as staff see it. Without a layout it has no seats to sell, so
// customers do not see it.
type Screen struct {
	ID              uuid.UUID     `json:"id"`
	TheaterID       uuid.UUID     `json:"theater_id"`
	Name            string        `json:"name"`
	CleaningMinutes int           `json:"cleaning_minutes"`
	Layout          *screenLayout `json:"layout"`
	RetiredAt       *time.Time    `json:"retired_at"`
	CreatedAt       time.Time     `json:"created_at"`
}

// screenLayout is the newest layout of a screen, which new shows sell.
type screenLayout struct {
	ID       uuid.UUID `json:"id"`
	Version  int       `json:"version"`
	Capacity int       `json:"capacity"`
}

// screenRow is a screen with its newest layout and the state of its house.
type screenRow struct {
	schema.Screen    `bun:",extend"`
	LayoutID         *uuid.UUID `bun:"layout_id,scanonly"`
	LayoutVersion    *int       `bun:"layout_version,scanonly"`
	LayoutCapacity   *int       `bun:"layout_capacity,scanonly"`
	TheaterRetiredAt *time.Time `bun:"theater_retired_at,scanonly"`
}

func screenView(row *screenRow) Screen {
	s := Screen{
		ID: row.ID, TheaterID: row.TheaterID, Name: row.Name, CleaningMinutes: row.CleaningMinutes,
		RetiredAt: row.RetiredAt, CreatedAt: row.CreatedAt,
	}
	if row.LayoutID != nil {
		s.Layout = &screenLayout{ID: *row.LayoutID, Version: *row.LayoutVersion, Capacity: *row.LayoutCapacity}
	}
	return s
}

var halls = kind[screenRow, Screen]{
	name: "screen", view: screenView, read: oneScreen,
	ids: func(row *screenRow) (id, theater uuid.UUID) { return row.ID, row.TheaterID },
	write: func(ctx context.Context, tx bun.Tx, row *screenRow) error {
		_, err := tx.NewUpdate().Model(&row.Screen).ExcludeColumn("created_at").WherePK().Exec(ctx)
		return takenName(err, "change a screen")
	},
}

// screenFields are what staff write of a screen. What is nil stays as it is. A
// screen stays in its theater.
type screenFields struct {
	TheaterID       *string `json:"theater_id"`
	Name            *string `json:"name"`
	CleaningMinutes *int    `json:"cleaning_minutes"`
}

func (f *screenFields) check(creating bool) (theater uuid.UUID, err error) {
	var p fieldErrors
	if creating {
		required(&p, "theater_id", f.TheaterID)
		required(&p, "name", f.Name)
	}
	switch {
	case f.TheaterID == nil:
	case !creating:
		p.Add("theater_id", "A screen stays in its theater.")
	default:
		if theater, err = uuid.Parse(*f.TheaterID); err != nil {
			p.Add("theater_id", "Write the id of a theater.")
		}
	}
	f.Name = p.check().Line("name", f.Name, 1, rules.MaxWord)
	rules.Between(p.Add, "cleaning_minutes", f.CleaningMinutes, 0, longestCleaning)
	return theater, p.Err()
}

// ScreenFilter narrows a list of screens; an empty field does not.
type ScreenFilter struct {
	TheaterID string
	Retired   *bool
	Limit     int
	Cursor    string
}

// Screens lists screens by name. next is empty on the last page. Code:
// validation_failed.
func (s *Store) Screens(ctx context.Context, f ScreenFilter) (items []Screen, next string, err error) {
	var p fieldErrors
	after := p.readCursor(f.Cursor, storable)
	theater := p.id("theater_id", f.TheaterID, "Write the id of a theater.")
	if err := p.Err(); err != nil {
		return nil, "", err
	}
	query := byName(screens(s.db, (*screenRow)(nil)), "sc.name", "sc.id", after)
	if f.TheaterID != "" {
		query.Where("sc.theater_id = ?", theater)
	}
	onlyRetired(query, "sc", f.Retired)
	return page(ctx, query, f.Limit, "screens for staff",
		func(sc *screenRow) paging.Key { return paging.Key{Text: sc.Name, ID: sc.ID} }, screenView)
}

func screens(db bun.IDB, model any) *bun.SelectQuery {
	return db.NewSelect().Model(model).ColumnExpr("sc.*").
		ColumnExpr("l.id AS layout_id, l.version AS layout_version, l.capacity AS layout_capacity, t.retired_at AS theater_retired_at").
		Join("JOIN theaters AS t ON t.id = sc.theater_id").
		Join("LEFT JOIN LATERAL (SELECT id, version, capacity FROM layouts WHERE screen_id = sc.id ORDER BY version DESC LIMIT 1) AS l ON true")
}

// Screen reads one screen, retired or not. Code: not_found.
func (s *Store) Screen(ctx context.Context, id uuid.UUID) (Screen, error) {
	row, err := oneScreen(ctx, s.db, id)
	if err != nil {
		return Screen{}, err
	}
	return screenView(row), nil
}

func oneScreen(ctx context.Context, db bun.IDB, id uuid.UUID) (*screenRow, error) {
	row := new(screenRow)
	return row, noSuch(screens(db, row).Where("sc.id = ?", id).Scan(ctx), "a screen")
}

// CreateScreen adds a hall to a theater; its managers may. Codes: forbidden,
// validation_failed, conflict for a name that is taken or a theater that is
// retired.
func (s *Store) CreateScreen(ctx context.Context, actor audit.Actor, fields screenFields) (Screen, error) {
	theater, err := fields.check(true)
	if err != nil {
		return Screen{}, err
	}
	row := &screenRow{Screen: schema.Screen{
		ID: uuid.New(), TheaterID: theater, Name: *fields.Name, CleaningMinutes: defaultCleaning,
	}}
	rules.Set(&row.CleaningMinutes, fields.CleaningMinutes)
	return halls.create(ctx, s, actor, row, func(ctx context.Context, tx bun.Tx) error {
		house, err := oneTheater(ctx, tx, theater)
		if booking.CodeOf(err) == booking.CodeNotFound {
			return booking.Invalid(booking.FieldError{Field: "theater_id", Message: "There is no such theater."})
		}
		if err != nil {
			return err
		}
		if err := mayManage(ctx, tx, actor, theater); err != nil {
			return err
		}
		if house.RetiredAt != nil {
			return booking.E(booking.CodeConflict, "The theater is retired.")
		}
		if err := hasRoom(ctx, tx, "screens", "theater_id", theater, mostScreens, "A theater has at most %d screens, retired ones included."); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&row.Screen).Returning("created_at").Exec(ctx)
		return takenName(err, "write a screen")
	})
}

func takenName(err error, what string) error {
	if err == nil {
		return nil
	}
	if hasState(err, stateUnique) {
		taken := booking.E(booking.CodeConflict, "The theater has a screen of this name.")
		taken.Fields = []booking.FieldError{{Field: "name", Message: "Is taken."}}
		return taken
	}
	return fmt.Errorf("%s: %w", what, err)
}

// EditScreen sets fields of a screen; the theater's managers may. A new
// cleaning time is for shows that are planned from now on. Codes: forbidden,
// not_found, validation_failed, conflict.
func (s *Store) EditScreen(ctx context.Context, actor audit.Actor, id uuid.UUID, fields screenFields, unless Precondition) (Screen, error) {
	if _, err := fields.check(false); err != nil {
		return Screen{}, err
	}
	return halls.change(ctx, s, edit{actor, "change", id, unless}, func(_ context.Context, _ bun.Tx, row *screenRow) error {
		rules.Set(&row.Name, fields.Name)
		rules.Set(&row.CleaningMinutes, fields.CleaningMinutes)
		return nil
	})
}

// RetireScreen takes a hall out of use. Codes: forbidden, not_found, conflict
// while it has shows to come.
func (s *Store) RetireScreen(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Screen, error) {
	return halls.change(ctx, s, edit{actor, "retire", id, unless}, func(ctx context.Context, tx bun.Tx, row *screenRow) error {
		return retire(ctx, tx, &row.RetiredAt, "screen", "screen_id", id)
	})
}

// RestoreScreen takes a retired hall into use again. Codes: forbidden, not_found,
// conflict when the theater is retired.
func (s *Store) RestoreScreen(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Screen, error) {
	return halls.change(ctx, s, edit{actor, "restore", id, unless}, func(_ context.Context, _ bun.Tx, row *screenRow) error {
		if row.RetiredAt != nil && row.TheaterRetiredAt != nil {
			return booking.E(booking.CodeConflict, "The theater is retired.")
		}
		row.RetiredAt = nil
		return nil
	})
}
