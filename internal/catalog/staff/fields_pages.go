package staff

import (
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"
)

const (
	defaultPage = 20
	largestPage = 100
)

func pageSize(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, largestPage)
}

// cursor is the sort key of a page's last item, as text; the id decides among
// equals. What is empty sorts before all.
type cursor struct {
	Key string    `json:"k"`
	ID  uuid.UUID `json:"i"`
}

func (c cursor) String() string {
	content, _ := json.Marshal(c) // a string and a UUID always marshal
	return base64.RawURLEncoding.EncodeToString(content)
}

// readCursor gives the zero cursor for none. Anybody can forge one, so valid says
// whether SQL can read the key.
func (p *problems) readCursor(text string, valid func(key string) bool) cursor {
	var c cursor
	if text == "" {
		return c
	}
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(content, &c)
	}
	if err != nil || c.ID == uuid.Nil || !valid(c.Key) {
		p.add("cursor", "Use next_cursor of the page before, unchanged.")
	}
	return c
}

// pageOf cuts the row too many that was read to learn whether there is a next
// page, and names where that begins.
func pageOf[T any](rows []T, limit int, last func(T) cursor) (page []T, next string) {
	if len(rows) <= limit {
		return rows, ""
	}
	return rows[:limit], last(rows[limit-1]).String()
}
