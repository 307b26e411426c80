package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

func in(currency string, amount int64) booking.Money {
	return booking.Money{Amount: amount, Currency: currency}
}

// A price that the payment provider cannot charge is refused wherever staff set it,
// and the answer names the field and the step.
func TestPricesThatTheProviderCannotCharge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		price  booking.Money
		fee    booking.Money
		field  string
		says   string
		passes bool
	}{
		{"three decimals that end in 0", in("KWD", 4_570), in("KWD", 250), "", "", true},
		{"three decimals that do not", in("KWD", 4_575), in("KWD", 250), "prices.gold.amount", "Must be a multiple of 10: the payment provider charges in steps of KWD 0.010.", false},
		{"such a fee", in("KWD", 4_570), in("KWD", 255), "fee_per_seat.amount", "Must be a multiple of 10", false},
		{"whole ariary", in("MGA", 1_500_000), in("MGA", 100_000), "", "", true},
		{"a part of an ariary", in("MGA", 1_500_020), in("MGA", 0), "prices.gold.amount", "in steps of MGA 1.00.", false},
		{"krónur", in("ISK", 2_490), in("ISK", 99), "", "", true},
		{"too little", in("HUF", 10_000), in("HUF", 0), "prices.gold.amount", "A seat costs HUF 118.00 with fee and tax. The payment provider charges at least HUF 175.00.", false},
		{"enough with its fee", in("HUF", 10_000), in("HUF", 10_000), "", "", true},
		{"too much", in("ISK", 900_000), in("ISK", 0), "prices.gold.amount", "A seat costs ISK 1062000 with fee and tax. The payment provider charges at most ISK 999999.", false},
		{"a currency that no provider charges", in("IQD", 5_000), in("IQD", 0), "prices", "No payment provider of this platform charges IQD.", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.exec(`UPDATE theaters SET currency = $1`, test.price.Currency)
			charges := fields{"prices": fields{"gold": test.price}, "fee_per_seat": test.fee, "tax_basis_points": 1800}
			status, holds := http.StatusCreated, []string(nil)
			field := func(at string) []string {
				if test.passes {
					return nil
				}
				return []string{`"field":"` + at + test.field + `"`, test.says}
			}
			if !test.passes {
				status = http.StatusUnprocessableEntity
			}
			holds = field("")
			d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/prices", body: d.card("Usual").with(charges), status: status, holds: holds})
			d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/shows", body: d.newShow(at(1, 14)).with(charges), status: status, holds: holds})
			planned := d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/screens/" + d.screen + "/program",
				body: fields{"from": at(20, 0).Format("2006-01-02"), "days": 1, "template": []fields{d.entry(charges)}}.with(nil), holds: field("template[0].")})
			assert.Equal(t, test.passes, planned.status < http.StatusBadRequest, planned.status)
		})
	}
}

// A price from before a limit was known is refused when it is changed or used, but not when
// another field changes.
func TestOldPricesThatTheProviderCannotCharge(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(`UPDATE theaters SET currency = 'KWD'`)
	good := fields{"prices": fields{"gold": in("KWD", 4_570)}, "fee_per_seat": in("KWD", 250)}
	var card staff.PriceCard
	d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/prices", body: d.card("Usual").with(good), status: http.StatusCreated}).into(t, &card)
	show := d.plan(t, at(1, 14), good)
	d.exec(`UPDATE price_cards SET prices = '{"gold": 4575}'`)
	d.exec(`UPDATE shows SET prices = '{"gold": 4575}' WHERE id = $1`, show.ID)

	d.change(t, show.ID.String(), fields{"captions": true}, http.StatusOK)
	d.change(t, show.ID.String(), fields{"price_card_id": card.ID}, http.StatusUnprocessableEntity,
		`"field":"price_card_id"`, "Change the card first. Its prices.gold.amount: Must be a multiple of 10")
	d.change(t, show.ID.String(), fields{"fee_per_seat": in("KWD", 300)}, http.StatusUnprocessableEntity, `"field":"prices.gold.amount"`)

	// No customer can hold a seat whose payment could not be opened.
	d.world.show = show.ID.String()
	body := fields{"show_id": show.ID, "seats": []string{"C07"}, "payment": fields{"provider": "stripe"}}.with(nil)
	d.do(t, call{token: d.customer, method: "POST", path: "/v1/bookings", body: body, headers: map[string]string{"Idempotency-Key": "old"},
		status: http.StatusConflict, code: "show_not_on_sale", holds: []string{"cannot be charged"}})
	d.change(t, show.ID.String(), fields{"prices": fields{"gold": in("KWD", 4_570)}}, http.StatusOK)
}

// From the quote to Stripe's own books: the tax is rounded to what can be charged.
func TestBookingInThreeDecimals(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(`UPDATE theaters SET currency = 'KWD'`)
	show := d.plan(t, at(1, 14), fields{"prices": fields{"gold": in("KWD", 4_570)}, "fee_per_seat": in("KWD", 250), "tax_basis_points": 1_750})
	d.world.show = show.ID.String()
	booked := d.bought(t, d.customer, "kwd", "C07", "C08")
	assert.Equal(t, in("KWD", 1_600), booked.Quote.Taxes, "17.5 % of 9.140 is 1.5995")
	assert.Equal(t, in("KWD", 11_240), booked.Quote.Total)
	assert.EqualValues(t, 10, booked.Quote.Unit)

	asked := d.do(t, call{token: d.customer, method: "GET", path: "/v1/bookings/" + booked.ID + "/cancellation-quote", status: http.StatusOK})
	var back booking.CancellationQuote
	asked.into(t, &back)
	require.Positive(t, back.Refund.Amount)
	assert.Zero(t, back.Refund.Amount%10)
}

func TestTheaterInACurrencyThatNoProviderCharges(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	house := fields{"city": "pune", "name": "Regal", "address": "9 Mall Road", "lat": 18.5, "lon": 73.8}
	for currency, says := range map[string]string{
		"IQD": "No payment provider of this platform charges IQD. Choose another currency.",
		"DEM": "Write a currency of ISO 4217", // gone since 2002
		"XXX": "Write a currency of ISO 4217",
		"inr": "Write a currency of ISO 4217",
	} {
		got := d.do(t, call{token: d.admin, method: "POST", path: "/v1/admin/theaters", body: house.with(fields{"currency": currency}),
			status: http.StatusUnprocessableEntity, holds: []string{says}})
		assert.Equal(t, []string{"currency"}, got.refused(t))
	}
	d.do(t, call{token: d.admin, method: "PATCH", path: "/v1/admin/theaters/" + d.theater, body: `{"currency":"IQD"}`,
		status: http.StatusUnprocessableEntity, holds: []string{"charges IQD"}})
	d.do(t, call{token: d.admin, method: "POST", path: "/v1/admin/theaters", body: house.with(fields{"currency": "KWD"}), status: http.StatusCreated})
}
