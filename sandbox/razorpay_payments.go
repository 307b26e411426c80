package sandbox

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
)

// What Razorpay keeps of a payment: 2 % and the tax of 18 % on that.
const (
	razorpayFeePart = 50
	razorpayTaxRate = 18
)

// razorpayMeans is what a customer pays with.
type razorpayMeans struct {
	method string // card or upi
	vpa    string
	card   string
	why    *razorpayDecline // nil: it works
}

// razorpayDecline is why a try failed. https://razorpay.com/docs/errors
type razorpayDecline struct{ Description, Source, Step, Reason string }

var (
	razorpayNoFunds = &razorpayDecline{
		"Your payment could not be completed due to insufficient account balance. Try again with another card or payment method.",
		"customer", "payment_authorization", "insufficient_funds",
	}
	razorpayCardRefused = &razorpayDecline{
		"Your payment didn't go through as it was declined by the bank. Try another payment method or contact your bank.",
		"bank", "payment_authorization", "payment_failed",
	}
	razorpayWrongOTP = &razorpayDecline{
		"Your payment could not be completed as you entered an incorrect OTP. Try again.",
		"customer", "payment_authentication", "incorrect_otp",
	}
	razorpayUPIFailed = &razorpayDecline{
		"Payment was unsuccessful due to a temporary issue. If amount got deducted, it will be refunded within 5-7 working days.",
		"gateway", "payment_authorization", "payment_failed",
	}
)

// razorpayCard is a test card. https://razorpay.com/docs/payments/payments/test-card-details
type razorpayCard struct {
	Number, Label string
	why           *razorpayDecline
}

var razorpayCards = []razorpayCard{
	{"4100280000001007", "Visa, succeeds", nil},
	{"5500670000001002", "Mastercard, succeeds", nil},
	{"6527658900001005", "RuPay, succeeds", nil},
	{"4100280000080001", "Visa, insufficient funds", razorpayNoFunds},
}

// Display groups a number's digits.
func (c razorpayCard) Display() string {
	n := c.Number
	return strings.Join([]string{n[:4], n[4:8], n[8:12], n[12:]}, " ")
}

// razorpayCardMeans finds a card by its number; others are declined, as Razorpay's test mode does.
func razorpayCardMeans(number string) razorpayMeans {
	number = strings.ReplaceAll(number, " ", "")
	m := razorpayMeans{method: "card", card: number, why: razorpayCardRefused}
	for _, card := range razorpayCards {
		if card.Number == number {
			m.why = card.why
		}
	}
	return m
}

// razorpayUPIMeans is an address of UPI.
// https://razorpay.com/docs/payments/payments/test-upi-details
func razorpayUPIMeans(vpa string) razorpayMeans {
	m := razorpayMeans{method: "upi", vpa: vpa, why: razorpayUPIFailed}
	if vpa == "success@razorpay" {
		m.why = nil
	}
	return m
}

func runRazorpayPayment(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	return razorpayFind[razorpayPayment](t, bucketRazorpayPayments, "pay", c.id)
}

func runRazorpayListPayments(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	return razorpayPage(t, c, bucketRazorpayPayments, func(p *razorpayPayment) (int64, bool) { return p.CreatedAt, true })
}

// runRazorpayCapture takes an authorized payment: exactly the order's amount, and once.
// https://razorpay.com/docs/api/payments/capture
func runRazorpayCapture(a *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	var in struct {
		Amount   *int64 `json:"amount"`
		Currency string `json:"currency"`
	}
	if refusal := c.decode(&in); refusal != nil {
		return nil, refusal
	}
	p, err := razorpayFind[razorpayPayment](t, bucketRazorpayPayments, "pay", c.id)
	switch {
	case err != nil:
		return nil, err
	case in.Amount == nil:
		return nil, razorpayRefusal("amount", "The amount field is required.")
	case p.Captured:
		return nil, razorpayRefusal("", "This payment has already been captured")
	case p.Status != razorpayAuthorized:
		return nil, razorpayRefusal("", "Only payments which have been authorized and not yet captured can be captured")
	case *in.Amount != p.Amount:
		return nil, razorpayRefusal("amount", "Capture amount must be equal to the amount authorized")
	case cmp.Or(in.Currency, "INR") != p.Currency:
		return nil, razorpayRefusal("currency", "Capture currency must be equal to the currency of the payment")
	}
	return p, a.capture(t, c.now, p)
}

// begin writes a customer's try down. Nothing is decided yet: status created.
func (a *razorpayAPI) begin(t *tx, now time.Time, o *storedRazorpayOrder, m razorpayMeans, notes razorpayNotes) (*razorpayPayment, error) {
	p := &razorpayPayment{
		ID: newRazorpayID("pay"), Entity: "payment", Amount: o.Order.Amount, Currency: o.Order.Currency, Status: razorpayCreated,
		OrderID: &o.Order.ID, Method: m.method, VPA: optional(m.vpa), Notes: notes, AcquirerData: map[string]string{},
		Email: optional("customer@example.com"), Contact: optional("+919000090000"), CreatedAt: now.Unix(),
	}
	if m.method == "card" {
		p.CardID = optional(newRazorpayID("card"))
	}
	o.Order.Attempts++
	if o.Order.Status == razorpayCreated {
		o.Order.Status = razorpayAttempted
	}
	return p, errors.Join(o.save(t), p.save(t), t.addIndex(p.ID, "razorpay_payment", o.Order.ID))
}

func (p *razorpayPayment) save(t *tx) error { return t.put(bucketRazorpayPayments, p.ID, p) }

// takes tells whether an order takes another try: not while one is authorized, nor when it is
// paid. https://razorpay.com/docs/payments/orders
func (o *storedRazorpayOrder) takes(t *tx) (bool, error) {
	payments, err := razorpayPaymentsOf(t, o.Order.ID)
	held := slices.ContainsFunc(payments, func(p *razorpayPayment) bool { return p.Status == razorpayAuthorized })
	return !held && o.Order.Status != razorpayPaid, err
}

// decide ends a try that has begun.
func (a *razorpayAPI) decide(t *tx, now time.Time, p *razorpayPayment, why *razorpayDecline) error {
	if why == nil {
		return a.authorize(t, now, p, false)
	}
	p.Status = razorpayFailed
	p.ErrorCode, p.ErrorDescription = optional("BAD_REQUEST_ERROR"), &why.Description
	p.ErrorSource, p.ErrorStep, p.ErrorReason = &why.Source, &why.Step, &why.Reason
	return errors.Join(p.save(t), a.tell(t, now, "payment.failed", p, nil))
}

// authorize takes the money from the customer. It may also come late, on a payment that had
// failed. Razorpay gives back at once what comes for an order that is paid, and what comes
// after the time for its capture.
// https://razorpay.com/docs/payments/payments/late-authorisation
func (a *razorpayAPI) authorize(t *tx, now time.Time, p *razorpayPayment, tooLate bool) error {
	o, err := get[storedRazorpayOrder](t, bucketRazorpayOrders, p.order())
	if err != nil {
		return err
	}
	p.Status = razorpayAuthorized
	p.ErrorCode, p.ErrorDescription, p.ErrorSource, p.ErrorStep, p.ErrorReason = nil, nil, nil, nil, nil
	p.AcquirerData = map[string]string{"auth_code": "100000"}
	if p.Method == "upi" {
		p.AcquirerData = map[string]string{"rrn": "000100000000"}
	}
	if err := errors.Join(p.save(t), a.tell(t, now, "payment.authorized", p, nil)); err != nil {
		return err
	}
	switch {
	case tooLate, o != nil && o.Order.Status == razorpayPaid:
		return a.giveBack(t, now, p)
	case o != nil && o.Automatic:
		return a.capture(t, now, p)
	case o != nil:
		return t.put(bucketRazorpayDue, p.ID, now.Add(o.Lapses))
	}
	return t.put(bucketRazorpayDue, p.ID, now.Add(razorpayMostPeriod*time.Minute))
}

// capture makes the money ours. Another payment that waits for the same order goes back.
func (a *razorpayAPI) capture(t *tx, now time.Time, p *razorpayPayment) error {
	fee := p.Amount / razorpayFeePart
	tax := fee * razorpayTaxRate / 100
	total := fee + tax
	p.Status, p.Captured, p.Fee, p.Tax = razorpayCaptured, true, &total, &tax
	err := errors.Join(p.save(t), t.delete(bucketRazorpayDue, p.ID), a.tell(t, now, "payment.captured", p, nil))
	o, found := get[storedRazorpayOrder](t, bucketRazorpayOrders, p.order())
	if err = errors.Join(err, found); err != nil || o == nil {
		return err
	}
	o.Order.Status, o.Order.AmountPaid, o.Order.AmountDue = razorpayPaid, o.Order.Amount, 0
	err = errors.Join(o.save(t), a.tell(t, now, "order.paid", p, map[string]any{"order": &o.Order}))
	others, found := razorpayPaymentsOf(t, o.Order.ID)
	err = errors.Join(err, found)
	for _, other := range others {
		if other.Status == razorpayAuthorized && other.ID != p.ID {
			err = errors.Join(err, a.giveBack(t, now, other))
		}
	}
	return err
}

// giveBack is what Razorpay does by itself with a payment that is not captured in time: a
// refund appears, and nothing was ever captured.
// https://razorpay.com/docs/payments/refunds/auto-refunds
func (a *razorpayAPI) giveBack(t *tx, now time.Time, p *razorpayPayment) error {
	re := newRazorpayRefund(p, p.Amount, now)
	re.Status = razorpayProcessed
	p.refund(p.Amount)
	return errors.Join(p.save(t), re.save(t), t.delete(bucketRazorpayDue, p.ID),
		a.tell(t, now, "refund.created", p, map[string]any{"refund": re}),
		a.tell(t, now, "refund.processed", p, map[string]any{"refund": re}))
}

// clock does what is due: authorizations lapse, refunds are processed.
func (a *razorpayAPI) clock(now time.Time) error {
	var due []string
	err := a.store.view(func(t *tx) error {
		return each(t, bucketRazorpayDue, func(id string, at *time.Time) (bool, error) {
			if !at.After(now) {
				due = append(due, id)
			}
			return true, nil
		})
	})
	if err != nil || len(due) == 0 {
		return err
	}
	return a.store.update(func(t *tx) error {
		for _, id := range due {
			if err := a.happen(t, now, id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *razorpayAPI) happen(t *tx, now time.Time, id string) error {
	if err := t.delete(bucketRazorpayDue, id); err != nil {
		return err
	}
	if strings.HasPrefix(id, "rfnd_") {
		re, err := get[razorpayRefundObject](t, bucketRazorpayRefunds, id)
		if err != nil || re == nil || re.Status != razorpayPending {
			return err
		}
		return a.processRefund(t, now, re)
	}
	p, err := get[razorpayPayment](t, bucketRazorpayPayments, id)
	if err != nil || p == nil || p.Status != razorpayAuthorized {
		return err
	}
	return a.giveBack(t, now, p)
}
