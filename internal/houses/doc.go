// Package houses knows the theaters that sell from their own system: how each is reached,
// its program, which of its seats are taken, and how its list of our orders compares with our
// bookings.
//
// A house decides about its seats. What is stored here is a copy that is as old as it says.
//
// What does not live here: the clients of the systems, one package below this one for each
// manner of system; the orders of our bookings there, which package bookings writes; the saga
// of a booking (package workflows); and the bookings of a show that a house cancels or moves,
// which the workflows of show changes settle.
package houses
