package staff

import "github.com/boxoffice/boxoffice/internal/paging"

// readCursor gives the zero key for none. valid says whether SQL can read the key.
func (p *problems) readCursor(cursor string, valid func(key string) bool) paging.Key {
	key, err := paging.ReadKey(cursor, "", valid)
	if err != nil {
		*p = append(*p, paging.Foreign())
	}
	return key
}
