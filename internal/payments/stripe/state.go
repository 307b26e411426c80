package stripe

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"github.com/boxoffice/boxoffice/booking"
)

// What a payment intent carries of ours.
const (
	metaBooking = "booking_id"
	metaAttempt = "attempt"
)

// latestCharge has to be expanded to know what was given back.
const latestCharge = "latest_charge"

// state reads a payment intent.
func (p *Provider) state(intent *stripe.PaymentIntent) booking.PaymentState {
	// An intent of another program on the same account may carry anything.
	attempt, _ := strconv.Atoi(intent.Metadata[metaAttempt])
	currency := strings.ToUpper(string(intent.Currency))
	ours := func(amount int64) int64 { return fromStripe(amount, currency) }
	s := booking.PaymentState{
		Provider:     Name,
		Reference:    intent.ID,
		BookingID:    intent.Metadata[metaBooking],
		Attempt:      attempt,
		Status:       booking.PaymentOpen,
		Amount:       ours(intent.Amount),
		Authorized:   ours(intent.AmountCapturable),
		Captured:     ours(intent.AmountReceived),
		Refunded:     ours(refunded(intent)),
		Currency:     currency,
		ClientSecret: intent.ClientSecret,

		RefundsFailed: ours(failedRefunds(intent)),
		Card:          p.card(fingerprint(intent)),
	}
	s.CheckoutURL = p.checkoutURL(s)
	switch intent.Status {
	case stripe.PaymentIntentStatusRequiresPaymentMethod:
		if intent.LastPaymentError != nil {
			s.Status, s.Failure = booking.PaymentFailed, intent.LastPaymentError.Msg
			s.Try = lastTry(intent)
		}
	case stripe.PaymentIntentStatusRequiresCapture:
		s.Status = booking.PaymentAuthorized
	case stripe.PaymentIntentStatusSucceeded:
		s.Status = booking.PaymentCaptured
		if s.Captured > 0 && s.Refunded >= s.Captured {
			s.Status = booking.PaymentRefunded
		}
	case stripe.PaymentIntentStatusCanceled:
		s.Status = booking.PaymentVoided
	}
	return s
}

// fingerprint is the same for every payment with one card (Stripe: payment_method_details.
// card.fingerprint of a charge); empty when no card was charged.
func fingerprint(intent *stripe.PaymentIntent) string {
	charge := intent.LatestCharge
	if charge == nil || charge.PaymentMethodDetails == nil || charge.PaymentMethodDetails.Card == nil {
		return ""
	}
	return charge.PaymentMethodDetails.Card.Fingerprint
}

// refunded is what was given back of the money taken. Stripe's amount_refunded
// also counts a released authorization and what a partial capture left.
func refunded(intent *stripe.PaymentIntent) int64 {
	charge := intent.LatestCharge
	if charge == nil {
		return 0
	}
	return max(0, charge.AmountRefunded-(charge.Amount-charge.AmountCaptured))
}

// lastTry is the charge of the customer's last try to pay: every try makes one.
func lastTry(intent *stripe.PaymentIntent) string {
	if intent.LastPaymentError.ChargeID != "" {
		return intent.LastPaymentError.ChargeID
	}
	if intent.LatestCharge != nil {
		return intent.LatestCharge.ID
	}
	return ""
}

func (p *Provider) checkoutURL(s booking.PaymentState) string {
	return strings.NewReplacer(
		"{payment_intent}", url.PathEscape(s.Reference),
		"{booking}", url.PathEscape(s.BookingID),
		"{client_secret}", url.QueryEscape(s.ClientSecret),
	).Replace(p.checkout)
}
