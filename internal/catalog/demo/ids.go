package demo

import (
	"strings"

	"github.com/google/uuid"
)

// namespace is the root of every id of the demo world (UUIDv5, RFC 9562 section
// 5.5). Changing it would orphan every demo row already stored.
var namespace = uuid.MustParse("6f1f6c1e-52a0-5d0b-9a43-0c6f7d6c2b11")

// stableID derives an id from what a thing is called, so that a reload updates
// rows instead of adding twins.
func stableID(kind string, path ...string) uuid.UUID {
	return uuid.NewSHA1(namespace, []byte(kind+"/"+strings.Join(path, "/")))
}
