package staff

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/rules"
	"github.com/boxoffice/boxoffice/schema"
)

// Charges is what a show or a price card asks for its seats. A show may take them
// from a price card of its theater.
type Charges struct {
	Prices         *map[string]booking.Money `json:"prices"` // by category
	FeePerSeat     *booking.Money            `json:"fee_per_seat"`
	TaxBasisPoints *int64                    `json:"tax_basis_points"`
}

// charged is Charges as they are stored.
type charged struct {
	prices         map[string]int64
	feePerSeat     int64
	taxBasisPoints int64
}

// onto writes what is given over what there is, and checks that the payment
// providers charge what comes of it. at is the path of the object.
func (c Charges) onto(p *fieldErrors, at string, into *charged, currency string, charging booking.Charging) {
	before := len(p.FieldErrors)
	if c.Prices != nil {
		into.prices = p.prices(at+"prices", *c.Prices, currency)
	}
	if c.FeePerSeat != nil {
		into.feePerSeat = p.money(at+"fee_per_seat", *c.FeePerSeat, 0, currency)
	}
	rules.Set(&into.taxBasisPoints, rules.Between(p.Add, at+"tax_basis_points", c.TaxBasisPoints, 0, rules.LargestTax))
	if c.given() && currency != "" && len(p.FieldErrors) == before {
		p.chargeable(at, *into, currency, charging)
	}
}

func (p *fieldErrors) chargeable(at string, c charged, currency string, charging booking.Charging) {
	p.check().Chargeable(charging, rules.Charges{
		Currency: currency, Prices: c.prices, FeePerSeat: c.feePerSeat, TaxBasisPoints: c.taxBasisPoints,
	}, at, ".amount")
}

func (c Charges) given() bool {
	return c.Prices != nil || c.FeePerSeat != nil || c.TaxBasisPoints != nil
}

func (p *fieldErrors) prices(field string, prices map[string]booking.Money, currency string) map[string]int64 {
	const most = 20
	if len(prices) == 0 || len(prices) > most {
		p.Add(field, "Give the price of each category, at most %d.", most)
		return nil
	}
	amounts := make(map[string]int64, len(prices))
	for _, category := range slices.Sorted(maps.Keys(prices)) {
		at := field + "." + clip(category)
		p.check().Line(at, &category, 1, longestCategory)
		// A payment provider takes no payment of nothing.
		amounts[category] = p.money(at, prices[category], 1, currency)
	}
	return amounts
}

const longestCategory = 40

func (p *fieldErrors) money(field string, m booking.Money, least int64, currency string) int64 {
	if m.Currency != currency {
		p.Add(field+".currency", "The theater charges %s.", currency)
	}
	rules.Between(p.Add, field+".amount", &m.Amount, least, rules.LargestPrice)
	return m.Amount
}

// clip keeps what a caller sent short enough to be told back.
func clip(text string) string {
	if len(text) > longestCategory {
		text = text[:longestCategory] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}

// cover refuses prices that leave a category of the layout without one, or name
// one that it has not: a hold of such a seat could not be priced. Nil prices have
// been refused already.
func (p *fieldErrors) cover(field string, prices map[string]int64, layout booking.Layout) {
	if prices == nil {
		return
	}
	missing, unknown := rules.Categories(prices, layout)
	if len(missing) > 0 {
		p.Add(field, "The layout also has %s.", strings.Join(missing, ", "))
	}
	if len(unknown) > 0 {
		p.Add(field, "The layout has no %s.", clip(strings.Join(unknown, ", ")))
	}
}

// card copies the charges of a price card of the theater: of its prices those of
// the layout's categories, because one card serves screens that differ.
func (p *fieldErrors) card(ctx context.Context, tx bun.Tx, field, id string, hall house, into *charged) error {
	card, err := findCard(ctx, tx, id)
	if booking.CodeOf(err) == booking.CodeNotFound || err == nil && card.TheaterID != hall.TheaterID {
		p.Add(field, "The theater has no such price card.")
		return nil
	}
	if err != nil {
		return err
	}
	*into = chargedBy(card)
	_, others := rules.Categories(into.prices, hall.Layout)
	into.prices = maps.Clone(into.prices)
	for _, category := range others {
		delete(into.prices, category)
	}
	p.cover(field, into.prices, hall.Layout)
	// The card may be older than the provider's limits.
	var ofCard fieldErrors
	ofCard.chargeable("", *into, hall.Currency, hall.charging)
	for _, wrong := range ofCard.FieldErrors {
		p.Add(field, "Change the card first. Its %s: %s", wrong.Field, wrong.Message)
	}
	return nil
}

func chargedBy(card schema.PriceCard) charged {
	return charged{prices: card.Prices, feePerSeat: card.FeePerSeat, taxBasisPoints: card.TaxBasisPoints}
}

func moneyOf(amounts map[string]int64, currency string) map[string]booking.Money {
	prices := make(map[string]booking.Money, len(amounts))
	for category, amount := range amounts {
		prices[category] = booking.Money{Amount: amount, Currency: currency}
	}
	return prices
}
