// Package seats is the seat inventory: holding, selling and releasing the seats
// of shows, reading bookings and seat maps, watching them change, and signing
// tickets.
//
// The database is the one truth about who has a seat. The statements that decide
// are functions in schema/migrations (hold_seats and its siblings): each is one
// transaction and one round trip, follows the database's clock, and is safe to
// repeat. This package calls them, puts their refusals into booking.Error, and
// publishes a hint after each change.
//
// What does not live here: the order of the steps (package workflows), money
// (package payments), and the shows themselves (package catalog).
package seats
