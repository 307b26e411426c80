// Package catalog answers what is on: cities, movies, theaters and shows that
// can be booked now, and keeps what customers think of films. It also loads the
// demo world (package demo).
//
// A date is a day on the theater's own clock, for the home screen a cinema day. Lists
// hold only shows that are still ahead and on sale; one show can be read by its id at any
// time. Who has which seat is not known here: that is package seatmap. The home screen
// counts taken seats, to say how full a show is.
package catalog
