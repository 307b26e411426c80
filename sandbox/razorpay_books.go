package sandbox

import (
	"sort"
	"time"
)

// razorpayBooks has one entry for each order, which is what the merchant refers to. A payment
// without an order has an entry of its own.
type razorpayBooks struct {
	Payments []paymentEntry `json:"payments"`
	Totals   []moneyTotal   `json:"totals"`
}

// readRazorpayBooks adds up what Razorpay has.
func readRazorpayBooks(t *tx) (razorpayBooks, error) {
	b := razorpayBooks{Payments: []paymentEntry{}, Totals: []moneyTotal{}}
	entries := map[string]*paymentEntry{}
	var ids []string
	add := func(e *paymentEntry) { entries[e.ID], ids = e, append(ids, e.ID) }
	err := each(t, bucketRazorpayOrders, func(id string, o *storedRazorpayOrder) (bool, error) {
		add(&paymentEntry{
			ID: id, Status: o.Order.Status, Amount: o.Order.Amount, Currency: o.Order.Currency,
			Metadata: o.Order.Notes, Created: time.Unix(o.Order.CreatedAt, 0).UTC(),
		})
		return true, nil
	})
	if err != nil {
		return b, err
	}
	taken, err := razorpayTaken(t)
	if err != nil {
		return b, err
	}
	err = each(t, bucketRazorpayPayments, func(id string, p *razorpayPayment) (bool, error) {
		e := entries[p.order()]
		if e == nil {
			e = &paymentEntry{ID: id, Amount: p.Amount, Currency: p.Currency, Metadata: p.Notes, Created: time.Unix(p.CreatedAt, 0).UTC()}
			add(e)
		}
		if p.Status != razorpayFailed && p.Status != razorpayCreated {
			e.Status = p.Status
		}
		if p.Captured { // what goes back uncaptured was never ours
			e.Captured += p.Amount
			e.Refunded += p.AmountRefunded
		}
		amount, disputed := taken[id]
		e.ChargedBack += amount
		e.Disputed = e.Disputed || disputed
		return true, nil
	})
	for _, id := range ids {
		b.Payments = append(b.Payments, *entries[id])
	}
	b.Totals = totalsOf(b.Payments)
	return b, err
}

// razorpayTaken is what banks have taken back, by payment.
func razorpayTaken(t *tx) (map[string]int64, error) {
	taken := map[string]int64{}
	err := each(t, bucketRazorpayDisputes, func(_ string, d *razorpayDispute) (bool, error) {
		taken[d.PaymentID] += d.AmountDeducted
		return true, nil
	})
	return taken, err
}

// totalsOf sums payments by currency.
func totalsOf(payments []paymentEntry) []moneyTotal {
	sums := map[string]*moneyTotal{}
	for _, p := range payments {
		sum := sums[p.Currency]
		if sum == nil {
			sum = &moneyTotal{Currency: p.Currency}
			sums[p.Currency] = sum
		}
		sum.Captured += p.Captured
		sum.Refunded += p.Refunded
		sum.ChargedBack += p.ChargedBack
		sum.Net = sum.Captured - sum.Refunded - sum.ChargedBack
	}
	out := []moneyTotal{}
	for _, sum := range sums {
		out = append(out, *sum)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Currency < out[j].Currency })
	return out
}
