package database

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"runtime/debug"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/schema/functions"
)

// functionsTable remembers each text of each file that was applied, in order:
// the last row of a file is what the database has.
const functionsTable = `CREATE TABLE IF NOT EXISTS schema_functions (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	file       text NOT NULL,
	checksum   text NOT NULL,
	applied_at timestamptz NOT NULL DEFAULT now(),
	applied_by text NOT NULL
)`

// functionFile is one file of schema/functions as this binary has it.
type functionFile struct {
	name     string
	text     string
	checksum string
}

// functionStates says what the database has of each file.
type functionStates struct {
	// missing were never applied with this text.
	missing []functionFile
	// replaced were applied with this text, and a later text since: a newer
	// version has been here.
	replaced []functionFile
}

func functionFiles(source fs.FS) ([]functionFile, error) {
	names, err := fs.Glob(source, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("read the functions: %w", err)
	}
	files := make([]functionFile, 0, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(source, name)
		if err != nil {
			return nil, fmt.Errorf("read the functions: %w", err)
		}
		sum := sha256.Sum256(text)
		files = append(files, functionFile{name: name, text: string(text), checksum: hex.EncodeToString(sum[:])})
	}
	return files, nil
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func compareFunctions(ctx context.Context, q querier, files []functionFile) (functionStates, error) {
	rows, err := q.Query(ctx, `SELECT file, checksum FROM schema_functions ORDER BY id`)
	if err != nil {
		return functionStates{}, fmt.Errorf("read the state of the functions: %w", err)
	}
	applied := map[string]map[string]bool{} // checksums by file
	last := map[string]string{}
	var file, checksum string
	_, err = pgx.ForEachRow(rows, []any{&file, &checksum}, func() error {
		if applied[file] == nil {
			applied[file] = map[string]bool{}
		}
		applied[file][checksum] = true
		last[file] = checksum
		return nil
	})
	if err != nil {
		return functionStates{}, fmt.Errorf("read the state of the functions: %w", err)
	}

	var states functionStates
	for _, f := range files {
		switch {
		case !applied[f.name][f.checksum]:
			states.missing = append(states.missing, f)
		case last[f.name] != f.checksum:
			states.replaced = append(states.replaced, f)
		}
	}
	return states, nil
}

// runFunctions brings the functions up to date.
func (m *migrator) runFunctions(ctx context.Context, source fs.FS) error {
	files, err := functionFiles(source)
	if err != nil {
		return err
	}
	return m.patiently(ctx, "functions", func() error {
		return m.transaction(ctx, func(tx pgx.Tx) error { return m.applyFunctions(ctx, tx, files) })
	})
}

func (m *migrator) applyFunctions(ctx context.Context, tx pgx.Tx, files []functionFile) error {
	if _, err := tx.Exec(ctx, functionsTable); err != nil {
		return fmt.Errorf("prepare the table of functions: %w", err)
	}
	states, err := compareFunctions(ctx, tx, files)
	if err != nil {
		return err
	}
	todo := states.missing
	if m.ownFunctions {
		todo = append(todo, states.replaced...)
	} else {
		for _, f := range states.replaced {
			m.progress("functions: " + f.name + " stays as a newer version has it")
		}
	}
	// Functions call each other across files.
	if _, err := tx.Exec(ctx, `SET LOCAL check_function_bodies = off`); err != nil {
		return fmt.Errorf("prepare for functions: %w", err)
	}
	for _, f := range todo {
		m.progress("functions: " + f.name)
		if _, err := tx.Exec(ctx, f.text); err != nil {
			return fmt.Errorf("apply the functions of %s: %w", f.name, err)
		}
		_, err := tx.Exec(ctx, `INSERT INTO schema_functions (file, checksum, applied_by) VALUES ($1, $2, $3)`,
			f.name, f.checksum, buildVersion())
		if err != nil {
			return fmt.Errorf("remember the functions of %s: %w", f.name, err)
		}
	}
	return nil
}

// checkFunctions finds functions that this binary needs and the database never
// had. Newer ones are fine: they keep to what older binaries call.
func checkFunctions(ctx context.Context, db *DB) error {
	files, err := functionFiles(functions.FS)
	if err != nil {
		return err
	}
	var exists bool
	if err := db.Pool.QueryRow(ctx, `SELECT to_regclass('schema_functions') IS NOT NULL`).Scan(&exists); err != nil {
		return fmt.Errorf("look for the table of functions: %w", err)
	}
	states := functionStates{missing: files}
	if exists {
		if states, err = compareFunctions(ctx, db.Pool, files); err != nil {
			return err
		}
	}
	if n := len(states.missing); n > 0 {
		return fmt.Errorf("the functions of %d files are not this version's, the first is %s: run boxoffice migrate", n, states.missing[0].name)
	}
	return nil
}

// buildVersion is what this binary says of itself: a module's version or a
// commit, when it was built from one.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return info.Main.Version
}
