package staff

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/paging"
	"github.com/boxoffice/boxoffice/schema"
)

// LayoutVersion is one version of a screen's seating, without the seats.
type LayoutVersion struct {
	ID               uuid.UUID `json:"id"`
	ScreenID         uuid.UUID `json:"screen_id"`
	Version          int       `json:"version"`
	Capacity         int       `json:"capacity"`
	WheelchairSpaces int       `json:"wheelchair_spaces"`
	CreatedAt        time.Time `json:"created_at"`
}

// Layout is a version with its seats.
type Layout struct {
	LayoutVersion
	Rows []booking.Row `json:"rows"`
}

func layoutView(row *schema.Layout) Layout {
	wheelchairs := 0
	for _, line := range row.Layout.Rows {
		for _, seat := range line.Seats {
			if seat.Type == booking.SeatWheelchair {
				wheelchairs++
			}
		}
	}
	return Layout{
		LayoutVersion: LayoutVersion{
			ID: row.ID, ScreenID: row.ScreenID, Version: row.Version, Capacity: row.Capacity,
			WheelchairSpaces: wheelchairs, CreatedAt: row.CreatedAt,
		},
		Rows: row.Layout.Rows,
	}
}

// Layouts lists the versions of a screen's seating, the newest first. next is
// empty on the last page. Codes: not_found, validation_failed.
func (s *Store) Layouts(ctx context.Context, screen uuid.UUID, limit int, after string) (items []LayoutVersion, next string, err error) {
	var p fieldErrors
	before := p.readCursor(after, func(string) bool { return true }) // the id says it all
	if err := p.Err(); err != nil {
		return nil, "", err
	}
	if _, err := oneScreen(ctx, s.db, screen); err != nil {
		return nil, "", err
	}
	query := s.db.NewSelect().TableExpr("layouts AS l").
		ColumnExpr("l.id, l.screen_id, l.version, l.capacity, l.wheelchair_spaces, l.created_at").
		Where("l.screen_id = ?", screen).OrderExpr("l.version DESC")
	if before.ID != uuid.Nil {
		query.Where("l.version < (SELECT version FROM layouts WHERE id = ?)", before.ID)
	}
	return page(ctx, query, limit, "layouts",
		func(l *LayoutVersion) paging.Key { return paging.Key{ID: l.ID} }, func(l *LayoutVersion) LayoutVersion { return *l })
}

// Layout reads one version with its seats. Code: not_found.
func (s *Store) Layout(ctx context.Context, id uuid.UUID) (Layout, error) {
	row, err := one[schema.Layout](ctx, s.db, "a layout", id)
	if err != nil {
		return Layout{}, err
	}
	return layoutView(row), nil
}

// CreateLayout stores the next version of a screen's seating; the theater's
// managers may. It is for shows planned from now on: the versions before it, and
// every seat held or sold of them, stay as they are. Codes: forbidden, not_found,
// validation_failed, conflict for a retired screen.
func (s *Store) CreateLayout(ctx context.Context, actor audit.Actor, screen uuid.UUID, layout booking.Layout) (Layout, error) {
	var p fieldErrors
	p.check().Layout(layout)
	if err := p.Err(); err != nil {
		return Layout{}, err
	}
	row := &schema.Layout{ID: uuid.New(), ScreenID: screen, Version: 1, Layout: layout, Capacity: layout.Capacity()}
	err := s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		of, err := oneScreen(ctx, tx, screen)
		if err != nil {
			return err
		}
		if err := mayManage(ctx, tx, actor, of.TheaterID); err != nil {
			return err
		}
		if of.RetiredAt != nil || of.TheaterRetiredAt != nil {
			return booking.E(booking.CodeConflict, "The screen is retired.")
		}
		if err := hasRoom(ctx, tx, "layouts", "screen_id", screen, mostLayouts, "A screen has at most %d versions of its layout."); err != nil {
			return err
		}
		if of.LayoutVersion != nil {
			row.Version = *of.LayoutVersion + 1
		}
		if _, err := tx.NewInsert().Model(row).Returning("created_at").Exec(ctx); err != nil {
			return fmt.Errorf("write a layout: %w", err)
		}
		return record(ctx, tx, audit.Entry{
			Actor: actor, Action: "create", Entity: "layout", EntityID: row.ID.String(), TheaterID: of.TheaterID, After: layoutView(row),
		})
	})
	if err != nil {
		return Layout{}, err
	}
	return layoutView(row), nil
}
