// Package schema is the database as Go sees it: a bun model for each table, with
// the meaning of each column. The tables themselves are made by the SQL in
// schema/migrations, which is the authority; a test keeps the two together.
//
// What does not live here: queries. They belong to the service that asks.
package schema
