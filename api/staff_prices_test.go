package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

func (d *desk) card(name string) fields {
	return fields{"theater_id": d.theater, "name": name, "prices": fields{"gold": rupees(45000)},
		"fee_per_seat": rupees(3000), "tax_basis_points": 1800}
}

func (d *desk) newCard(t testing.TB, name string) staff.PriceCard {
	t.Helper()
	var card staff.PriceCard
	d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/prices", body: d.card(name).with(nil), status: http.StatusCreated}).into(t, &card)
	return card
}

func TestPriceCards(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	weekend := d.newCard(t, " Weekend ")
	assert.Equal(t, "Weekend", weekend.Name)
	assert.Equal(t, map[string]booking.Money{"gold": rupees(45000)}, weekend.Prices)
	d.newCard(t, "Matinee")
	d.newCard(t, "Preview")

	var names []string
	for cursor, more := "", true; more; more = cursor != "" {
		var got rest.Page[staff.PriceCard]
		d.do(t, call{token: d.support, method: "GET", path: "/v1/admin/prices?limit=2&theater_id=" + d.theater + "&cursor=" + cursor,
			status: http.StatusOK}).into(t, &got)
		for _, card := range got.Items {
			names = append(names, card.Name)
		}
		cursor = got.NextCursor
	}
	assert.Equal(t, []string{"Matinee", "Preview", "Weekend"}, names)

	path := "/v1/admin/prices/" + weekend.ID.String()
	d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/prices", body: d.card("Weekend").with(nil), status: http.StatusConflict, code: "conflict"})
	d.do(t, call{token: d.own, method: "PATCH", path: path, body: `{"name":"Matinee"}`, status: http.StatusConflict, code: "conflict"})
	d.do(t, call{token: d.own, method: "PATCH", path: path, body: `{"name":"\u202eevil","prices":{"gold":{"amount":-5,"currency":"EUR"}},"tax_basis_points":-1}`,
		status: http.StatusUnprocessableEntity, holds: []string{`"name"`, `"prices.gold.amount"`, `"prices.gold.currency"`, `"tax_basis_points"`}})

	// A show copies its card: later changes of the card do not affect it.
	card := fields{"prices": nil, "fee_per_seat": nil, "tax_basis_points": nil, "price_card_id": weekend.ID}
	show := d.plan(t, at(1, 14), card)
	assert.Equal(t, rupees(45000), show.Prices["gold"])
	assert.Equal(t, rupees(3000), show.FeePerSeat)
	read := d.do(t, call{token: d.own, method: "GET", path: path, status: http.StatusOK})
	d.do(t, call{token: d.own, method: "PATCH", path: path, body: `{"prices":{"gold":{"amount":50000,"currency":"INR"}},"name":"Holiday"}`,
		headers: map[string]string{"If-Match": read.header.Get("ETag")}, status: http.StatusOK, holds: []string{`"amount":50000`, `"tax_basis_points":1800`}})
	d.do(t, call{token: d.own, method: "PATCH", path: path, body: `{"name":"Late"}`,
		headers: map[string]string{"If-Match": read.header.Get("ETag")}, status: http.StatusPreconditionFailed})
	d.do(t, call{token: d.own, method: "GET", path: "/v1/admin/shows/" + show.ID.String(), status: http.StatusOK, holds: []string{`"gold":{"amount":45000`}})
	d.change(t, show.ID.String(), fields{"price_card_id": weekend.ID}, http.StatusOK, `"gold":{"amount":50000`)

	d.do(t, call{token: d.own, method: "DELETE", path: path, status: http.StatusNoContent})
	d.do(t, call{token: d.own, method: "GET", path: path, status: http.StatusNotFound, code: "not_found"})
	d.do(t, call{token: d.own, method: "GET", path: "/v1/admin/shows/" + show.ID.String(), status: http.StatusOK, holds: []string{`"gold":{"amount":50000`}})
	assert.Equal(t, []string{"create theater_manager false true", "change theater_manager true true", "delete theater_manager true false"},
		d.audited(t, "price_card", weekend.ID.String()))
}

// One card serves screens that differ: a show takes the prices of its layout's
// categories, which the card has to have.
func TestPriceCardsServeEveryScreen(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	plan := func(prices string, status int) reply {
		id := uuid.NewString()
		d.exec(`INSERT INTO price_cards (id, theater_id, name, prices) VALUES ($1::uuid, $2, $1::text, $3)`, id, d.theater, prices)
		return d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/shows", status: status,
			body: d.newShow(at(1, 14)).with(fields{"prices": nil, "fee_per_seat": nil, "tax_basis_points": nil, "price_card_id": id})})
	}
	var show staff.Show
	plan(`{"gold": 100, "stalls": 200}`, http.StatusCreated).into(t, &show)
	assert.Equal(t, map[string]booking.Money{"gold": rupees(100)}, show.Prices)

	var p rest.Problem
	plan(`{"silver": 100}`, http.StatusUnprocessableEntity).into(t, &p)
	require.Len(t, p.Errors, 1)
	assert.Equal(t, booking.FieldError{Field: "price_card_id", Message: "The layout also has gold."}, p.Errors[0])
}

func TestPriceCardsAreInTheTheatersCurrency(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tx, err := d.db.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `UPDATE theaters SET currency = 'EUR' WHERE id = $1`, d.theater)
	require.NoError(t, err)
	answered := make(chan int, 1)
	go func() {
		answered <- d.send(t, call{token: d.own, method: "POST", path: "/v1/admin/prices", body: d.card("Standard").with(nil)}).status
	}()
	require.Eventually(t, func() bool {
		return len(answered) > 0 || d.text(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == "1"
	}, soon, often)
	require.NoError(t, tx.Commit(t.Context()))
	assert.Equal(t, http.StatusUnprocessableEntity, <-answered, "prices in the currency of before")
}

func TestShowAndPriceChangesWithoutEffectAreNotWritten(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	card := d.newCard(t, "Standard")
	show := d.plan(t, at(1, 14), nil)
	state := func() string {
		return d.text(`SELECT concat_ws(' ', (SELECT version FROM catalog_version), (SELECT count(*) FROM audit_log))`)
	}
	before := state()
	for path, body := range map[string]string{
		"/v1/admin/shows/" + show.ID.String():  fields{"format": show.Format, "prices": show.Prices, "starts_at": show.StartsAt}.with(nil),
		"/v1/admin/prices/" + card.ID.String(): fields{"name": card.Name, "prices": card.Prices}.with(nil),
	} {
		d.do(t, call{token: d.own, method: "PATCH", path: path, body: body, status: http.StatusOK})
		d.do(t, call{token: d.own, method: "PATCH", path: path, body: `{}`, status: http.StatusOK})
	}
	assert.Equal(t, before, state())
}
