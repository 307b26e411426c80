package seats

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// utc scans a timestamptz as UTC, so that no answer depends on the zone of the
// machine that gives it.
type utc time.Time

// ScanTimestamptz implements pgtype.TimestamptzScanner.
func (u *utc) ScanTimestamptz(v pgtype.Timestamptz) error {
	if !v.Valid || v.InfinityModifier != pgtype.Finite {
		return fmt.Errorf("seats: not a time: %v", v.InfinityModifier)
	}
	*u = utc(v.Time.UTC())
	return nil
}

// maybeUTC is utc for a column that may be null.
type maybeUTC struct{ at **time.Time }

// ScanTimestamptz implements pgtype.TimestamptzScanner.
func (m maybeUTC) ScanTimestamptz(v pgtype.Timestamptz) error {
	*m.at = nil
	if v.Valid {
		at := v.Time.UTC()
		*m.at = &at
	}
	return nil
}

// nullTime is a time for the database, null when it is zero.
func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
