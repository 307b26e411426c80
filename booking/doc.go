// Package booking is the vocabulary of Boxoffice: money, seats, statuses,
// quotes, policies, errors, and the shapes that travel between the API, the
// workflows, the activities and the services.
//
// It depends on the standard library alone, so that every layer may import it.
// What does not live here: anything that talks to a database, a vendor or
// Temporal.
package booking
