// Package seatmap is the live seat map: it reads the seats of a show, keeps the map
// in the process's memory for all who ask at once, and tells watchers of every change,
// without a gap, also watchers that reconnect.
//
// A map decides nothing: only the database knows who has a seat.
//
// What does not live here: the shape of a map (package shows), the choice of seats
// (package bestseats), and holding or selling them (package bookings).
package seatmap
