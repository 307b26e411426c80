// Package judged makes queries whose right answers are known, and counts how many
// a search gets right. The tests of package search and the benchmark of it ask
// the same ones. It knows nothing of how names are found, and nothing that runs
// imports it.
//
// The queries are made from open data that lie beside the module, not in it: a
// list of films (title, year, cast) and, for how well known those are, ratings.
package judged
