// Package bestseats chooses the best seats that are left in a show: a seat map and a
// wish go in, an offer comes out. It asks no database and remembers nothing.
//
// What does not live here: reading the map (package seatmap), and holding what was
// offered (package bookings).
package bestseats
