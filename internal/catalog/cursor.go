package catalog

import (
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"
)

// cursor is the sort key of the last item of a page: the next page begins after
// it, whatever was added or removed meanwhile. It names its order, because in
// another order the key means nothing.
type cursor struct {
	Order string    `json:"o"`
	Key   string    `json:"k"` // as text; SQL casts it back
	ID    uuid.UUID `json:"i"`
}

func (c cursor) String() string {
	content, _ := json.Marshal(c) // strings and a UUID always marshal
	return base64.RawURLEncoding.EncodeToString(content)
}

// readCursor gives the zero cursor for none. Anybody can forge a cursor, so valid
// says whether SQL can cast the key.
func (p *problems) readCursor(text, order string, valid func(key string) bool) cursor {
	var c cursor
	if text == "" {
		return c
	}
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(content, &c)
	}
	if err != nil || c.Order != order || c.ID == uuid.Nil || !valid(c.Key) {
		p.add("cursor", "Use next_cursor of the page before, with the same sort, unchanged.")
	}
	return c
}
