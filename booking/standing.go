package booking

import "time"

// Standing is the state of a booking in the database: what a workflow needs in order to
// take it up again.
type Standing struct {
	Status Status `json:"status"`
	// Held is the hold, or what was sold; ExpiresIn is negative when the hold ran out.
	Held      Held      `json:"held"`
	CreatedAt time.Time `json:"created_at"`
	// RequestHash is that of the request that made the booking.
	RequestHash string `json:"request_hash"`
	// Payment is the latest payment; its reference is empty when the booking has no
	// payment.
	Payment PaymentState `json:"payment"`
	// RefundDue is the total to refund. Minor units, in the booking's currency.
	RefundDue Money `json:"refund_due"`
	// Refunds are the terms of cancellation that the booking was made under; nil when
	// they were not kept.
	Refunds CancellationPolicy `json:"refunds,omitempty"`
	// Told is how many messages of a kind there are.
	Told map[Notice]int `json:"told,omitempty"`
	// Moves are the moves of its show that the booking was told of, the oldest first.
	Moves []ShowChange `json:"moves,omitempty"`
	// HouseReference is the theater's own id of the order, if its system sells the seats.
	HouseReference string `json:"house_reference,omitempty"`
}

// LostBooking is a booking that has no running workflow and should have one.
type LostBooking struct {
	BookingID  string   `json:"booking_id"`
	CustomerID string   `json:"customer_id"`
	ShowID     string   `json:"show_id"`
	TheaterID  string   `json:"theater_id"`
	Seats      []string `json:"seats"`
	Status     Status   `json:"status"`
	// Place is where it comes in the order in which bookings are looked through.
	Place string `json:"place"`
}

// OldRecords names what is deleted when its time is over. None of it is what an
// acknowledged booking consists of: those stay forever.
type OldRecords string

// The kinds of records.
const (
	OldIdempotencyKeys OldRecords = "idempotency_keys"
	OldWebhooks        OldRecords = "webhooks"
	OldSessions        OldRecords = "sessions"
	OldLetters         OldRecords = "letters"
	OldProofs          OldRecords = "proofs"
	OldGuests          OldRecords = "guests"
	OldHolds           OldRecords = "hold_records"
	// Log-ins that were begun and not ended.
	OldChallenges        OldRecords = "factor_challenges"
	OldPasskeyChallenges OldRecords = "passkey_challenges"
	OldOAuthStarts       OldRecords = "oauth_starts"
	OldOffers            OldRecords = "identity_offers"
	// What is in the document store. Each document has the end of its time in it.
	OldEvents   OldRecords = "document_events"
	OldCounters OldRecords = "document_counters"
	OldLists    OldRecords = "document_lists"
	// OldAccounts is what the document store knows of accounts that were deleted.
	OldAccounts OldRecords = "deleted_accounts"
)
