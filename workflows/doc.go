// Package workflows says what happens, in order. contract.go holds the names and
// shapes by which the rest of the platform talks to the workflows. steps.go does the
// steps of them all: how long a step may take, when it is tried again, and what staff
// read of it. Each other file is one workflow, or a part of the booking's, and reads
// as prose.
//
// What does not live here: side effects (package activities). Workflow code is
// deterministic and replays.
package workflows
