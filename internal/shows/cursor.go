package shows

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"
)

// EncodeCursor names the place of the last row that a page has, so that the next
// page stays right while new rows come in above it.
func EncodeCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.Format(time.RFC3339Nano) + " " + id))
}

// DecodeCursor reads what EncodeCursor made.
func DecodeCursor(cursor string) (time.Time, uuid.UUID, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return time.Time{}, uuid.UUID{}, err
	}
	stamp, rest, _ := strings.Cut(string(text), " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return time.Time{}, uuid.UUID{}, err
	}
	id, err := uuid.Parse(rest)
	return at, id, err
}
