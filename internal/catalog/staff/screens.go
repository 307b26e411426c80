package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
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
	Layout          *ScreenLayout `json:"layout"`
	RetiredAt       *time.Time    `json:"retired_at"`
	CreatedAt       time.Time     `json:"created_at"`
}

// ScreenLayout is the newest layout of a screen, which new shows sell.
type ScreenLayout struct {
	ID       uuid.UUID `json:"id"`
	Version  int       `json:"version"`
	Capacity int       `json:"capacity"`
}

// screenRow is a screen with its newest layout and what became of its house.
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
		s.Layout = &ScreenLayout{ID: *row.LayoutID, Version: *row.LayoutVersion, Capacity: *row.LayoutCapacity}
	}
	return s
}

// ScreenFields are what staff write of a screen. What is nil stays as it is. A
// screen stays in its theater.
type ScreenFields struct {
	TheaterID       *string `json:"theater_id"`
	Name            *string `json:"name"`
	CleaningMinutes *int    `json:"cleaning_minutes"`
}

func (f *ScreenFields) check(creating bool) (theater uuid.UUID, err error) {
	var p problems
	if creating {
		required(&p, "theater_id", f.TheaterID)
		required(&p, "name", f.Name)
	}
	switch {
	case f.TheaterID == nil:
	case !creating:
		p.add("theater_id", "A screen stays in its theater.")
	default:
		if theater, err = uuid.Parse(*f.TheaterID); err != nil {
			p.add("theater_id", "Write the id of a theater.")
		}
	}
	f.Name = p.check().Line("name", f.Name, 1, maxWord)
	rules.Between(p.add, "cleaning_minutes", f.CleaningMinutes, 0, longestCleaning)
	return theater, p.err()
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
	var p problems
	after := p.readCursor(f.Cursor, storable)
	theater, parseErr := uuid.Parse(f.TheaterID)
	if f.TheaterID != "" && parseErr != nil {
		p.add("theater_id", "Write the id of a theater.")
	}
	if err := p.err(); err != nil {
		return nil, "", err
	}
	limit := paging.Size(f.Limit)
	var rows []screenRow
	query := screens(s.db, &rows).OrderExpr("sc.name COLLATE by_name, sc.id").Limit(int64(limit) + 1)
	if after.ID != uuid.Nil {
		query.Where("(sc.name COLLATE by_name, sc.id) > (?, ?)", after.Text, after.ID)
	}
	if f.TheaterID != "" {
		query.Where("sc.theater_id = ?", theater)
	}
	onlyRetired(query, "sc", f.Retired)
	if err := query.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list screens for staff: %w", err)
	}
	rows, next = paging.Cut(rows, limit, func(sc screenRow) string { return paging.Key{Text: sc.Name, ID: sc.ID}.String() })
	items = make([]Screen, len(rows))
	for i := range rows {
		items[i] = screenView(&rows[i])
	}
	return items, next, nil
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
	var row screenRow
	err := screens(db, &row).Where("sc.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, booking.E(booking.CodeNotFound, "There is no such screen.")
	}
	if err != nil {
		return nil, fmt.Errorf("read a screen: %w", err)
	}
	return &row, nil
}

// CreateScreen adds a hall to a theater; its managers may. Codes: forbidden,
// validation_failed, conflict for a name that is taken or a theater that is
// retired.
func (s *Store) CreateScreen(ctx context.Context, actor audit.Actor, fields ScreenFields) (Screen, error) {
	theater, err := fields.check(true)
	if err != nil {
		return Screen{}, err
	}
	row := &screenRow{Screen: schema.Screen{
		ID: uuid.New(), TheaterID: theater, Name: *fields.Name, CleaningMinutes: defaultCleaning,
	}}
	set(&row.CleaningMinutes, fields.CleaningMinutes)
	err = s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
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
		if _, err := tx.NewInsert().Model(&row.Screen).Returning("created_at").Exec(ctx); err != nil {
			return takenName(err, "write a screen")
		}
		return record(ctx, tx, screenEntry(actor, "create", nil, row))
	})
	if err != nil {
		return Screen{}, err
	}
	return screenView(row), nil
}

func screenEntry(actor audit.Actor, action string, before *Screen, after *screenRow) audit.Entry {
	e := audit.Entry{Actor: actor, Action: action, Entity: "screen", EntityID: after.ID.String(), TheaterID: after.TheaterID, After: screenView(after)}
	if before != nil {
		e.Before = before
	}
	return e
}

func takenName(err error, what string) error {
	if hasState(err, stateUnique) {
		taken := booking.E(booking.CodeConflict, "The theater has a screen of this name.")
		taken.Fields = []booking.FieldError{{Field: "name", Message: "Is taken."}}
		return taken
	}
	return fmt.Errorf("%s: %w", what, err)
}

// ChangeScreen sets fields of a screen; the theater's managers may. A new
// cleaning time is for shows that are planned from now on. Codes: forbidden,
// not_found, validation_failed, conflict.
func (s *Store) ChangeScreen(ctx context.Context, actor audit.Actor, id uuid.UUID, fields ScreenFields, unless Precondition) (Screen, error) {
	if _, err := fields.check(false); err != nil {
		return Screen{}, err
	}
	return s.changeScreen(ctx, actor, id, "change", unless, func(_ context.Context, _ bun.Tx, row *screenRow) error {
		set(&row.Name, fields.Name)
		set(&row.CleaningMinutes, fields.CleaningMinutes)
		return nil
	})
}

// RetireScreen takes a hall out of use. Codes: forbidden, not_found, conflict
// while it has shows to come.
func (s *Store) RetireScreen(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Screen, error) {
	return s.changeScreen(ctx, actor, id, "retire", unless, func(ctx context.Context, tx bun.Tx, row *screenRow) error {
		return retire(ctx, tx, &row.RetiredAt, "screen", "screen_id", id)
	})
}

// RestoreScreen takes a retired hall into use again. Codes: forbidden, not_found,
// conflict when the theater is retired.
func (s *Store) RestoreScreen(ctx context.Context, actor audit.Actor, id uuid.UUID, unless Precondition) (Screen, error) {
	return s.changeScreen(ctx, actor, id, "restore", unless, func(_ context.Context, _ bun.Tx, row *screenRow) error {
		if row.RetiredAt != nil && row.TheaterRetiredAt != nil {
			return booking.E(booking.CodeConflict, "The theater is retired.")
		}
		row.RetiredAt = nil
		return nil
	})
}

func (s *Store) changeScreen(
	ctx context.Context, actor audit.Actor, id uuid.UUID, action string, unless Precondition,
	change func(context.Context, bun.Tx, *screenRow) error,
) (Screen, error) {
	var after Screen
	err := s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := oneScreen(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := mayManage(ctx, tx, actor, row.TheaterID); err != nil {
			return err
		}
		before := screenView(row)
		after = before
		if err := unless.check(before); err != nil {
			return err
		}
		if err := change(ctx, tx, row); err != nil {
			return err
		}
		if reflect.DeepEqual(before, screenView(row)) {
			return errUnchanged
		}
		if _, err := tx.NewUpdate().Model(&row.Screen).ExcludeColumn("created_at").WherePK().Exec(ctx); err != nil {
			return takenName(err, "change a screen")
		}
		after = screenView(row)
		return record(ctx, tx, screenEntry(actor, action, &before, row))
	})
	return after, unlessUnchanged(err)
}
