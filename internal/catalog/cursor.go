package catalog

import "github.com/boxoffice/boxoffice/internal/paging"

// readCursor gives the zero key for none. valid says whether SQL can cast the key.
func (p *fieldErrors) readCursor(cursor, order string, valid func(key string) bool) paging.Key {
	key, err := paging.ReadKey(cursor, order, valid)
	if err != nil {
		p.Add("cursor", "Use next_cursor of the page before, with the same sort, unchanged.")
	}
	return key
}
