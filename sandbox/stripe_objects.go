package sandbox

import (
	"encoding/json"
	"fmt"
)

// The structs below are Stripe's documented shapes, stored as they are sent.
// Fields that are always null in the sandbox are there because other clients
// expect to see them. https://docs.stripe.com/api

// ref is a reference to another object: an id, or the object when the request
// asked to expand it.
type ref struct {
	id     string
	object any
}

func (r ref) MarshalJSON() ([]byte, error) {
	switch {
	case r.object != nil:
		return json.Marshal(r.object)
	case r.id != "":
		return json.Marshal(r.id)
	default:
		return []byte("null"), nil
	}
}

// UnmarshalJSON reads what was stored, which is never expanded.
func (r *ref) UnmarshalJSON(raw []byte) error {
	*r = ref{}
	if string(raw) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, &r.id); err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	return nil
}

// Statuses of a payment intent.
const (
	statusRequiresMethod       = "requires_payment_method"
	statusRequiresConfirmation = "requires_confirmation"
	statusRequiresAction       = "requires_action"
	statusRequiresCapture      = "requires_capture"
	statusSucceeded            = "succeeded"
	statusCanceled             = "canceled"
)

type paymentIntent struct {
	ID                      string            `json:"id"`
	Object                  string            `json:"object"`
	Amount                  int64             `json:"amount"`
	AmountCapturable        int64             `json:"amount_capturable"`
	AmountDetails           map[string]any    `json:"amount_details"`
	AmountReceived          int64             `json:"amount_received"`
	Application             *string           `json:"application"`
	ApplicationFeeAmount    *int64            `json:"application_fee_amount"`
	AutomaticPaymentMethods *automaticMethods `json:"automatic_payment_methods"`
	CanceledAt              *int64            `json:"canceled_at"`
	CancellationReason      *string           `json:"cancellation_reason"`
	CaptureMethod           string            `json:"capture_method"`
	ClientSecret            string            `json:"client_secret"`
	ConfirmationMethod      string            `json:"confirmation_method"`
	Created                 int64             `json:"created"`
	Currency                string            `json:"currency"`
	Customer                *string           `json:"customer"`
	Description             *string           `json:"description"`
	Invoice                 *string           `json:"invoice"`
	LastPaymentError        *stripeError      `json:"last_payment_error"`
	LatestCharge            ref               `json:"latest_charge"`
	Livemode                bool              `json:"livemode"`
	Metadata                map[string]string `json:"metadata"`
	NextAction              *nextAction       `json:"next_action"`
	OnBehalfOf              *string           `json:"on_behalf_of"`
	PaymentMethod           ref               `json:"payment_method"`
	PaymentMethodOptions    map[string]any    `json:"payment_method_options"`
	PaymentMethodTypes      []string          `json:"payment_method_types"`
	Processing              *string           `json:"processing"`
	ReceiptEmail            *string           `json:"receipt_email"`
	Review                  *string           `json:"review"`
	SetupFutureUsage        *string           `json:"setup_future_usage"`
	Shipping                *string           `json:"shipping"`
	Source                  *string           `json:"source"`
	StatementDescriptor     *string           `json:"statement_descriptor"`
	StatementSuffix         *string           `json:"statement_descriptor_suffix"`
	Status                  string            `json:"status"`
	TransferData            *string           `json:"transfer_data"`
	TransferGroup           *string           `json:"transfer_group"`
}

type automaticMethods struct {
	AllowRedirects string `json:"allow_redirects"`
	Enabled        bool   `json:"enabled"`
}

type nextAction struct {
	Type          string         `json:"type"`
	RedirectToURL *redirectToURL `json:"redirect_to_url,omitempty"`
}

type redirectToURL struct {
	ReturnURL *string `json:"return_url"`
	URL       string  `json:"url"`
}

type charge struct {
	ID                   string            `json:"id"`
	Object               string            `json:"object"`
	Amount               int64             `json:"amount"`
	AmountCaptured       int64             `json:"amount_captured"`
	AmountRefunded       int64             `json:"amount_refunded"`
	Application          *string           `json:"application"`
	ApplicationFee       *string           `json:"application_fee"`
	ApplicationFeeAmount *int64            `json:"application_fee_amount"`
	BalanceTransaction   *string           `json:"balance_transaction"`
	BillingDetails       billingDetails    `json:"billing_details"`
	StatementDescriptor  *string           `json:"calculated_statement_descriptor"`
	Captured             bool              `json:"captured"`
	Created              int64             `json:"created"`
	Currency             string            `json:"currency"`
	Customer             *string           `json:"customer"`
	Description          *string           `json:"description"`
	Disputed             bool              `json:"disputed"`
	FailureCode          *string           `json:"failure_code"`
	FailureMessage       *string           `json:"failure_message"`
	FraudDetails         map[string]string `json:"fraud_details"`
	Invoice              *string           `json:"invoice"`
	Livemode             bool              `json:"livemode"`
	Metadata             map[string]string `json:"metadata"`
	Outcome              chargeOutcome     `json:"outcome"`
	Paid                 bool              `json:"paid"`
	PaymentIntent        ref               `json:"payment_intent"`
	PaymentMethod        string            `json:"payment_method"`
	PaymentMethodDetails map[string]any    `json:"payment_method_details"`
	ReceiptEmail         *string           `json:"receipt_email"`
	ReceiptNumber        *string           `json:"receipt_number"`
	ReceiptURL           *string           `json:"receipt_url"`
	Refunded             bool              `json:"refunded"`
	Refunds              *listObject       `json:"refunds,omitempty"` // only when expanded, as since API version 2022-11-15
	Status               string            `json:"status"`
}

type chargeOutcome struct {
	NetworkStatus string  `json:"network_status"`
	Reason        *string `json:"reason"`
	RiskLevel     string  `json:"risk_level"`
	RiskScore     int     `json:"risk_score"`
	SellerMessage string  `json:"seller_message"`
	Type          string  `json:"type"`
}

type billingDetails struct {
	Address map[string]*string `json:"address"`
	Email   *string            `json:"email"`
	Name    *string            `json:"name"`
	Phone   *string            `json:"phone"`
}

type refund struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	Amount             int64             `json:"amount"`
	BalanceTransaction *string           `json:"balance_transaction"`
	Charge             ref               `json:"charge"`
	Created            int64             `json:"created"`
	Currency           string            `json:"currency"`
	DestinationDetails map[string]any    `json:"destination_details"`
	FailureReason      *string           `json:"failure_reason,omitempty"`
	Metadata           map[string]string `json:"metadata"`
	PaymentIntent      ref               `json:"payment_intent"`
	Reason             *string           `json:"reason"`
	ReceiptNumber      *string           `json:"receipt_number"`
	Status             string            `json:"status"`
}

type dispute struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	Amount int64  `json:"amount"`
	// BalanceTransactions are what was withdrawn for it, and reinstated.
	BalanceTransactions []disputeMove     `json:"balance_transactions"`
	Charge              ref               `json:"charge"`
	Created             int64             `json:"created"`
	Currency            string            `json:"currency"`
	IsChargeRefundable  bool              `json:"is_charge_refundable"`
	Livemode            bool              `json:"livemode"`
	Metadata            map[string]string `json:"metadata"`
	PaymentIntent       ref               `json:"payment_intent"`
	Reason              string            `json:"reason"`
	Status              string            `json:"status"`
}

// disputeMove is a transaction of the account's balance that a dispute made.
// https://docs.stripe.com/api/balance_transactions/object
type disputeMove struct {
	ID                string `json:"id"`
	Object            string `json:"object"`
	Amount            int64  `json:"amount"`
	Created           int64  `json:"created"`
	Currency          string `json:"currency"`
	Fee               int64  `json:"fee"`
	Net               int64  `json:"net"`
	ReportingCategory string `json:"reporting_category"`
	Source            string `json:"source"`
	Status            string `json:"status"`
	Type              string `json:"type"`
}

// moves notes that a dispute changed the account's balance.
func (d *dispute) moves(amount, at int64) {
	category := "dispute"
	if amount > 0 {
		category = "dispute_reversal"
	}
	d.BalanceTransactions = append(d.BalanceTransactions, disputeMove{
		ID: newStripeID("txn"), Object: "balance_transaction", Amount: amount, Created: at, Currency: d.Currency, Net: amount,
		ReportingCategory: category, Source: d.ID, Status: "available", Type: "adjustment",
	})
}

type listObject struct {
	Object  string `json:"object"`
	Data    []any  `json:"data"`
	HasMore bool   `json:"has_more"`
	URL     string `json:"url"`
}

// optional turns an empty string into null.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
