// Package temporal connects Boxoffice to Temporal: the client, the data
// converter that encrypts payloads, the search attributes, and logging through
// slog.
//
// Workflows, activities and workers live in packages of their own.
package temporal
