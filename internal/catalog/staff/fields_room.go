package staff

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
)

// More than any city, theater or screen has: beyond stands a script that has lost its
// end. What is retired counts, because it can be restored.
const (
	mostTheaters = 1000 // a city
	mostScreens  = 100  // a theater
	mostCards    = 200  // a theater
	mostLayouts  = 1000 // a screen
)

// hasRoom refuses the row that would be one too many. The catalog's lock keeps others
// from adding theirs meanwhile. Code: conflict.
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
