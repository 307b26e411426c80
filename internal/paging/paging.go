// Package paging cuts lists into pages: how many items a page has, and the cursor that
// names where the next one begins. A cursor holds what the last item was sorted by, so the
// next page is right even if items were added or removed meanwhile.
//
// What does not live here: the queries, and how a page looks over HTTP (api/rest).
package paging

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

const (
	// Default is how many items a page has when the caller does not say.
	Default = 20
	// Largest is how many items a page has at most.
	Largest = 100
)

var errForeign = errors.New("paging: this cursor is not one of this list")

// Size is how many items a page has: Default for zero and less, Largest at most.
func Size(limit int) int {
	if limit <= 0 {
		return Default
	}
	return min(limit, Largest)
}

// Cut drops the row too many that was read to learn whether there is a next page. cursor
// names where that page begins, by the last row of this one.
func Cut[T any](rows []T, limit int, cursor func(last T) string) (page []T, next string) {
	if len(rows) <= limit {
		return rows, ""
	}
	return rows[:limit], cursor(rows[limit-1])
}

// Foreign is the field error for a cursor that a list did not give.
func Foreign() booking.FieldError {
	return booking.FieldError{Field: "cursor", Message: "Use next_cursor of the page before, unchanged."}
}

// Key is the cursor of a list that is sorted by a text; the id decides among equals.
type Key struct {
	// Order names the order where a list has several: in another one the key means nothing.
	Order string    `json:"o,omitempty"`
	Text  string    `json:"k"`
	ID    uuid.UUID `json:"i"`
}

func (k Key) String() string {
	content, _ := json.Marshal(k) // strings and a UUID always marshal
	return base64.RawURLEncoding.EncodeToString(content)
}

// ReadKey gives the zero key for no cursor. Anyone can forge a cursor, so valid says
// whether SQL can read the text.
func ReadKey(cursor, order string, valid func(text string) bool) (Key, error) {
	var k Key
	if cursor == "" {
		return k, nil
	}
	content, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(content, &k)
	}
	if err == nil && (k.Order != order || k.ID == uuid.Nil || !valid(k.Text)) {
		err = errForeign
	}
	return k, err
}

// Latest is the cursor of a list that is sorted by time, the newest first.
func Latest(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.Format(time.RFC3339Nano) + " " + id))
}

// ReadLatest reads what Latest made.
func ReadLatest(cursor string) (at time.Time, id string, err error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return at, "", err
	}
	stamp, id, _ := strings.Cut(string(text), " ")
	at, err = time.Parse(time.RFC3339Nano, stamp)
	return at, id, err
}

// Offset is the cursor of a list that is made again for each page.
func Offset(items int) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, int64(items), 10))
}

// ReadOffset reads what Offset made; zero for no cursor.
func ReadOffset(cursor string, most int) (int, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if cursor == "" || err != nil {
		return 0, err
	}
	items, err := strconv.Atoi(string(text))
	if err == nil && (items < 0 || items > most) {
		err = errForeign
	}
	return items, err
}
