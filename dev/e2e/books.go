package e2e

import (
	"context"
	"net/http"
	"time"
)

// Books are what the vendors say they did.
type Books struct {
	Stripe struct {
		Payments []Payment `json:"payments"`
	} `json:"stripe"`
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

// Payment is one payment in Stripe's books. Currencies are in lower case there.
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
