package staff

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// kind is what movies, theaters and screens differ in when they are made and changed.
// Row is a thing as the database has it, View as staff see it.
type kind[Row, View any] struct {
	name string // in the audit log
	read func(ctx context.Context, db bun.IDB, id uuid.UUID) (*Row, error)
	view func(*Row) View
	// ids are the thing's id and that of the theater whose managers may change it. The
	// second is zero for what belongs to no theater.
	ids   func(*Row) (id, theater uuid.UUID)
	write func(ctx context.Context, tx bun.Tx, row *Row) error // over the row that is there
}

// create writes a new thing by insert, with its audit entry.
func (k kind[Row, View]) create(
	ctx context.Context, s *Store, actor audit.Actor, row *Row, insert func(ctx context.Context, tx bun.Tx) error,
) (View, error) {
	err := s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := insert(ctx, tx); err != nil {
			return err
		}
		return k.record(ctx, tx, actor, "create", nil, row)
	})
	if err != nil {
		var none View
		return none, err
	}
	return k.view(row), nil
}

// edit says who asks for a change, and of what.
type edit struct {
	actor  audit.Actor
	action string // in the audit log
	id     uuid.UUID
	unless Precondition
}

// change applies a change to a thing and writes it, with its audit entry. What stays as
// it was is not written.
func (k kind[Row, View]) change(
	ctx context.Context, s *Store, e edit, apply func(ctx context.Context, tx bun.Tx, row *Row) error,
) (View, error) {
	var after View
	err := s.inCatalog(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := k.read(ctx, tx, e.id)
		if err != nil {
			return err
		}
		if _, theater := k.ids(row); theater != uuid.Nil {
			if err := mayManage(ctx, tx, e.actor, theater); err != nil {
				return err
			}
		}
		before := k.view(row)
		after = before
		if err := e.unless.check(before); err != nil {
			return err
		}
		if err := apply(ctx, tx, row); err != nil {
			return err
		}
		if reflect.DeepEqual(before, k.view(row)) {
			return errUnchanged
		}
		if err := k.write(ctx, tx, row); err != nil {
			return err
		}
		after = k.view(row)
		return k.record(ctx, tx, e.actor, e.action, before, row)
	})
	return after, unlessUnchanged(err)
}

// record writes the audit entry of a change; before is nil for a creation.
func (k kind[Row, View]) record(ctx context.Context, tx bun.Tx, actor audit.Actor, action string, before any, after *Row) error {
	id, theater := k.ids(after)
	return record(ctx, tx, audit.Entry{
		Actor: actor, Action: action, Entity: k.name, EntityID: id.String(), TheaterID: theater, Before: before, After: k.view(after),
	})
}

// More than any city, theater or screen has: only a script that does not stop adds
// more. What is retired counts, because it can be restored.
const (
	mostTheaters = 1000 // a city
	mostScreens  = 100  // a theater
	mostCards    = 200  // a theater
	mostLayouts  = 1000 // a screen
)

// hasRoom refuses the row that would be one too many. The catalog's lock keeps other
// requests from adding theirs meanwhile. Code: conflict.
func hasRoom(ctx context.Context, tx bun.Tx, table, column string, id uuid.UUID, most int64, full string) error {
	count, err := tx.NewSelect().Table(table).Where("? = ?", bun.Ident(column), id).Count(ctx)
	if err != nil {
		return fmt.Errorf("count %s: %w", table, err)
	}
	if count >= most {
		return booking.E(booking.CodeConflict, full, most)
	}
	return nil
}

// errUnchanged ends the transaction of a change that has nothing to do.
var errUnchanged = errors.New("unchanged")

func unlessUnchanged(err error) error {
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// retire sets the time if it is not set yet, unless shows are under way or to
// come. column is the one of shows that refers to what is retired. Code: conflict.
func retire(ctx context.Context, tx bun.Tx, at **time.Time, what, column string, id uuid.UUID) error {
	if *at != nil {
		return nil
	}
	shows, err := showsToCome(ctx, tx, column, id)
	if err != nil {
		return err
	}
	if shows > 0 {
		return booking.E(booking.CodeConflict, "This %s has %s that are not over. Cancel them first, or wait for their end.", what, countOf(shows, "show"))
	}
	var now time.Time
	if err := tx.NewRaw(`SELECT now()`).Scan(ctx, &now); err != nil {
		return fmt.Errorf("read the database's clock: %w", err)
	}
	*at = &now
	return nil
}

// showsToCome counts the scheduled shows that are not over.
func showsToCome(ctx context.Context, tx bun.Tx, column string, id uuid.UUID) (int64, error) {
	count, err := tx.NewSelect().Table("shows").
		Where("? = ? AND status = ? AND ends_at > now()", bun.Ident(column), id, booking.ShowScheduled).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count the shows to come: %w", err)
	}
	return count, nil
}

func countOf(n int64, noun string) string {
	if n == 1 {
		return "1 scheduled " + noun
	}
	return fmt.Sprintf("%d scheduled %ss", n, noun)
}
