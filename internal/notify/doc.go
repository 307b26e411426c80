// Package notify tells customers what happens to their bookings: it finds the
// recipient, renders the text, and hands each message to its vendor once.
//
// What lives here: the service, the texts and layouts, and the Sender port that
// vendors fill. What does not: the vendors' clients (packages sendgrid,
// twilio and webpush below this one), and the decision when to send what (package
// workflows).
//
// # Once
//
// Neither vendor takes an idempotency key, so the row in notifications is the
// key. It says sending, committed, before the vendor is called; a worker that finds it
// so later knows that the vendor may have the message, and asks the vendor before
// sending again. A vendor that cannot be asked gets no second message: a person
// is told instead.
//
// Push is the exception: a repeat replaces what a browser shows or still waits for, so
// an unknown outcome is simply tried again. See push.go.
//
//	          claim                 accepted
//	pending ─────────▶ sending ───────────────▶ sent
//	   ▲                │ │ │    refused
//	   │  not accepted  │ │ └─────────────────▶ failed
//	   └────────────────┘ │ no answer, cannot be asked
//	                      └───────────────────▶ unconfirmed
package notify
