package main

import (
	"cmp"
	"context"
	"os"

	"github.com/boxoffice/boxoffice/cmd/boxoffice/book"
)

type bookCommand struct {
	API      string `help:"The API's address. PUBLIC_URL when left out, else http://127.0.0.1:8080."`
	City     string `help:"The city to go out in, by its slug."`
	Card     string `default:"pm_card_visa" help:"A test card of the sandbox's Stripe."`
	Provider string `help:"Whom to pay with: stripe, razorpay or paypal. The theater's preferred one when left out."`
}

// Run takes the tour.
func (c *bookCommand) Run(ctx context.Context) error {
	address := cmp.Or(c.API, os.Getenv("PUBLIC_URL"), "http://127.0.0.1:8080")
	return book.Run(ctx, book.Options{API: address, City: c.City, Card: c.Card, Provider: c.Provider, Out: os.Stdout})
}
