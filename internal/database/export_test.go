package database

import "io/fs"

// WithMigrations runs other migrations than the binary's own.
func WithMigrations(source fs.FS) MigrateOption {
	return func(o *migrateOptions) { o.migrations = source }
}

// ExplainServer is explainServer.
var ExplainServer = explainServer

// LastMarkedApart is lastMarkedApart.
const LastMarkedApart = lastMarkedApart

// SplitStatements is splitStatements.
var SplitStatements = splitStatements

// ErrServerReplaced is errServerReplaced.
var ErrServerReplaced = errServerReplaced
