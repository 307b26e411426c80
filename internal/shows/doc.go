// Package shows is the room below bookings, seatmap, bestseats and showchanges:
// what all of them have to know of a show, and how all of them talk to the
// database. Here are a show's terms and layout with their memory in the process,
// the columns of a show's summary, the shape of a seat map, the changes of a show
// as they are read, the errors of the database's functions, the hints that are
// published after a change, and what runs a feed.
//
// What does not live here: anything about one booking (package bookings), the live
// seat map (package seatmap), the choice of seats (package bestseats), what follows
// from a change of a show (package showchanges), and what staff write about shows
// (package catalog).
package shows
