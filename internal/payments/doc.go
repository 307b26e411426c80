// Package payments keeps our books: a row per payment at a provider, a ledger
// row per movement of money, and the inbox of the providers' webhooks. What a
// provider says may come twice, late or in any order; the books end the same.
//
// What does not live here: how to talk to a provider (package
// payments/stripe), what every provider has to be able to do
// (payments/paymentstest), and what to do about a payment (package workflows).
package payments
