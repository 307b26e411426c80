// Package workflows says what happens, in order. contract.go holds the names and
// shapes by which the rest of the platform talks to the workflows; each other
// file is one workflow and reads as prose.
//
// What does not live here: side effects (package activities). Workflow code is
// deterministic and replays.
package workflows
