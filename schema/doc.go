// Package schema is the database as Go sees it: a bun model, with the meaning of each
// column, for each table that Go reads or writes by rows. The SQL in schema/migrations
// makes the tables and is the authority; a test keeps the models and the tables
// together. Tables that only SQL functions touch have no model: comments in the
// database say what their columns mean.
//
// What does not live here: queries. They belong to the service that asks.
package schema
