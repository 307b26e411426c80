// Package house stands in for the systems of theaters that sell their own seats: at their
// counters and through others, such as Boxoffice.
//
// One simulated theater is a site, created by PUT /house/{site}. Its books (shows, holds,
// sales, refunds) are in one place and know no wire: type Books. A wire style speaks the
// manner of one kind of system over these books, at /house/{site}/{style}: "session" in
// session*.go, "office" in office*.go. A site has one style.
//
// How a style plugs in: it is a value of type style in the table styles (wire.go), whose
// routes function adds handlers below /house/{site}/{style}. A handler finds out which
// operation is meant (an op constant) and calls Server.serve, which finds the site, checks
// the style and meets the faults that concern connections: latency, error, reply_lost,
// never_answered, unreachable, half_answer. The handler's function gets a *call. The
// methods of call (changes, all, seats, hold, extend, confirm, state, release, cancel, sales)
// act on the books and apply the faults that concern meaning; call.end, call.codes, call.now
// and call.strikes are for what is written into the answer. All refusals are *Refusal, and
// each style turns their kinds into its own codes.
//
// What does not live here: anything of Boxoffice, and the switches of the faults, which
// package sandbox hands over as a function.
package house
