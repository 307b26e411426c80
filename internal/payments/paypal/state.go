package paypal

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

// An order's custom_id is "<booking>.<attempt>", with declinedMark and a time after a decline
// that nothing else in the order shows, and with releasedMark when it was voided before it
// was authorized. It comes back in events and in PayPal's reports.
const (
	declinedMark = ".declined-"
	releasedMark = ".released"
)

func customID(bookingID string, attempt int) string { return bookingID + "." + strconv.Itoa(attempt) }

func readCustomID(text string) (bookingID string, attempt int, released bool) {
	text, released = strings.CutSuffix(text, releasedMark)
	text, _, _ = strings.Cut(text, declinedMark)
	id, number, _ := strings.Cut(text, ".")
	parsed, err := uuid.Parse(id)
	if err != nil {
		return "", 0, false // of another system on the same account
	}
	attempt, _ = strconv.Atoi(number)
	return parsed.String(), attempt, released
}

// state folds an order with all that belongs to it, as it was at a time by PayPal's clock,
// into one state.
func (p *Provider) state(o *order, at time.Time) (booking.PaymentState, error) {
	s := booking.PaymentState{Provider: Name, Reference: o.ID, Status: booking.PaymentOpen}
	if len(o.Units) == 0 {
		return s, errUnreadable
	}
	u := o.Units[0]
	sums, err := sum(u)
	if err != nil {
		return s, err
	}
	var released bool
	s.BookingID, s.Attempt, released = readCustomID(u.CustomID)
	s.Currency, s.Amount = u.Amount.Currency, sums.amount
	s.Captured, s.Refunded, s.RefundsPending, s.RefundsFailed = sums.captured, sums.refunded, sums.refundsPending, sums.refundsFailed
	s.Fee, s.Mismatch = sums.fee, sums.mismatch(u)
	s.CheckoutURL = o.Links.to("payer-action", "approve")
	settle(&s, o, u, released)
	if s.Status == booking.PaymentApproved {
		s.Try = o.approvalTry(at)
	}
	if live := u.live(); live != nil {
		reserved, err := live.Amount.minor()
		if err != nil {
			return s, err
		}
		s.Authorized = max(0, reserved-sums.captured)
	}
	return s, nil
}

// settle finds the status: money before promises, promises before words.
func settle(s *booking.PaymentState, o *order, u unit, released bool) {
	denied := u.denied()
	switch {
	case s.Captured > 0 && s.Refunded >= s.Captured:
		s.Status = booking.PaymentRefunded
	case s.Captured > 0:
		s.Status = booking.PaymentCaptured
	case u.captureIs(statusPending):
		s.Status = booking.PaymentInDoubt
	case u.live() != nil:
		s.Status = booking.PaymentAuthorized
	case u.authorizationIs(statusPending):
		s.Status = booking.PaymentInDoubt
	case denied != "":
		s.Status, s.Failure, s.Try = booking.PaymentFailed, declinedText, denied
	case len(u.Payments.Authorizations) > 0, released, o.Status == statusVoided:
		s.Status = booking.PaymentVoided
	case o.Status == statusApproved:
		s.Status = booking.PaymentApproved
	case o.Status == statusCompleted: // and nothing of it is shown yet
		s.Status = booking.PaymentInDoubt
	}
}

const declinedText = "PayPal declined the payment. Please choose another way to pay."

// live is the authorization to capture: the newest that was not voided or denied, if it can
// be captured. A renewed one is of the same money as the first, which stays as it was.
func (u unit) live() *authorization {
	newest := u.newest(func(a authorization) bool { return a.Status != statusVoided && a.Status != statusDenied })
	if newest == nil || !newest.isLive() {
		return nil
	}
	return newest
}

func (u unit) newest(fits func(authorization) bool) *authorization {
	var newest *authorization
	for i, one := range u.Payments.Authorizations {
		if fits(one) && (newest == nil || !one.Created.Before(newest.Created)) {
			newest = &u.Payments.Authorizations[i]
		}
	}
	return newest
}

func (u unit) authorizationIs(status string) bool {
	return u.newest(func(a authorization) bool { return a.Status == status }) != nil
}

func (u unit) captureIs(status string) bool {
	for _, one := range u.Payments.Captures {
		if one.Status == status {
			return true
		}
	}
	return false
}

// denied is the id of what PayPal declined last.
func (u unit) denied() (id string) {
	for _, one := range u.Payments.Authorizations {
		if one.Status == statusDenied {
			id = one.ID
		}
	}
	for _, one := range u.Payments.Captures {
		if one.Status == statusDeclined || one.Status == statusFailed {
			id = one.ID
		}
	}
	return id
}

// totals are an order's money, in minor units.
type totals struct {
	amount, captured, fee                   int64
	refunded, refundsPending, refundsFailed int64
}

func sum(u unit) (t totals, err error) {
	if t.amount, err = u.Amount.minor(); err != nil {
		return t, err
	}
	for _, one := range u.Payments.Captures {
		amount, err := one.Amount.minor()
		if err != nil {
			return t, err
		}
		if !one.isMoney() {
			continue
		}
		t.captured += amount
		if one.Breakdown.Fee != nil {
			fee, err := one.Breakdown.Fee.minor()
			if err != nil {
				return t, err
			}
			t.fee += fee
		}
	}
	for _, one := range u.Payments.Refunds {
		amount, err := one.Amount.minor()
		switch {
		case err != nil:
			return t, err
		case !one.counts():
			t.refundsFailed += amount
			continue
		case one.Status == statusPending:
			t.refundsPending += amount
		}
		t.refunded += amount
	}
	return t, nil
}

// mismatch is what staff must know of money that does not fit the order.
func (t totals) mismatch(u unit) string {
	if t.captured > t.amount {
		return fmt.Sprintf("PayPal took %s for an order of %s.",
			booking.Money{Amount: t.captured, Currency: u.Amount.Currency}, booking.Money{Amount: t.amount, Currency: u.Amount.Currency})
	}
	for _, one := range u.Payments.Captures {
		if one.Amount.Currency != u.Amount.Currency {
			return fmt.Sprintf("PayPal took %s for an order in %s.", one.Amount.Currency, u.Amount.Currency)
		}
	}
	return ""
}

// AuthorizedFor is how long PayPal stands by an authorization.
// https://developer.paypal.com/docs/checkout/advanced/authorization-honor/
const AuthorizedFor = 3 * 24 * time.Hour

// isOld tells whether an authorization's money may be gone, and it can be renewed: once,
// until the 29th day.
func (u unit) isOld(one *authorization, now time.Time) bool {
	renewed := len(u.Payments.Authorizations) > 1
	return !renewed && one.Status == statusCreated && now.Sub(one.Created) > AuthorizedFor && now.Before(one.Created.Add(29*24*time.Hour))
}
