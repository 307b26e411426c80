package sandbox

import (
	"slices"
	"strings"
	"time"
)

// paypalBooks are in minor units of ISO 4217. A refund counts before it is finished.
type paypalBooks struct {
	Payments []paypalEntry `json:"payments"`
	Totals   []moneyTotal  `json:"totals"`
}

type paypalEntry struct {
	ID         string `json:"id"` // of the order
	Status     string `json:"status"`
	CustomID   string `json:"custom_id"`
	Amount     int64  `json:"amount"`
	Currency   string `json:"currency"`
	Authorized int64  `json:"authorized"` // reserved and not captured
	Captured   int64  `json:"captured"`
	Pending    int64  `json:"pending"` // captures that are not decided
	Refunded   int64  `json:"refunded"`
	Fee        int64  `json:"fee"`
	Disputed   bool   `json:"disputed"`
	// ChargedBack is what the payer has taken back and kept so far.
	ChargedBack int64     `json:"charged_back"`
	Created     time.Time `json:"created"`
}

func (b *paypalBooks) read(t *tx) error {
	totals := map[string]*moneyTotal{}
	err := each(t, bucketPaypalOrders, func(_ string, o *paypalOrder) (bool, error) {
		entry := o.entry()
		b.Payments = append(b.Payments, entry)
		total := totals[entry.Currency]
		if total == nil {
			total = &moneyTotal{Currency: entry.Currency}
			totals[entry.Currency] = total
		}
		total.Captured += entry.Captured
		total.Refunded += entry.Refunded
		total.ChargedBack += entry.ChargedBack
		total.Net = total.Captured - total.Refunded - total.ChargedBack
		return true, nil
	})
	for _, total := range totals {
		b.Totals = append(b.Totals, *total)
	}
	slices.SortFunc(b.Totals, func(x, y moneyTotal) int { return strings.Compare(x.Currency, y.Currency) })
	return err
}

func (o *paypalOrder) entry() paypalEntry {
	minor := func(units int64) int64 { return o.Amount.with(units).minor() }
	entry := paypalEntry{
		ID: o.ID, Status: o.Status, CustomID: o.CustomID, Amount: minor(o.Amount.Units), Currency: o.Amount.Currency,
		Refunded: minor(o.refunded("", true)), Disputed: len(o.Disputes) > 0, Created: o.Created,
	}
	for _, one := range o.Authorizations { // a renewed one is of the same money
		if one.Status == paypalCreated || one.Status == paypalPartly {
			entry.Authorized = minor(max(0, one.Amount.Units-o.captured()))
		}
	}
	for _, one := range o.Captures {
		switch {
		case one.isMoney():
			entry.Captured += minor(one.Amount.Units)
			entry.Fee += minor(paypalFee(one.Amount).Units)
		case one.Status == paypalPending:
			entry.Pending += minor(one.Amount.Units)
		}
	}
	for _, one := range o.Disputes {
		if one.takesMoney() {
			entry.ChargedBack += minor(one.Amount.Units)
		}
	}
	return entry
}

// takesMoney tells whether the payer has the money while a case stands so.
func (d *paypalDispute) takesMoney() bool {
	if d.Status == paypalResolved {
		return d.Outcome == "RESOLVED_BUYER_FAVOUR"
	}
	return d.Stage != "INQUIRY"
}
