package api

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A hostile value in any one field of a request to plan shows gets an answer that the
// document lists, and never a 500.
func TestFault66_HostileFieldsOfShowsAndPrices(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	show := d.plan(t, at(1, 14), nil).ID.String()
	card := d.newCard(t, "Standard").ID.String()
	values := []any{
		"", "x", "\u202e", strings.Repeat("é", 3000), "0001-01-01T00:00:00Z", "9999-12-31T23:59:00Z", "9999-12-31", "0000-01-01",
		"2027-01-01T25:61", "'; DROP TABLE shows; --", card, show, true, -1, 0, 1, 1.5, math.MaxInt64, math.MinInt64,
		[]any{}, []any{1}, []any{"mon"}, []any{[]any{}}, fields{}, fields{"gold": 1}, fields{"\xff": rupees(1)}, fields{"gold": fields{"amount": "1"}},
		fields{"amount": math.MaxInt64, "currency": "INR"}, fields{"gold": rupees(1), "": rupees(1), strings.Repeat("x", 999): rupees(1)},
	}
	entry := fields{"captions": true, "audio_description": true, "relaxed": true, "subtitles": "en", "fee_per_seat": rupees(1),
		"tax_basis_points": 1, "price_card_id": card, "length_minutes": 200}
	maps.Copy(entry, d.entry(nil))
	whole := d.newShow(at(2, 14))
	maps.Copy(whole, fields{"local_starts_at": "2027-01-01T10:00", "ends_at": at(2, 18).Format(time.RFC3339), "subtitles": "en", "captions": true,
		"audio_description": true, "relaxed": true, "sales_open_at": at(0, 1).Format(time.RFC3339), "sales_close_at": at(1, 1).Format(time.RFC3339),
		"price_card_id": card})
	change := maps.Clone(whole)
	delete(change, "movie_id")
	change["layout_version"] = 1

	for _, target := range []struct {
		method, path string
		good         fields // what a request may have; each field is tried alone
		base         fields // what it needs
		within       bool   // the field is one of the template's
	}{
		{method: "POST", path: "/v1/admin/shows", good: whole, base: d.newShow(at(2, 14))},
		{method: "PATCH", path: "/v1/admin/shows/" + show, good: change},
		{method: "POST", path: "/v1/admin/prices", good: d.card("Other"), base: d.card("Other")},
		{method: "PATCH", path: "/v1/admin/prices/" + card, good: fields{"name": "x", "prices": nil, "fee_per_seat": nil, "tax_basis_points": 1}},
		{method: "POST", path: "/v1/admin/screens/" + d.screen + "/program", good: entry, base: d.entry(nil), within: true},
		{method: "POST", path: "/v1/admin/screens/" + d.screen + "/program", good: fields{"from": 1, "days": 1, "copy_from": 1, "skip_conflicts": true, "template": 1},
			base: fields{"from": at(3, 0).Format(time.DateOnly), "dry_run": true}},
	} {
		for _, field := range slices.Sorted(maps.Keys(target.good)) {
			for _, value := range values {
				body := fields{field: value}
				request := target.base.with(body)
				if target.within {
					request = fields{"from": at(3, 0).Format(time.DateOnly), "days": 2, "dry_run": true,
						"template": []json.RawMessage{json.RawMessage(request)}}.with(nil)
				}
				got := d.do(t, call{token: d.own, method: target.method, path: target.path, body: request})
				assert.Less(t, got.status, http.StatusInternalServerError, "%s %s %s: %s", target.method, target.path, request, got.body)
			}
		}
	}
}
