package booking

import "time"

// Policy holds the rules one booking lives by. It travels in the workflow's
// input, so that a change of configuration never changes a booking under way.
type Policy struct {
	// HoldFor is how long seats wait for the payment.
	HoldFor time.Duration `json:"hold_for"`
	// FetchWithin is how long a hold waits for its answer to be fetched: by the request
	// that asked for it, a repeat of that, or a read of the booking. After that its seats
	// are free again. Zero waits as long as HoldFor.
	FetchWithin time.Duration `json:"fetch_within,omitempty"`
	// MaxHolds is how many holds one customer may have at a time.
	MaxHolds int `json:"max_holds"`
	// HoldExtensions is how often a customer may have HoldFor once more. Zero: never.
	HoldExtensions int `json:"hold_extensions,omitempty"`
	// HoldAtMost is how long seats may be held in all, however often the customer gets more
	// time; UnprovedAtMost is the same before the customer has proved an address or bought a
	// ticket. Zero: no limit but HoldExtensions.
	HoldAtMost     time.Duration `json:"hold_at_most,omitempty"`
	UnprovedAtMost time.Duration `json:"unproved_at_most,omitempty"`
	// PaymentTries is how many declined payments end a booking.
	PaymentTries int `json:"payment_tries"`
	// RemindBefore is how long before the show the reminder goes out.
	RemindBefore time.Duration `json:"remind_before"`
	// SpreadOver is the time over which the bookings of one show are spread: their
	// reminders go out up to this much earlier, and their workflows end up to this much
	// after the show has begun. Zero: all in the same second.
	SpreadOver time.Duration `json:"spread_over,omitempty"`
	// FastPath is how long a vendor may take before a step leaves the fast path.
	// Zero turns the fast path off.
	FastPath time.Duration `json:"fast_path"`
	// OpenWithin is how long opening the payment may take before the customer gets the
	// error that the provider is down.
	OpenWithin time.Duration `json:"open_within"`
	// Disputes says what happens to the ticket when the customer's bank takes the money
	// back before the show. Empty is DisputesVoid.
	Disputes DisputePolicy `json:"disputes,omitempty"`
	// Refunds says how much comes back on a customer's cancellation.
	Refunds CancellationPolicy `json:"refunds"`
}

// DisputePolicy is what happens to a ticket whose payment is disputed.
type DisputePolicy string

// The policies. Void frees the seats for others; keep leaves it to staff.
const (
	DisputesVoid DisputePolicy = "void"
	DisputesKeep DisputePolicy = "keep"
)

// CancellationPolicy is a list of tiers, the earliest deadline first. Fees are
// not refunded unless the theater cancels.
type CancellationPolicy []refundTier

// refundTier gives a share back until a while before the show.
type refundTier struct {
	Until   time.Duration `json:"until"` // before the show starts
	Percent int64         `json:"percent"`
}

// DefaultPolicy is what production starts from.
func DefaultPolicy() Policy {
	return Policy{
		HoldFor: 8 * time.Minute,
		// WCAG 2.2, success criterion 2.2.1: at least ten times.
		HoldExtensions: 10,
		HoldAtMost:     90 * time.Minute,
		FetchWithin:    30 * time.Second,
		MaxHolds:       4,
		PaymentTries:   3,
		Disputes:       DisputesVoid,
		RemindBefore:   2 * time.Hour,
		SpreadOver:     10 * time.Minute,
		FastPath:       2 * time.Second,
		OpenWithin:     7 * time.Second,
		Refunds: CancellationPolicy{
			{Until: 24 * time.Hour, Percent: 100},
			{Until: 2 * time.Hour, Percent: 75},
			{Until: 20 * time.Minute, Percent: 50},
		},
	}
}

// CancellationQuote says what would come back, and what stays.
type CancellationQuote struct {
	Refund  Money `json:"refund"`
	Kept    Money `json:"kept"`
	Percent int64 `json:"percent"`
	// Until is when this answer stops being true; zero when it never improves or
	// worsens any more.
	Until time.Time `json:"until,omitzero"`
}

// Quote says what a cancellation at a time gives back. The share is rounded
// down to what the provider can give back.
func (p CancellationPolicy) Quote(paid Quote, starts, at time.Time) CancellationQuote {
	for _, tier := range p {
		deadline := starts.Add(-tier.Until)
		if at.After(deadline) {
			continue
		}
		refundable := paid.Total.Amount - paid.Fees.Amount
		return split(paid.Total, paid.roundDown(refundable*tier.Percent/100), tier.Percent, deadline)
	}
	return split(paid.Total, 0, 0, time.Time{})
}

// FullRefund is what the theater's own cancellation gives back: all of it.
func FullRefund(paid Quote) CancellationQuote {
	return split(paid.Total, paid.Total.Amount, 100, time.Time{})
}

func split(total Money, refund, percent int64, until time.Time) CancellationQuote {
	return CancellationQuote{
		Refund:  Money{refund, total.Currency},
		Kept:    Money{total.Amount - refund, total.Currency},
		Percent: percent,
		Until:   until,
	}
}
