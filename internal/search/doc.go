// Package search finds movies, people and theaters by what a customer types, and
// narrows movies to the shows that suit them.
//
// An [Index] is built from a [Snapshot] of the catalog and never changes. An
// [Engine] holds the current one behind an atomic pointer, so that readers never
// wait for a rebuild. What the database looks like is known to [Postgres], which
// the engine is given, and nowhere else here; who has which seat is
// known to neither: availability is never in the index.
//
// The files, in the order of a query: normalize, scripts, indic and spelling
// turn text into keys; names and candidates find keys that could be meant; rank
// decides between them; finder, movies and together turn keys into films; shows,
// filter, facets and relax narrow those to what is on; search and suggest put
// the answer together.
//
// It is above 3,000 lines, because all of them work on one index: the parts share its
// arrays, and a query may not copy them.
package search
