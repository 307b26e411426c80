package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// What happens when a test card is charged. https://docs.stripe.com/testing
const (
	resultApprove   = "approve"
	resultDecline   = "decline"
	resultChallenge = "challenge" // the bank wants 3-D Secure
)

type outcome struct {
	Result      string
	Code        string
	DeclineCode string
	Message     string
	Param       string
}

type testCard struct {
	Number  string
	Brand   string
	Label   string // what the checkout page says it does
	Tokens  []string
	Outcome outcome
}

// Display groups the number as it is printed on a card.
func (c testCard) Display() string { return groupDigits(c.Number) }

func declined(code, declineCode, message, param string) outcome {
	return outcome{Result: resultDecline, Code: code, DeclineCode: declineCode, Message: message, Param: param}
}

var testCards = []testCard{
	{"4242424242424242", "visa", "Visa: the payment succeeds", []string{"pm_card_visa", "tok_visa"}, outcome{Result: resultApprove}},
	{"5555555555554444", "mastercard", "Mastercard: the payment succeeds", []string{"pm_card_mastercard", "tok_mastercard"}, outcome{Result: resultApprove}},
	{"4000000000000002", "visa", "Declined by the bank",
		[]string{"pm_card_chargeDeclined", "pm_card_visa_chargeDeclined", "tok_chargeDeclined"},
		declined("card_declined", "generic_decline", "Your card was declined.", "")},
	{"4000000000009995", "visa", "Declined: insufficient funds",
		[]string{"pm_card_chargeDeclinedInsufficientFunds", "pm_card_visa_chargeDeclinedInsufficientFunds", "tok_chargeDeclinedInsufficientFunds"},
		declined("card_declined", "insufficient_funds", "Your card has insufficient funds.", "")},
	{"4000000000000069", "visa", "Declined: expired card",
		[]string{"pm_card_chargeDeclinedExpiredCard", "tok_chargeDeclinedExpiredCard"},
		declined("expired_card", "expired_card", "Your card has expired.", "exp_month")},
	{"4000000000000127", "visa", "Declined: wrong security code",
		[]string{"pm_card_chargeDeclinedIncorrectCvc", "tok_chargeDeclinedIncorrectCvc"},
		declined("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "cvc")},
	{"4000002760003184", "visa", "3-D Secure on every payment",
		[]string{"pm_card_authenticationRequired"}, outcome{Result: resultChallenge}},
	{"4000000000003220", "visa", "3-D Secure 2 required",
		[]string{"pm_card_threeDSecure2Required", "tok_threeDSecure2Required"}, outcome{Result: resultChallenge}},
	{"4000000000003063", "visa", "3-D Secure required",
		[]string{"pm_card_threeDSecureRequired", "tok_threeDSecureRequired"}, outcome{Result: resultChallenge}},
}

func cardByNumber(number string) (testCard, bool) {
	for _, card := range testCards {
		if card.Number == number {
			return card, true
		}
	}
	return testCard{}, false
}

func cardByToken(token string) (testCard, bool) {
	for _, card := range testCards {
		if slices.Contains(card.Tokens, token) {
			return card, true
		}
	}
	return testCard{}, false
}

type paymentMethod struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	BillingDetails billingDetails    `json:"billing_details"`
	Card           cardDetails       `json:"card"`
	Created        int64             `json:"created"`
	Customer       *string           `json:"customer"`
	Livemode       bool              `json:"livemode"`
	Metadata       map[string]string `json:"metadata"`
	Type           string            `json:"type"`
}

type cardDetails struct {
	Brand       string             `json:"brand"`
	Checks      map[string]*string `json:"checks"`
	Country     string             `json:"country"`
	ExpMonth    int64              `json:"exp_month"`
	ExpYear     int64              `json:"exp_year"`
	Fingerprint string             `json:"fingerprint"`
	Funding     string             `json:"funding"`
	Last4       string             `json:"last4"`
	Networks    map[string]any     `json:"networks"`
	Wallet      *string            `json:"wallet"`
}

// storedMethod is a payment method with what charging it will do. Only the
// outcome is kept, never a number.
type storedMethod struct {
	Method  paymentMethod
	Outcome outcome
}

// cardInput is what a form or a request says about a card.
type cardInput struct {
	Number            string
	ExpMonth, ExpYear int64
	CVC, Name, Email  string
}

// cardErrorAt refuses card details before any charge is tried.
func cardErrorAt(code, param, message string) *stripeError {
	e := cardError(outcome{Code: code, Param: param, Message: message})
	e.Status = http.StatusPaymentRequired
	e.executed = false
	return e
}

// newMethodFromCard checks the details as Stripe does when it makes a payment
// method of them.
func newMethodFromCard(in cardInput, now time.Time) (*storedMethod, *stripeError) {
	number := onlyDigits(in.Number)
	year := in.ExpYear
	if year < 100 {
		year += 2000
	}
	switch {
	case !luhn(number):
		return nil, cardErrorAt("incorrect_number", "number", "Your card number is incorrect.")
	case in.ExpMonth < 1 || in.ExpMonth > 12:
		return nil, cardErrorAt("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
	case year < int64(now.Year()) || year > int64(now.Year())+50:
		return nil, cardErrorAt("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.")
	case year == int64(now.Year()) && in.ExpMonth < int64(now.Month()):
		return nil, cardErrorAt("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
	case in.CVC != "" && (len(onlyDigits(in.CVC)) != len(in.CVC) || len(in.CVC) < 3 || len(in.CVC) > 4):
		return nil, cardErrorAt("invalid_cvc", "cvc", "Your card's security code is invalid.")
	}
	card, known := cardByNumber(number)
	if !known {
		// Test mode takes no real cards.
		card = testCard{Number: number, Brand: "unknown", Outcome: declined("card_declined", "test_mode_live_card",
			"Your card was declined. Your request was in test mode, but used a non test card.", "")}
	}
	method := newMethod(card, now)
	method.Method.Card.ExpMonth, method.Method.Card.ExpYear = in.ExpMonth, year
	method.Method.BillingDetails.Name = optional(in.Name)
	method.Method.BillingDetails.Email = optional(in.Email)
	return method, nil
}

// newMethod makes a payment method of a test card.
func newMethod(card testCard, now time.Time) *storedMethod {
	pass := "pass"
	return &storedMethod{
		Outcome: card.Outcome,
		Method: paymentMethod{
			ID: newStripeID("pm"), Object: "payment_method", Type: "card",
			Created: now.Unix(), Metadata: map[string]string{},
			BillingDetails: billingDetails{Address: emptyAddress()},
			Card: cardDetails{
				Brand: card.Brand, Country: "US", Funding: "credit",
				Checks:   map[string]*string{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": &pass},
				ExpMonth: 12, ExpYear: int64(now.Year()) + 3,
				Fingerprint: "sandbox" + card.Number[len(card.Number)-4:],
				Last4:       card.Number[len(card.Number)-4:],
				Networks:    map[string]any{"available": []string{card.Brand}, "preferred": nil},
			},
		},
	}
}

func emptyAddress() map[string]*string {
	return map[string]*string{"city": nil, "country": nil, "line1": nil, "line2": nil, "postal_code": nil, "state": nil}
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// luhn is the check digit of ISO/IEC 7812-1.
func luhn(number string) bool {
	if len(number) < 12 || len(number) > 19 {
		return false
	}
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func groupDigits(number string) string {
	var b strings.Builder
	for i, r := range number {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
