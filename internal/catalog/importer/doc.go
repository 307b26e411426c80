// Package importer loads movies, theaters and shows from files, JSON lines or
// CSV, each line checked as strictly as what staff type.
//
// A file is read in batches. A batch is one transaction that writes its lines and
// how far the file has come, so an import that was killed goes on after its last
// batch and nothing is there twice. A line that is refused, by a check here or by
// a constraint of the database, is reported with its place in the file and the
// others go on. What is there already and does not differ is not touched.
//
// It is above 3,000 lines: each of the three kinds has its own columns, references to
// resolve and statements to write, and CSV and JSON lines are read by one code.
//
// What does not live here: changes that staff make one by one (package staff),
// and asking whether addresses of posters point where they may (that is done by
// the process that fetches them).
package importer
