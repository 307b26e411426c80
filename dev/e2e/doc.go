// Package e2e drives the whole platform from outside, as customers, vendors and
// accidents do, and judges it by the invariants it has to keep. A customer goes
// through the HTTP API, money and messages through the sandbox's own pages and
// wire formats; only the judge (Check) looks into the database and Temporal.
//
// What one package can be tested for alone does not belong here: a scenario is
// here when it needs several processes, or the loss of one.
package e2e
