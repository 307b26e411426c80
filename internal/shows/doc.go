// Package shows is the room below bookings, seatmap, bestseats and showchanges. It
// has what several of them use:
//
//   - a show's terms of sale and its layout, which the process keeps in its memory;
//   - the columns of a show's summary, and the changes of a show as they are read;
//   - the shape of a seat map;
//   - the errors of the database's functions, in the words of booking.Error;
//   - times, ids and cursors as the database has them, and a ticket's serial;
//   - the hints that are published after a change, and what runs a feed.
//
// What does not live here: all that is about one booking (package bookings), the live
// seat map (package seatmap), the choice of seats (package bestseats), what follows
// from a change of a show (package showchanges), and what staff write about shows
// (package catalog).
package shows
