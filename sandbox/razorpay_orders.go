package sandbox

import (
	"errors"
	"slices"
	"time"
)

// razorpayOrderRequest is the body of POST /orders.
// https://razorpay.com/docs/api/orders/create
type razorpayOrderRequest struct {
	Amount         *int64                `json:"amount"`
	Currency       string                `json:"currency"`
	Receipt        string                `json:"receipt"`
	Notes          razorpayNotes         `json:"notes"`
	PartialPayment bool                  `json:"partial_payment"`
	UniqueReceipt  bool                  `json:"unique_receipt"`
	PaymentCapture *int                  `json:"payment_capture"` // of older accounts: 0 or 1
	Payment        *razorpayOrderCapture `json:"payment"`
}

type razorpayOrderCapture struct {
	Capture string                 `json:"capture"`
	Options razorpayCaptureOptions `json:"capture_options"`
}

type razorpayCaptureOptions struct {
	AutomaticExpiry *int   `json:"automatic_expiry_period"`
	ManualExpiry    *int   `json:"manual_expiry_period"`
	RefundSpeed     string `json:"refund_speed"`
}

// The periods are minutes.
const (
	razorpayLeastPeriod = 12
	razorpayMostPeriod  = 7200
)

func runRazorpayCreateOrder(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	var in razorpayOrderRequest
	if refusal := c.decode(&in); refusal != nil {
		return nil, refusal
	}
	if refusal := in.check(); refusal != nil {
		return nil, refusal
	}
	if in.UniqueReceipt && in.Receipt != "" {
		if same := t.lookup("razorpay_receipt", in.Receipt); len(same) > 0 {
			return razorpayOrderView(t, same[0])
		}
	}
	o := &storedRazorpayOrder{
		Order: razorpayOrder{
			ID: newRazorpayID("order"), Entity: "order", Amount: *in.Amount, AmountDue: *in.Amount, Currency: in.Currency,
			Receipt: optional(in.Receipt), Status: razorpayCreated, Notes: in.Notes, CreatedAt: c.now.Unix(),
		},
		Lapses: razorpayMostPeriod * time.Minute, Secret: c.secret,
	}
	if in.Payment != nil {
		o.Automatic = in.Payment.Capture == "automatic"
		if minutes := in.Payment.Options.ManualExpiry; minutes != nil {
			o.Lapses = time.Duration(*minutes) * time.Minute
		}
	} else {
		o.Automatic = in.PaymentCapture == nil || *in.PaymentCapture == 1 // the dashboard's usual setting
	}
	var indexed error
	if in.Receipt != "" {
		indexed = t.addIndex(o.Order.ID, "razorpay_receipt", in.Receipt)
	}
	return &o.Order, errors.Join(indexed, o.save(t))
}

func (in *razorpayOrderRequest) check() *razorpayError {
	if refusal := razorpayAmount(in.Amount, in.Currency); refusal != nil {
		return refusal
	}
	if len(in.Receipt) > 40 {
		return razorpayRefusal("receipt", "The receipt may not be greater than 40 characters.")
	}
	if refusal := in.Notes.check(); refusal != nil {
		return refusal
	}
	if in.Payment == nil {
		return nil
	}
	options := in.Payment.Options
	if in.Payment.Capture != "automatic" && in.Payment.Capture != "manual" {
		return razorpayRefusal("payment.capture", "The selected capture is invalid.")
	}
	least := razorpayLeastPeriod
	for name, minutes := range map[string]*int{"automatic_expiry_period": options.AutomaticExpiry, "manual_expiry_period": options.ManualExpiry} {
		if minutes != nil && (*minutes < least || *minutes > razorpayMostPeriod) {
			return razorpayRefusal(name, "The "+name+" must be between 12 and 7200.")
		}
	}
	if options.AutomaticExpiry != nil && options.ManualExpiry != nil && *options.ManualExpiry < *options.AutomaticExpiry {
		return razorpayRefusal("manual_expiry_period", "The manual expiry period should be greater than the automatic expiry period.")
	}
	return nil
}

// razorpayAmount checks what Razorpay would.
func razorpayAmount(amount *int64, currency string) *razorpayError {
	switch {
	case currency == "":
		return razorpayRefusal("currency", "The currency field is required.")
	case !slices.Contains(razorpayCurrencies, currency):
		return razorpayRefusal("currency", "Currency is not supported")
	case amount == nil:
		return razorpayRefusal("amount", "The amount field is required.")
	case *amount < 1, currency == "INR" && *amount < 100:
		return razorpayRefusal("amount", "Order amount less than minimum amount allowed")
	case *amount > razorpayMost:
		return razorpayRefusal("amount", "Amount exceeds maximum amount allowed.")
	case slices.Contains(razorpayThreeDecimals, currency) && *amount%10 != 0:
		return razorpayRefusal("amount", "The last digit of the amount must be 0 in "+currency+".")
	}
	return nil
}

func (o *storedRazorpayOrder) save(t *tx) error { return t.put(bucketRazorpayOrders, o.Order.ID, o) }

func razorpayOrderView(t *tx, id string) (*razorpayOrder, error) {
	o, err := razorpayFind[storedRazorpayOrder](t, bucketRazorpayOrders, "order", id)
	if err != nil {
		return nil, err
	}
	return &o.Order, nil
}

func runRazorpayOrder(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	return razorpayOrderView(t, c.id)
}

// runRazorpayUpdateOrder changes the notes; Razorpay takes nothing else.
func runRazorpayUpdateOrder(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	var in struct {
		Notes razorpayNotes `json:"notes"`
	}
	if refusal := c.decode(&in); refusal != nil {
		return nil, refusal
	}
	if refusal := in.Notes.check(); refusal != nil {
		return nil, refusal
	}
	o, err := razorpayFind[storedRazorpayOrder](t, bucketRazorpayOrders, "order", c.id)
	if err != nil {
		return nil, err
	}
	o.Order.Notes = in.Notes
	return &o.Order, o.save(t)
}

func runRazorpayListOrders(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	if receipt := c.query.Get("receipt"); receipt != "" {
		found := []*razorpayOrder{}
		for _, id := range slices.Backward(t.lookup("razorpay_receipt", receipt)) {
			o, err := razorpayOrderView(t, id)
			if err != nil {
				return nil, err
			}
			found = append(found, o)
		}
		return razorpayList(found), nil
	}
	list, err := razorpayPage(t, c, bucketRazorpayOrders, func(o *storedRazorpayOrder) (int64, bool) {
		return o.Order.CreatedAt, true
	})
	if err != nil {
		return nil, err
	}
	for i, item := range list.Items {
		list.Items[i] = &item.(*storedRazorpayOrder).Order
	}
	return list, nil
}

// razorpayPaymentsOf are an order's payments, oldest first.
func razorpayPaymentsOf(t *tx, order string) ([]*razorpayPayment, error) {
	var out []*razorpayPayment
	for _, id := range t.lookup("razorpay_payment", order) {
		p, err := get[razorpayPayment](t, bucketRazorpayPayments, id)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func runRazorpayOrderPayments(_ *razorpayAPI, t *tx, c *razorpayCall) (any, error) {
	if _, err := razorpayOrderView(t, c.id); err != nil {
		return nil, err
	}
	payments, err := razorpayPaymentsOf(t, c.id)
	slices.Reverse(payments)
	return razorpayList(payments), err
}
