// Package functions embeds the database's SQL functions: one current definition
// of each, a file for each subject. database.Migrate applies them after the
// migrations. A file whose text has changed runs again; all changed files run in
// one transaction, in which the bodies are not checked, so their order does not
// matter and a function never calls one that is not there yet.
//
// The rules:
//
//   - A file can run any number of times: CREATE OR REPLACE FUNCTION, and CREATE OR
//     REPLACE TRIGGER for a trigger whose function is here. A migration defines
//     neither.
//   - Processes of the former version run on while the new functions are there. So
//     a function keeps its name, its arguments and what it returns for as long as
//     the former version calls it.
//   - One more argument: add a second function of the same name that takes it, and
//     let the old one call it. (CREATE OR REPLACE with one more argument also makes
//     a second function; with a DEFAULT beside the old function, it is ambiguous to
//     readers which one a call means.) Or put DROP FUNCTION IF EXISTS f(the old
//     arguments) above the new definition and give the argument a DEFAULT: one
//     transaction, and old calls find the new function.
//   - Another result: a new name. Postgres refuses to change what a function
//     returns.
//   - A function that only the former version calls is dropped one release later:
//     DROP FUNCTION IF EXISTS f(its arguments), in its subject's file, with the
//     release that stopped calling it. The line may go a release after that.
//   - No table, index, constraint, column default or generated column depends on a
//     function here: they are made before it.
//   - To go back to an earlier text, change it, be it in a comment: the text of a
//     file stands for a version, and a version that was there before counts as
//     older (see database.Migrate).
//
// What does not live here: tables and data (schema/migrations).
package functions

import "embed"

// FS holds the .sql files, each with the functions of one subject.
//
//go:embed *.sql
var FS embed.FS
