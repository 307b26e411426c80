package sandbox

import (
	"errors"
	"sort"
	"time"
)

// books is what a checker compares with our own ledger.
type books struct {
	Stripe   stripeBooks   `json:"stripe"`
	Razorpay razorpayBooks `json:"razorpay"`
	PayPal   paypalBooks   `json:"paypal"`
	SendGrid sendgridBooks `json:"sendgrid"`
	Twilio   twilioBooks   `json:"twilio"`
	WebPush  pushBooks     `json:"webpush"`
	Webhooks webhookBooks  `json:"webhooks"`
}

type stripeBooks struct {
	Payments []paymentEntry `json:"payments"`
	Totals   []moneyTotal   `json:"totals"`
}

type paymentEntry struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Captured int64  `json:"captured"`
	Refunded int64  `json:"refunded"` // of what was captured; a released authorization does not count
	Disputed bool   `json:"disputed"`
	// ChargedBack is what the customer's bank has taken back and kept so far.
	ChargedBack int64             `json:"charged_back"`
	Metadata    map[string]string `json:"metadata"`
	Created     time.Time         `json:"created"`
}

type moneyTotal struct {
	Currency string `json:"currency"`
	Captured int64  `json:"captured"`
	Refunded int64  `json:"refunded"`
	// ChargedBack is what customers' banks have taken back and kept so far.
	ChargedBack int64 `json:"charged_back"`
	Net         int64 `json:"net"`
}

type sendgridBooks struct {
	Messages []mailEntry `json:"messages"`
	Count    int         `json:"count"`
}

type mailEntry struct {
	ID         string            `json:"id"`
	To         string            `json:"to"`
	Subject    string            `json:"subject"`
	CustomArgs map[string]string `json:"custom_args"`
	At         time.Time         `json:"at"`
}

type twilioBooks struct {
	Messages []smsEntry `json:"messages"`
	Count    int        `json:"count"`
}

type smsEntry struct {
	SID  string    `json:"sid"`
	To   string    `json:"to"`
	Body string    `json:"body"`
	At   time.Time `json:"at"`
}

type pushBooks struct {
	Messages []pushEntry `json:"messages"`
	Count    int         `json:"count"`
}

type pushEntry struct {
	ID       string    `json:"id"`
	Endpoint string    `json:"endpoint"`
	Topic    string    `json:"topic"`
	Title    string    `json:"title"`
	At       time.Time `json:"at"`
}

type webhookBooks struct {
	Delivered int `json:"delivered"`
	Pending   int `json:"pending"`
	Dropped   int `json:"dropped"` // by a fault, or given up after days
}

// readBooks takes everything from one snapshot, so the sums fit together.
func readBooks(s *store) (*books, error) {
	b := &books{
		Stripe:   stripeBooks{Payments: []paymentEntry{}, Totals: []moneyTotal{}},
		PayPal:   paypalBooks{Payments: []paypalEntry{}, Totals: []moneyTotal{}},
		SendGrid: sendgridBooks{Messages: []mailEntry{}},
		Twilio:   twilioBooks{Messages: []smsEntry{}},
		WebPush:  pushBooks{Messages: []pushEntry{}},
	}
	err := s.view(func(t *tx) error {
		if err := b.readAll(t); err != nil {
			return err
		}
		return each(t, bucketDeliveries, func(_ string, d *delivery) (bool, error) {
			switch d.State {
			case deliveryDelivered:
				b.Webhooks.Delivered++
			case deliveryPending:
				b.Webhooks.Pending++
			default:
				b.Webhooks.Dropped++
			}
			return true, nil
		})
	})
	return b, err
}

func (b *books) readAll(t *tx) (err error) {
	if err := b.readPayments(t); err != nil {
		return err
	}
	if b.Razorpay, err = readRazorpayBooks(t); err != nil {
		return err
	}
	return errors.Join(b.PayPal.read(t), b.readMessages(t))
}

func (b *books) readPayments(t *tx) error {
	refunded := map[string]int64{}
	err := each(t, bucketRefunds, func(_ string, re *refund) (bool, error) {
		if re.Status == refundSucceeded {
			refunded[re.PaymentIntent.id] += re.Amount
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	disputed, chargedBack := map[string]bool{}, map[string]int64{}
	err = each(t, bucketDisputes, func(_ string, d *dispute) (bool, error) {
		disputed[d.PaymentIntent.id] = true
		if d.takesMoney() {
			chargedBack[d.PaymentIntent.id] += d.Amount
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	totals := map[string]*moneyTotal{}
	err = each(t, bucketIntents, func(id string, pi *paymentIntent) (bool, error) {
		b.Stripe.Payments = append(b.Stripe.Payments, paymentEntry{
			ID: id, Status: pi.Status, Amount: pi.Amount, Currency: pi.Currency,
			Captured: pi.AmountReceived, Refunded: refunded[id], Disputed: disputed[id],
			ChargedBack: chargedBack[id], Metadata: pi.Metadata, Created: time.Unix(pi.Created, 0).UTC(),
		})
		total := totals[pi.Currency]
		if total == nil {
			total = &moneyTotal{Currency: pi.Currency}
			totals[pi.Currency] = total
		}
		total.Captured += pi.AmountReceived
		total.Refunded += refunded[id]
		total.ChargedBack += chargedBack[id]
		total.Net = total.Captured - total.Refunded - total.ChargedBack
		return true, nil
	})
	for _, total := range totals {
		b.Stripe.Totals = append(b.Stripe.Totals, *total)
	}
	sort.Slice(b.Stripe.Totals, func(i, j int) bool { return b.Stripe.Totals[i].Currency < b.Stripe.Totals[j].Currency })
	return err
}

func (b *books) readMessages(t *tx) error {
	err := each(t, bucketMessages, func(_ string, m *message) (bool, error) {
		switch m.Channel {
		case channelEmail:
			b.SendGrid.Messages = append(b.SendGrid.Messages, mailEntry{m.ID, m.To, m.Subject, m.CustomArgs, m.At})
			return true, nil
		case channelPush:
			b.WebPush.Messages = append(b.WebPush.Messages, pushEntry{m.ID, m.To, m.Topic, m.Subject, m.At})
			return true, nil
		}
		body, err := get[messageBody](t, bucketBodies, m.ID)
		if err != nil {
			return false, err
		}
		b.Twilio.Messages = append(b.Twilio.Messages, smsEntry{m.ID, m.To, body.Text, m.At})
		return true, nil
	})
	b.SendGrid.Count, b.Twilio.Count, b.WebPush.Count = len(b.SendGrid.Messages), len(b.Twilio.Messages), len(b.WebPush.Messages)
	return err
}
