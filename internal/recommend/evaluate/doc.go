// Package evaluate compares the recommendations with other methods on open data: MovieLens, and the
// casts of a list of films. `boxoffice recommend evaluate` prints what it finds.
//
// What does not live here: the measure itself and the choice of options, which production needs,
// too. They are in package recommend.
package evaluate
