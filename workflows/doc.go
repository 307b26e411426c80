// Package workflows says what happens, in order. contract.go holds the names and
// shapes by which the rest of the platform talks to the workflows. steps.go does the
// steps of them all: how long a step may take, when it is tried again, and what staff
// read of it. Each other file is one workflow, or a part of the booking's, and reads
// as prose.
//
// It is one package of more than 3,000 lines, because the booking's files are parts of
// one workflow: they share its state, and another package could only do so if that
// state were exported.
//
// What does not live here: side effects (package activities). Workflow code is
// deterministic and replays.
package workflows
