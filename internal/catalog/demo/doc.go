// Package demo is the world that a fresh Boxoffice shows: real films, invented
// theaters in real cities, a week of shows and four logins.
//
// The tables are JSON beside the code; this package reads and expands them.
// Everything in it is a pure function of the tables and the clock it is given,
// so that a second run on the same day gives the same ids and a loader may
// upsert. What does not live here: the database. The loader of this world does
// the writing.
package demo
