package api

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
)

// alerted raises an alert as the workflows do, and gives its id.
func (w *world) alerted(bookingID string, kind booking.AlertKind) string {
	w.t.Helper()
	require.NoError(w.t, w.options.Bookings.Bookings.Alert(w.t.Context(), booking.Alert{BookingID: bookingID, Kind: kind, Detail: "stripe pi_1"}))
	return w.text(`SELECT id FROM alerts WHERE booking_id = $1 AND kind = $2`, bookingID, kind)
}

// alertPage is a page of alerts, and how many there are.
type alertPage struct {
	Items      []alerts.Item `json:"items"`
	NextCursor string        `json:"next_cursor,omitempty"`
	Counts     alerts.Counts `json:"counts"`
}

func (w *world) alertsAs(token, query string) alertPage {
	w.t.Helper()
	var page alertPage
	w.do(w.t, call{token: token, method: "GET", path: "/v1/admin/alerts" + query, status: http.StatusOK}).into(w.t, &page)
	return page
}

func patchAlert(token, id, body string) call {
	return call{token: token, method: "PATCH", path: "/v1/admin/alerts/" + id, body: body}
}

func (w *world) changedAlert(token, id, body string) alerts.Item {
	w.t.Helper()
	c := patchAlert(token, id, body)
	c.status = http.StatusOK
	var item alerts.Item
	w.do(w.t, c).into(w.t, &item)
	return item
}

func (w *world) accountOf(token string) string {
	w.t.Helper()
	claims, err := w.options.Accounts.Verify(token)
	require.NoError(w.t, err)
	return claims.Subject
}

func TestStaffTakeAndResolveAlerts(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.bought(t, d.customer, "k", "A01", "A02")
	id := d.alerted(b.ID, booking.AlertRefundRefused)

	page := d.alertsAs(d.support, "")
	require.Len(t, page.Items, 1)
	assert.Equal(t, alerts.Counts{Open: 1}, page.Counts)
	seen := page.Items[0]
	assert.Equal(t, alerts.State("open"), seen.State)
	require.NotNil(t, seen.Booking)
	assert.Equal(t, booking.StatusConfirmed, seen.Booking.Status)
	assert.Equal(t, booking.PaymentCaptured, seen.Booking.PaymentStatus)
	assert.Equal(t, []string{"A01", "A02"}, seen.Booking.Seats)
	assert.Equal(t, b.Show.MovieTitle, seen.Booking.Show.MovieTitle)

	taken := d.changedAlert(d.support, id, `{"state":"taken"}`)
	assert.Equal(t, alerts.State("taken"), taken.State)
	assert.Equal(t, d.accountOf(d.support), taken.TakenBy.String())
	assert.Equal(t, taken, d.changedAlert(d.support, id, `{"state":"taken"}`), "a repeat changes nothing")

	for _, body := range []string{`{"state":"taken"}`, `{"state":"open"}`, `{"state":"resolved","note":"Done."}`,
		fmt.Sprintf(`{"state":"taken","from":%q}`, d.accountOf(d.own))} {
		p := d.refused(patchAlert(d.admin, id, body), http.StatusConflict, booking.CodeConflict)
		assert.Contains(t, p.Detail, d.accountOf(d.support), "it says who has it")
	}
	over := d.changedAlert(d.admin, id, fmt.Sprintf(`{"state":"taken","from":%q}`, d.accountOf(d.support)))
	assert.Equal(t, d.accountOf(d.admin), over.TakenBy.String())
	assert.Equal(t, alerts.State("open"), d.changedAlert(d.admin, id, `{"state":"open"}`).State)

	resolved := d.changedAlert(d.own, id, `{"state":"resolved","note":"Refunded by hand.\nSee the ledger."}`)
	assert.Equal(t, "Refunded by hand.\nSee the ledger.", resolved.Note)
	assert.Equal(t, d.accountOf(d.own), resolved.ResolvedBy.String())
	d.refused(patchAlert(d.support, id, `{"state":"taken"}`), http.StatusConflict, booking.CodeConflict)
	assert.Empty(t, d.alertsAs(d.support, "?state=open").Items)
	assert.Len(t, d.alertsAs(d.support, "?state=resolved").Items, 1)
	assert.Equal(t, alerts.Counts{Resolved: 1}, d.alertsAs(d.support, "?state=open").Counts)

	// The log has each change, once, with who made it.
	assert.Equal(t, "take,take,give_back,resolve", d.text(
		`SELECT string_agg(action, ',' ORDER BY id) FROM audit_log WHERE entity = 'alert' AND entity_id = $1`, id))
	d.do(t, call{token: d.own, method: "GET", path: "/v1/admin/audit?entity=alert&entity_id=" + id, status: http.StatusOK,
		holds: []string{"Refunded by hand.", `"state":"resolved"`}})

	assert.Equal(t, alerts.State("open"), d.changedAlert(d.support, id, `{"state":"open"}`).State)
}

func TestAlertThatComesBackOpensAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.book(t, w.customer, "k", "A01")
	id := w.alerted(b.ID, booking.AlertPaidTwice)
	w.alerted(b.ID, booking.AlertPaidTwice)
	assert.Equal(t, 1, w.alertsAs(w.admin, "").Items[0].Openings, "a repeat is the same alert")
	w.changedAlert(w.support, id, `{"state":"taken"}`)
	w.changedAlert(w.support, id, `{"state":"resolved","note":"Given back."}`)

	w.alerted(b.ID, booking.AlertPaidTwice)
	page := w.alertsAs(w.admin, "")
	require.Len(t, page.Items, 1)
	again := page.Items[0]
	assert.Equal(t, alerts.State("open"), again.State)
	assert.Equal(t, 2, again.Openings)
	assert.Nil(t, again.TakenBy)
	assert.Empty(t, again.Note)
	assert.Equal(t, "take,resolve,open_again", w.text(`SELECT string_agg(action, ',' ORDER BY id) FROM audit_log WHERE entity = 'alert'`),
		"what was done before stays in the log")
}

func TestAnAlertIsTakenByOneOfManyStaff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.alerted(w.book(t, w.customer, "k", "A01").ID, booking.AlertSeatsNotFreed)
	var wait sync.WaitGroup
	answers := make([]reply, 12)
	for i := range answers {
		wait.Go(func() { answers[i] = w.send(t, patchAlert([]string{w.support, w.admin}[i%2], id, `{"state":"taken"}`)) })
	}
	wait.Wait()
	owner := w.text(`SELECT taken_by FROM alerts WHERE id = $1`, id)
	for i, answer := range answers {
		if owner == w.accountOf([]string{w.support, w.admin}[i%2]) {
			assert.Equal(t, http.StatusOK, answer.status, "%s", answer.body)
		} else {
			assert.Equal(t, http.StatusConflict, answer.status)
			assert.Contains(t, string(answer.body), owner)
		}
	}
	assert.Equal(t, "1", w.text(`SELECT count(*) FROM audit_log WHERE entity = 'alert'`))
}

func TestManagersSeeAlertsOfTheirHouses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.alerted(d.bought(t, d.customer, "k", "A01").ID, booking.AlertRefundRefused)
	require.NoError(t, d.options.Bookings.Bookings.Alert(t.Context(), booking.Alert{Kind: booking.AlertMessageVendorDenied, Detail: "sendgrid"}))
	rival := d.staffOf("una", "theater_manager")

	assert.Equal(t, alerts.Counts{Open: 2}, d.alertsAs(d.support, "").Counts)
	own := d.alertsAs(d.own, "")
	assert.Equal(t, alerts.Counts{Open: 1}, own.Counts)
	require.Len(t, own.Items, 1)
	assert.Equal(t, booking.AlertRefundRefused, own.Items[0].Kind)
	assert.Equal(t, alertPage{Items: []alerts.Item{}}, d.alertsAs(rival, ""))
	d.refused(patchAlert(rival, id, `{"state":"taken"}`), http.StatusNotFound, booking.CodeNotFound)
	about := d.text(`SELECT id FROM alerts WHERE booking_id IS NULL`)
	d.refused(patchAlert(d.own, about, `{"state":"taken"}`), http.StatusNotFound, booking.CodeNotFound)
	d.changedAlert(d.support, about, `{"state":"taken"}`)
}

func TestAlertsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.bought(t, d.customer, "k", "A01")
	for n := range 5 {
		require.NoError(t, d.options.Bookings.Bookings.Alert(t.Context(), booking.Alert{BookingID: b.ID, Kind: booking.AlertPaidTwice, Detail: fmt.Sprint(n)}))
	}
	d.exec(`UPDATE alerts SET created_at = now() - interval '1 day'`) // all at one moment
	id := d.alerted(b.ID, booking.AlertSeatsNotFreed)
	d.changedAlert(d.support, id, `{"state":"taken"}`)
	var all []string
	for cursor := ""; ; {
		page := d.alertsAs(d.admin, "?limit=2"+cursor)
		assert.Equal(t, alerts.Counts{Open: 5, Taken: 1}, page.Counts, "of all pages")
		for _, item := range page.Items {
			all = append(all, item.Detail)
		}
		if page.NextCursor == "" {
			break
		}
		cursor = "&cursor=" + page.NextCursor
	}
	assert.Equal(t, []string{"stripe pi_1", "4", "3", "2", "1", "0"}, all)
	for query, want := range map[string]int{
		"?kind=paid_twice": 5, "?kind=seats_not_freed": 1, "?state=taken": 1, "?booking_id=" + b.ID: 6, "?booking_id=" + uuid.NewString(): 0,
		"?theater_id=" + d.theater: 6, "?theater_id=" + uuid.NewString(): 0, "?taken_by=me": 0,
		"?taken_by=" + d.accountOf(d.support): 1, "?since=" + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339): 1,
		"?state=open&kind=seats_not_freed": 0,
	} {
		assert.Len(t, d.alertsAs(d.admin, query).Items, want, query)
	}
	assert.Len(t, d.alertsAs(d.support, "?taken_by=me").Items, 1)
	d.refused(call{token: d.admin, method: "GET", path: "/v1/admin/alerts?state=x&kind=x&booking_id=x&theater_id=x&taken_by=x&since=x&cursor=x"},
		http.StatusUnprocessableEntity, booking.CodeValidation, "state", "kind", "booking_id", "theater_id", "taken_by", "since", "cursor")
}

func TestFault66_HostileFieldsOfAlerts(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.alerted(d.bought(t, d.customer, "k", "A01").ID, booking.AlertRefundRefused)
	hostile := []any{"", "x", "\u202e", "\x07", strings.Repeat("é", 1001), "'; DROP TABLE alerts; --", `<script>alert(1)</script>`,
		true, -1, math.MaxInt64, []any{}, fields{}, nil, "\ufeff", "open", uuid.NewString()}
	for _, field := range []string{"state", "from", "note"} {
		for _, state := range []string{"open", "taken", "resolved"} {
			for _, value := range hostile {
				body := fields{"state": state, "note": "x"}
				body[field] = value
				got := d.do(t, patchAlert(d.support, id, body.with(nil)))
				assert.Less(t, got.status, http.StatusInternalServerError, "%s: %s", body, got.body)
			}
		}
	}
	for _, value := range []string{"%FF", "%2527", "-1", "99999999999999999999", "x", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "%E2%80%AE"} {
		for _, field := range []string{"state", "kind", "booking_id", "theater_id", "taken_by", "since", "cursor", "limit"} {
			got := d.do(t, call{token: d.support, method: "GET", path: "/v1/admin/alerts?" + field + "=" + value})
			assert.Less(t, got.status, http.StatusInternalServerError, "%s=%s: %s", field, value, got.body)
		}
	}
	for _, name := range []string{"x", "-1", "0", "99999999999999999999", "%FF", uuid.NewString()} {
		got := d.send(t, call{token: d.support, method: "PATCH", path: "/v1/admin/alerts/" + name, body: `{"state":"taken"}`, without: true})
		assert.Equal(t, http.StatusNotFound, got.status, "%s: %s", name, got.body)
	}
}
