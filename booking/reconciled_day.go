package booking

import "time"

// ReconciledDay is a day of a payment provider that was compared with our books.
type ReconciledDay struct {
	Provider string `json:"provider"`
	Day      string `json:"day"` // in UTC, as in 2026-11-27
	// BeganAt is when the last run for the day began, FinishedAt when it came to its end; nil
	// while it runs, or cannot go on.
	BeganAt    time.Time  `json:"began_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Comparison
	// Findings is how many things did not agree; Alerted how many of them nothing was done
	// about, so that a person has to.
	Findings int `json:"findings"`
	Alerted  int `json:"alerted"`
}

// Comparison counts what a reconciliation looked at.
type Comparison struct {
	Listed    int `json:"listed"`     // entries of the provider's lists; a payment may have several
	Unlisted  int `json:"unlisted"`   // payments of ours that these lists lack
	Asked     int `json:"asked"`      // payments that were asked for one by one
	GivenBack int `json:"given_back"` // payments that were handed to the workflow of late payments
}

// Found is a finding as staff read it.
type Found struct {
	ID        int64       `json:"id"`
	Kind      FindingKind `json:"kind"`
	Reference string      `json:"reference"`  // the provider's id of the payment
	BookingID *string     `json:"booking_id"` // nil when the payment names none of ours
	// Ours and Theirs are the amounts in our books and at the provider; nil without such a
	// payment.
	Ours    *Money    `json:"ours"`
	Theirs  *Money    `json:"theirs"`
	Done    string    `json:"done"` // alerted, or a Healing
	FoundAt time.Time `json:"found_at"`
}
