package shows

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// UTC scans a timestamptz into at as UTC, so that no answer depends on the zone of
// the machine that gives it.
func UTC(at *time.Time) pgtype.TimestamptzScanner { return (*utc)(at) }

// MaybeUTC is UTC for a column that may be null.
func MaybeUTC(at **time.Time) pgtype.TimestamptzScanner { return maybeUTC{at} }

type utc time.Time

// ScanTimestamptz implements pgtype.TimestamptzScanner.
func (u *utc) ScanTimestamptz(v pgtype.Timestamptz) error {
	if !v.Valid || v.InfinityModifier != pgtype.Finite {
		return fmt.Errorf("shows: not a time: %v", v.InfinityModifier)
	}
	*u = utc(v.Time.UTC())
	return nil
}

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

// NullTime is a time for the database, null when it is zero.
func NullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
