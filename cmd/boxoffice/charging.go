package main

import (
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
)

// charging is what the payment providers of the platform charge. Prices are checked
// against it when they are set, and totals when seats are held.
var charging = payments.JoinCharging(stripe.Limits)
