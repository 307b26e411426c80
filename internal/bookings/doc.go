// Package bookings is the life of a booking on the database: holding, selling and
// releasing seats, holds that are not fetched, late payments, bookings that have no
// workflow, reading bookings and watching one change, and signing tickets. Before a booking
// there are the precheck and the turnstile, which refuse requests that cannot succeed.
//
// The database is the one truth about who has a seat. The statements that decide
// are functions in schema/functions (hold_seats and its siblings): each is one
// transaction and one round trip, follows the database's clock, and is safe to
// repeat. This package calls them, puts their refusals into booking.Error, and
// publishes a hint after each change.
//
// What does not live here: the order of the steps (package workflows), money
// (package payments), the live seat map (package seatmap), what a change of a show
// does to bookings (package showchanges), and shows themselves (packages shows and
// catalog).
package bookings
