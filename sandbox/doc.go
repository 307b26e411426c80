// Package sandbox holds stand-ins for the vendors that Boxoffice pays and
// talks through: Stripe, Razorpay, PayPal, SendGrid, Twilio and browsers' push services. They speak the vendors' own wire
// formats on one HTTP server, so the vendors' own clients are used unchanged,
// and they keep books, so that a checker can compare the money at the vendor
// with the money in our ledger. Theaters that sell from their own system are in package
// house below, on the same server, with the same data file and switches.
//
// What lives here: the HTTP answers of the vendors, the webhooks of those that take money,
// the hosted checkout and 3-D Secure pages, the inbox page, and the switches
// that make a vendor slow, wrong or forgetful. What does not: anything of
// Boxoffice. The package imports nothing of it and knows nothing of bookings
// beyond the metadata that it is handed.
//
// It is above 3,000 lines because it speaks the wire formats of six vendors, with
// their refusals, signatures and pages. It is no module of its own: the tests of the
// API, of payments and of notifications run on it, so the main module would need it,
// and bbolt with it.
//
// State is one bbolt file. Every call is one transaction that holds the
// object, its events, their pending deliveries and the stored answer for the
// idempotency key, so a process killed at any moment forgets all of it or
// none. See README.md for the fault switches and for what differs from the
// real vendors.
package sandbox
