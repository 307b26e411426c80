// Package recommendations is the service of recommendations: it reads what is on and what a
// person did, asks the engine (internal/recommend), and gives lists. It also learns: it makes
// events of bookings, and trains and swaps models.
//
// What does not live here: how films are scored and lists are filled (internal/recommend), what
// people say about themselves (internal/tastes), the store of documents (internal/documents),
// and when training runs (package workflows).
package recommendations
