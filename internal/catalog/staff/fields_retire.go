package staff

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
)

// errUnchanged ends the transaction of a change that has nothing to do.
var errUnchanged = errors.New("unchanged")

func unlessUnchanged(err error) error {
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// retire sets the time where there is none yet, unless shows are under way or to
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
