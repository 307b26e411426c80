package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// Changeable is what a change of a show has to know of its house.
type Changeable struct {
	zone *time.Location
}

// MayChangeShow tells whether the actor runs the show's theater. Codes: not_found,
// forbidden.
func (s *Store) MayChangeShow(ctx context.Context, actor audit.Actor, show uuid.UUID) (Changeable, error) {
	var theater uuid.UUID
	var zone string
	err := s.db.NewSelect().TableExpr("shows AS s").Join("JOIN theaters AS t ON t.id = s.theater_id").
		ColumnExpr("t.id, t.time_zone").Where("s.id = ?", show).Scan(ctx, &theater, &zone)
	if errors.Is(err, sql.ErrNoRows) {
		return Changeable{}, booking.E(booking.CodeNotFound, "There is no such show.")
	}
	if err != nil {
		return Changeable{}, fmt.Errorf("look whose show it is: %w", err)
	}
	if err := mayManage(ctx, s.db, actor, theater); err != nil {
		return Changeable{}, err
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return Changeable{}, fmt.Errorf("time zone of theater %s: %w", theater, err)
	}
	return Changeable{zone: location}, nil
}

// MayReadTheater tells whether the actor sees how a theater's business goes. Code: forbidden.
func (s *Store) MayReadTheater(ctx context.Context, actor audit.Actor, theater uuid.UUID) error {
	return mayRead(ctx, s.db, actor, theater)
}

// Moment reads a time of RFC 3339. Nil for none.
func (Changeable) Moment(field string, text *string) (*time.Time, []booking.FieldError) {
	var p fieldErrors
	moment := p.check().Moment(field, text)
	return moment, p.FieldErrors
}

// LocalMoment reads a time on the clock of the show's theater.
func (c Changeable) LocalMoment(field, text string) (time.Time, []booking.FieldError) {
	var p fieldErrors
	moment, _ := p.check().LocalStart(field, text, c.zone)
	return moment, p.FieldErrors
}
