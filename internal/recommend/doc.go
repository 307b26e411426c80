// Package recommend says which of the films on sale suit a person, and why.
//
// A [Model] is trained on who has seen what ([Train]) and never changes. What a person likes is
// not in it: their own row is given with each request, so that a first booking counts at once.
// [Fold] makes such rows, and the popularity of films, out of events. [Model.ForYou], [Popular],
// [New] and [Model.Similar] make lists; all of them go through one place, which filters, so that
// no list forgets a filter.
//
// The files, in the order of a booking's way: events and popular turn events into likings; data,
// ease, conjugate, inverse, facts and progress train; model scores; filter, list and page make
// lists; certificate gives a film's age; shows chooses among the shows of a film; format keeps a
// model; choose and measure say how good it is. Package evaluate compares it with others.
//
// What does not live here: stores, clocks, chance and the network. Times and seeds are arguments,
// so that the same request has the same answer.
package recommend
