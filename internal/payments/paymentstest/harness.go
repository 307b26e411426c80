// Package paymentstest is what every payment provider has to be able to do: one
// suite of tests that each provider's package runs against a stand-in of its
// vendor. Only tests import it.
package paymentstest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payments"
)

// provider is what is under test.
type provider interface {
	Name() string
	Open(ctx context.Context, req booking.PaymentRequest) (booking.PaymentState, error)
	Get(ctx context.Context, reference string) (booking.PaymentState, error)
	Capture(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error)
	Void(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error)
	Refund(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error)
	payments.Webhooks
}

// authorizer is a provider with NeedsAuthorize.
type authorizer interface {
	Authorize(ctx context.Context, step booking.MoneyStep) (booking.PaymentState, error)
}

// lister is a provider with Lists.
type lister interface {
	ListPayments(ctx context.Context, span booking.PaymentSpan) (booking.PaymentPage, error)
}

// Setup describes the provider to Run.
type Setup struct {
	// New starts a vendor with empty books and a provider that talks to it; what
	// they need is closed by the test's cleanup.
	New func(t *testing.T) Harness
	// Charging is what the provider says that it charges.
	Charging booking.Charging
	// StoresFailures: the vendor keeps an answer under its idempotency key even
	// when the answer is a failure.
	StoresFailures bool
	// SignsTime: a webhook's signature covers when it was made, and it may be as old as
	// Tolerance; default 5 minutes.
	SignsTime bool
	Tolerance time.Duration
	// Price is what the payments of the suite are for; default 450.00 INR.
	Price booking.Money

	// NeedsAuthorize: the customer only approves, and the provider is an
	// activities.Authorizer.
	NeedsAuthorize bool
	// VoidIsLater: the vendor cannot void an authorization. A voided one is never captured,
	// and its money goes back when the authorization ends.
	VoidIsLater bool
	// WholeCaptureOnly: the vendor captures all of a payment or nothing.
	WholeCaptureOnly bool
	// RefundsLater: a refund counts at once, and is pending until Harness.SettleRefunds.
	RefundsLater bool
	// Lists: the provider is an activities.PaymentLister.
	Lists bool
	// NoClose: the vendor cannot close an open payment, so that a customer can still pay one
	// that was voided.
	NoClose bool
}

// Harness is one provider with hands on the vendor's side.
type Harness struct {
	Provider provider
	// Rotated is the same provider after the previous webhook secret has gone.
	Rotated provider

	// The customer pays (or, of a provider with NeedsAuthorize, approves), is declined, or is
	// sent to the bank and stays there.
	Authorize func(t *testing.T, reference string)
	Decline   func(t *testing.T, reference string)
	Challenge func(t *testing.T, reference string)
	// CaptureElsewhere captures an amount without the provider, as staff at the vendor's
	// dashboard may.
	CaptureElsewhere func(t *testing.T, reference string, amount int64)

	// The customer's bank takes a payment back and, later, decides.
	Dispute       func(t *testing.T, reference string)
	DecideDispute func(t *testing.T, reference string, won bool)
	// Lapse moves the vendor's clock past the end of a payment's authorization, with
	// VoidIsLater.
	Lapse func(t *testing.T, reference string)
	// GivenBack is what the vendor has returned of an authorization without a capture,
	// with VoidIsLater.
	GivenBack func(t *testing.T, reference string) int64
	// SettleRefunds finishes a payment's refunds, with RefundsLater.
	SettleRefunds func(t *testing.T, reference string)
	// FailRefund sends the newest refund of a payment back to us.
	FailRefund func(t *testing.T, reference string)

	// Shows is a payment's amount as the cardholder reads it, in major units.
	Shows func(t *testing.T, reference string) string

	// Fault makes the vendor's next such operation go wrong.
	Fault func(t *testing.T, f Fault)
	// Books are the vendor's own totals by currency. A refund counts before it is finished.
	Books func(t *testing.T) map[string]Totals
	// Sign makes a webhook as the vendor sends it.
	Sign func(t *testing.T, h Hook) (body []byte, header http.Header)
}

// Totals is money at the vendor, in minor units.
type Totals struct{ Captured, Refunded int64 }

// Operation is one of the provider's calls.
type Operation string

// The operations that can go wrong.
const (
	OpOpen      Operation = "open"
	OpGet       Operation = "get"
	OpAuthorize Operation = "authorize"
	OpCapture   Operation = "capture"
	OpVoid      Operation = "void"
	OpRefund    Operation = "refund"
)

// trouble is what goes wrong.
type trouble int

// The troubles. Failed is answered and not done; FailedStored is also kept under
// the idempotency key; FailedDone is answered as failed, but done; ReplyLost was done and
// the connection ends without an answer; Slow is done after Fault.Delay.
const (
	failed trouble = iota
	FailedStored
	FailedDone
	ReplyLost
	Slow
)

// Fault is one trouble, once.
type Fault struct {
	Trouble   trouble
	Operation Operation
	Delay     time.Duration
}

// subject is what a webhook is about.
type subject int

// The subjects. About nothing of ours is an event that names no payment.
const (
	AboutAuthorization subject = iota
	AboutDecline
	AboutCapture
	AboutRefund
	AboutDispute
	AboutFailedRefund
	AboutNothingOfOurs
)

// Secret is what a webhook is signed with.
type Secret int

// The secrets. While they are rolled, current and previous both count.
const (
	Current Secret = iota
	Previous
	Unknown
)

// Hook describes a webhook to sign.
type Hook struct {
	ID        string
	Subject   subject
	Reference string
	BookingID string // goes into the metadata
	Secret    Secret
	At        time.Time // zero: now
	// OtherVersion renders the event for another version of the vendor's API.
	OtherVersion bool
}
