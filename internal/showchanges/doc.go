// Package showchanges is shows that are cancelled or moved: the change itself, how
// far it has come with each booking, and what the customers choose about it.
//
// The truth about how far a change has come is in the database: a workflow that starts
// again at any point asks, and goes on.
//
// What does not live here: the order of the steps (package workflows), the rest of a
// booking's life (package bookings), and all other things that staff write about
// shows (package catalog).
package showchanges
