// Package activities holds the side effects of Boxoffice's workflows: one each,
// safe to repeat. The ports they need (interfaces) are declared here; package
// workers is handed implementations.
//
// What does not live here: the order of the steps (package workflows), SQL and
// vendors' clients (packages under internal).
package activities
