// Package migrations embeds the database's numbered SQL migrations. They are
// run by bun's migrator (package internal/database); what the tables mean to Go
// lives in package schema.
package migrations

import "embed"

// FS holds the .up.sql and .down.sql files, in the order of their numbers.
//
//go:embed *.sql
var FS embed.FS
