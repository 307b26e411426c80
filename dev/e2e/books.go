package e2e

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Books are what the vendors say they did.
type Books struct {
	Stripe struct {
		Payments []Payment `json:"payments"`
	} `json:"stripe"`
	Razorpay struct {
		Payments []Payment `json:"payments"`
	} `json:"razorpay"`
	PayPal struct {
		Payments []paypalPayment `json:"payments"`
	} `json:"paypal"`
	SendGrid struct {
		Messages []Mail `json:"messages"`
	} `json:"sendgrid"`
	Twilio struct {
		Messages []SMS `json:"messages"`
	} `json:"twilio"`
	Webhooks struct {
		Delivered int `json:"delivered"`
		Pending   int `json:"pending"`
		Dropped   int `json:"dropped"`
	} `json:"webhooks"`
}

// payments are those of all providers, in one form: Metadata has the booking, and Status is
// requires_capture while money is reserved that we have not let go.
func (b *Books) payments() []Payment {
	all := slices.Clone(b.Stripe.Payments)
	for _, p := range b.Razorpay.Payments {
		// What we released goes back when Razorpay's time for the capture is over.
		if p.Status == "authorized" && p.Metadata["released"] == "" {
			p.Status = "requires_capture"
		}
		all = append(all, p)
	}
	for _, p := range b.PayPal.Payments {
		one := p.Payment
		id, _, _ := strings.Cut(p.CustomID, ".")
		one.Metadata = map[string]string{"booking_id": id}
		if p.Authorized > 0 {
			one.Status = "requires_capture"
		}
		all = append(all, one)
	}
	return all
}

// paypalPayment is an order in PayPal's books.
type paypalPayment struct {
	Payment
	CustomID   string `json:"custom_id"` // <booking>.<attempt>
	Authorized int64  `json:"authorized"`
}

// Payment is one payment in a provider's books. Stripe's currencies are in lower case.
type Payment struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Captured int64  `json:"captured"`
	Refunded int64  `json:"refunded"`
	// ChargedBack is what the customer's bank took back and kept.
	ChargedBack int64             `json:"charged_back"`
	Metadata    map[string]string `json:"metadata"`
}

// Mail is one mail that SendGrid took.
type Mail struct {
	ID         string            `json:"id"`
	To         string            `json:"to"`
	Subject    string            `json:"subject"`
	CustomArgs map[string]string `json:"custom_args"`
	At         time.Time         `json:"at"`
}

// SMS is one message that Twilio took.
type SMS struct {
	SID  string    `json:"sid"`
	To   string    `json:"to"`
	Body string    `json:"body"`
	At   time.Time `json:"at"`
}

// Books reads the vendors' books.
func (s *Sandbox) Books(ctx context.Context) (Books, error) {
	var books Books
	_, err := send(ctx, request{method: http.MethodGet, address: s.address + "/books"}, &books)
	return books, err
}
