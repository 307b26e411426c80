// Package migrations embeds the numbered SQL migrations of the documents in Postgres. They
// are apart from the platform's: the documents may be in another database.
package migrations

import "embed"

// FS holds the .up.sql and .down.sql files, in the order of their numbers.
//
//go:embed *.sql
var FS embed.FS
