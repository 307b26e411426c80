package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

var (
	bucketRazorpayOrders   = []byte("razorpay_orders")
	bucketRazorpayPayments = []byte("razorpay_payments")
	bucketRazorpayRefunds  = []byte("razorpay_refunds")
	bucketRazorpayDisputes = []byte("razorpay_disputes")
	bucketRazorpayKeys     = []byte("razorpay_refund_keys")
	// bucketRazorpayDue has what the clock will do: the object's id and when.
	bucketRazorpayDue = []byte("razorpay_due")
)

// Statuses. https://razorpay.com/docs/api/orders, /payments, /refunds, /disputes
const (
	razorpayCreated    = "created"
	razorpayAttempted  = "attempted"
	razorpayPaid       = "paid"
	razorpayAuthorized = "authorized"
	razorpayCaptured   = "captured"
	razorpayRefunded   = "refunded"
	razorpayFailed     = "failed"
	razorpayPending    = "pending"
	razorpayProcessed  = "processed"
)

// razorpayNotes are pairs of the merchant's. Razorpay writes empty ones as an array.
type razorpayNotes map[string]string

// MarshalJSON implements json.Marshaler.
func (n razorpayNotes) MarshalJSON() ([]byte, error) {
	if len(n) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal(map[string]string(n))
}

// UnmarshalJSON implements json.Unmarshaler; values may also be numbers.
func (n *razorpayNotes) UnmarshalJSON(raw []byte) error {
	if text := string(bytes.TrimSpace(raw)); text == "[]" || text == "null" {
		*n = nil
		return nil
	}
	var pairs map[string]any
	if err := json.Unmarshal(raw, &pairs); err != nil {
		return fmt.Errorf("notes: %w", err)
	}
	*n = razorpayNotes{}
	for name, value := range pairs {
		switch value := value.(type) {
		case string:
			(*n)[name] = value
		case float64:
			(*n)[name] = strconv.FormatFloat(value, 'f', -1, 64)
		default:
			(*n)[name] = fmt.Sprint(value)
		}
	}
	return nil
}

func (n razorpayNotes) check() *razorpayError {
	if len(n) > 15 {
		return razorpayRefusal("notes", "Number of fields in notes should be less than or equal to 15")
	}
	for name, value := range n {
		if len(name) > 256 || len(value) > 256 {
			return razorpayRefusal("notes", "The notes field may not be greater than 256 characters.")
		}
	}
	return nil
}

// razorpayOrder is what customers pay.
type razorpayOrder struct {
	ID         string        `json:"id"`
	Entity     string        `json:"entity"`
	Amount     int64         `json:"amount"`
	AmountPaid int64         `json:"amount_paid"`
	AmountDue  int64         `json:"amount_due"`
	Currency   string        `json:"currency"`
	Receipt    *string       `json:"receipt"`
	OfferID    *string       `json:"offer_id"`
	Status     string        `json:"status"`
	Attempts   int           `json:"attempts"`
	Notes      razorpayNotes `json:"notes"`
	CreatedAt  int64         `json:"created_at"`
}

// storedRazorpayOrder is an order with what is not told of it.
type storedRazorpayOrder struct {
	Order     razorpayOrder
	Automatic bool          // captured as soon as it is authorized
	Lapses    time.Duration // how long an authorized payment waits for its capture
	Secret    string        // of the key that made it: it signs the browser's return
}

// razorpayPayment is one try of a customer.
type razorpayPayment struct {
	ID               string            `json:"id"`
	Entity           string            `json:"entity"`
	Amount           int64             `json:"amount"`
	Currency         string            `json:"currency"`
	Status           string            `json:"status"`
	OrderID          *string           `json:"order_id"`
	InvoiceID        *string           `json:"invoice_id"`
	International    bool              `json:"international"`
	Method           string            `json:"method"`
	AmountRefunded   int64             `json:"amount_refunded"`
	RefundStatus     *string           `json:"refund_status"`
	Captured         bool              `json:"captured"`
	Description      *string           `json:"description"`
	CardID           *string           `json:"card_id"`
	Bank             *string           `json:"bank"`
	Wallet           *string           `json:"wallet"`
	VPA              *string           `json:"vpa"`
	Email            *string           `json:"email"`
	Contact          *string           `json:"contact"`
	Notes            razorpayNotes     `json:"notes"`
	Fee              *int64            `json:"fee"`
	Tax              *int64            `json:"tax"`
	ErrorCode        *string           `json:"error_code"`
	ErrorDescription *string           `json:"error_description"`
	ErrorSource      *string           `json:"error_source"`
	ErrorStep        *string           `json:"error_step"`
	ErrorReason      *string           `json:"error_reason"`
	AcquirerData     map[string]string `json:"acquirer_data"`
	CreatedAt        int64             `json:"created_at"`
}

func (p *razorpayPayment) order() string {
	if p.OrderID == nil {
		return ""
	}
	return *p.OrderID
}

// refund counts an amount that was given back, or, below zero, that came back to us.
func (p *razorpayPayment) refund(amount int64) {
	p.AmountRefunded += amount
	p.RefundStatus = nil
	if p.AmountRefunded > 0 {
		p.RefundStatus = optional("partial")
	}
	if p.Captured {
		p.Status = razorpayCaptured
	}
	if p.AmountRefunded == p.Amount {
		p.Status, p.RefundStatus = razorpayRefunded, optional("full")
	}
}

// razorpayRefundObject is money that goes back.
type razorpayRefundObject struct {
	ID             string             `json:"id"`
	Entity         string             `json:"entity"`
	Amount         int64              `json:"amount"`
	Currency       string             `json:"currency"`
	PaymentID      string             `json:"payment_id"`
	Notes          razorpayNotes      `json:"notes"`
	Receipt        *string            `json:"receipt"`
	AcquirerData   map[string]*string `json:"acquirer_data"`
	CreatedAt      int64              `json:"created_at"`
	BatchID        *string            `json:"batch_id"`
	Status         string             `json:"status"`
	SpeedProcessed string             `json:"speed_processed"`
	SpeedRequested string             `json:"speed_requested"`
}

// razorpayDispute is a bank that asks for a payment's money back.
type razorpayDispute struct {
	ID             string         `json:"id"`
	Entity         string         `json:"entity"`
	PaymentID      string         `json:"payment_id"`
	Amount         int64          `json:"amount"`
	Currency       string         `json:"currency"`
	AmountDeducted int64          `json:"amount_deducted"`
	ReasonCode     string         `json:"reason_code"`
	RespondBy      int64          `json:"respond_by"`
	Status         string         `json:"status"`
	Phase          string         `json:"phase"`
	CreatedAt      int64          `json:"created_at"`
	Evidence       map[string]any `json:"evidence"`
}

// razorpayCollection is a list.
type razorpayCollection struct {
	Entity string `json:"entity"`
	Count  int    `json:"count"`
	Items  []any  `json:"items"`
}

func razorpayList[T any](items []*T) *razorpayCollection {
	out := &razorpayCollection{Entity: "collection", Count: len(items), Items: make([]any, 0, len(items))}
	for _, item := range items {
		out.Items = append(out.Items, item)
	}
	return out
}

// razorpayWindow is which part of a list is asked for: from and to in Unix seconds, both
// included, newest first.
type razorpayWindow struct {
	from, to    int64
	count, skip int
}

func (c *razorpayCall) window() (razorpayWindow, *razorpayError) {
	w := razorpayWindow{to: 1 << 62, count: 10}
	for name, into := range map[string]func(int64){
		"from":  func(n int64) { w.from = n },
		"to":    func(n int64) { w.to = n },
		"count": func(n int64) { w.count = int(n) },
		"skip":  func(n int64) { w.skip = int(n) },
	} {
		text := c.query.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return w, razorpayRefusal(name, "The "+name+" must be an integer.")
		}
		into(n)
	}
	if w.count < 1 || w.count > 100 {
		return w, razorpayRefusal("count", "The count must be between 1 and 100.")
	}
	return w, nil
}

// razorpayPage lists a bucket. createdAt tells when an object was made, and whether it counts.
func razorpayPage[T any](t *tx, c *razorpayCall, bucket []byte, createdAt func(*T) (int64, bool)) (*razorpayCollection, error) {
	w, refusal := c.window()
	if refusal != nil {
		return nil, refusal
	}
	found := []*T{}
	err := eachNewest(t, bucket, "", func(_ string, one *T) (bool, error) {
		at, counts := createdAt(one)
		switch {
		case at < w.from:
			return false, nil
		case at > w.to || !counts:
			return true, nil
		case w.skip > 0:
			w.skip--
			return true, nil
		}
		found = append(found, one)
		return len(found) < w.count, nil
	})
	return razorpayList(found), err
}

// Currencies that Razorpay takes here, and how its amounts are made: Japan's yen has no minor
// unit, and where there are three decimals the last has to be 0.
var (
	razorpayCurrencies = strings.Fields(`INR USD EUR GBP AUD CAD CHF CNY AED SGD HKD HUF ILS JPY KES KWD BHD OMR
		LKR MXN MYR NOK NZD PHP QAR SAR SEK DKK THB TWD ZAR NPR`)
	razorpayThreeDecimals = strings.Fields("KWD BHD OMR")
)

// razorpayMost is the most that an account takes at once unless Razorpay raises it.
const razorpayMost = 50_000_000
