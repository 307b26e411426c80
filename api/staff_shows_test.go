package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// desk is a world with a manager of its theater, who plans shows.
type desk struct {
	*world
	theater, screen, movie string
	own                    string // the manager's access token
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{world: newWorld(t)}
	d.theater, d.screen, d.movie = d.text(`SELECT id FROM theaters`), d.text(`SELECT id FROM screens`), d.text(`SELECT id FROM movies`)
	d.own = d.hire(d.manager, d.theater)
	return d
}

// text reads one value.
func (w *world) text(query string, args ...any) string {
	w.t.Helper()
	var value string
	require.NoError(w.t, w.db.Pool.QueryRow(w.t.Context(), `SELECT x::text FROM (`+query+`) AS q (x)`, args...).Scan(&value))
	return value
}

// hire lets the account of a token run a theater.
func (w *world) hire(token, theater string) string {
	w.t.Helper()
	claims, err := w.options.Accounts.Verify(token)
	require.NoError(w.t, err)
	w.exec(`INSERT INTO theater_managers (account_id, theater_id) VALUES ($1, $2)`, claims.Subject, theater)
	return token
}

// fields is a JSON object; a nil value takes a field out.
type fields map[string]any

func (f fields) with(more fields) string {
	all := fields{}
	for _, from := range []fields{f, more} {
		for name, value := range from {
			all[name] = value
			if value == nil {
				delete(all, name)
			}
		}
	}
	body, _ := json.Marshal(all)
	return string(body)
}

func rupees(amount int64) booking.Money { return booking.Money{Amount: amount, Currency: "INR"} }

// today is when the tests began, so that none runs over midnight.
var today = time.Now().UTC().Truncate(24 * time.Hour)

// at is a moment some days ahead, at a full hour of UTC that no planted show is
// near.
func at(days, hour int) time.Time {
	return today.AddDate(0, 0, days+10).Add(time.Duration(hour) * time.Hour)
}

func (d *desk) newShow(start time.Time) fields {
	return fields{
		"movie_id": d.movie, "screen_id": d.screen, "starts_at": start.Format(time.RFC3339), "format": "2D", "language": "fr",
		"prices": fields{"gold": rupees(30000)}, "fee_per_seat": rupees(1000), "tax_basis_points": 1800,
	}
}

func (d *desk) plan(t testing.TB, start time.Time, more fields) staff.Show {
	t.Helper()
	var show staff.Show
	d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/shows", body: d.newShow(start).with(more),
		status: http.StatusCreated}).into(t, &show)
	return show
}

func (d *desk) change(t testing.TB, show string, change fields, status int, parts ...string) reply {
	t.Helper()
	return d.do(t, call{token: d.own, method: "PATCH", path: "/v1/admin/shows/" + show, body: change.with(nil), status: status, holds: parts})
}

func (d *desk) audited(t testing.TB, entity, id string) []string {
	t.Helper()
	rows, err := d.db.Pool.Query(t.Context(), `SELECT action || ' ' || actor_role || ' ' || (before <> 'null') || ' ' || (after <> 'null')
		FROM audit_log WHERE entity = $1 AND entity_id = $2 ORDER BY id`, entity, id)
	require.NoError(t, err)
	defer rows.Close()
	var entries []string
	for rows.Next() {
		var entry string
		require.NoError(t, rows.Scan(&entry))
		entries = append(entries, entry)
	}
	require.NoError(t, rows.Err())
	return entries
}

func TestStaffPlanAShow(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	start := at(1, 14)
	got := d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/shows", status: http.StatusCreated,
		body: d.newShow(start).with(fields{"subtitles": "EN-gb", "captions": true, "relaxed": true, "audio_description": true})})
	var show staff.Show
	got.into(t, &show)
	assert.Equal(t, "/v1/admin/shows/"+show.ID.String(), got.header.Get("Location"))
	assert.Equal(t, "Amélie", show.Movie.Title)
	assert.Equal(t, start, show.StartsAt)
	assert.Equal(t, start.Add(147*time.Minute), show.EndsAt, "122 minutes, trailers and interval")
	assert.Equal(t, show.EndsAt.Add(15*time.Minute), show.CleanAt)
	assert.Equal(t, start.Add(5*time.Hour+30*time.Minute).Format("2006-01-02T15:04:05"), show.LocalTime)
	assert.Equal(t, start.Add(-10*time.Minute), show.SalesCloseAt)
	assert.WithinDuration(t, time.Now(), show.SalesOpenAt, time.Minute)
	assert.Equal(t, "en-GB", show.Subtitles)
	assert.True(t, show.Captions && show.Relaxed && show.AudioDescription)
	assert.Equal(t, &staff.ShowSeats{Capacity: 60}, show.Seats)
	assert.Equal(t, []string{"create theater_manager false true"}, d.audited(t, "show", show.ID.String()))

	// Customers find it, and buy.
	d.do(t, call{method: "GET", path: "/v1/shows/" + show.ID.String(), status: http.StatusOK, holds: []string{`"amount":30000`}})
	d.world.show = show.ID.String()
	d.book(t, d.customer, "a", "C07", "C08")
	d.bought(t, d.other, "b", "A01")
	d.do(t, call{token: d.support, method: "GET", path: "/v1/admin/shows/" + show.ID.String(), status: http.StatusOK,
		holds: []string{`"seats":{"capacity":60,"held":2,"sold":1}`}})
}

func TestStaffPlanByTheTheatersClock(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	day := at(2, 0).Format(time.DateOnly)
	show := d.plan(t, at(1, 0), fields{"starts_at": nil, "local_starts_at": day + "T18:30"})
	assert.Equal(t, day+"T18:30:00", show.LocalTime)
	assert.Equal(t, day+"T13:00:00Z", show.StartsAt.Format(time.RFC3339))

	spring, _ := clockChanges(t, "Europe/London")
	d.exec(`UPDATE theaters SET time_zone = 'Europe/London'`)
	d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/shows", status: http.StatusUnprocessableEntity,
		body:  d.newShow(at(1, 0)).with(fields{"starts_at": nil, "local_starts_at": spring.Format(time.DateOnly) + "T01:30"}),
		holds: []string{`"field":"local_starts_at"`, "does not exist"}})
}

// clockChanges gives the next days on which a zone's clock is put forward and
// back, at midnight UTC.
func clockChanges(t testing.TB, name string) (forward, back time.Time) {
	t.Helper()
	zone, err := time.LoadLocation(name)
	require.NoError(t, err)
	day := today.AddDate(0, 0, 14)
	for forward.IsZero() || back.IsZero() {
		_, before := day.In(zone).Zone()
		_, after := day.AddDate(0, 0, 1).In(zone).Zone()
		switch {
		case after > before && forward.IsZero():
			forward = day
		case after < before && back.IsZero():
			back = day
		}
		day = day.AddDate(0, 0, 1)
	}
	return forward, back
}

func TestStaffShowsAreChecked(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ahead := at(1, 14)
	gone, empty := uuid.NewString(), uuid.NewString()
	d.exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes, retired_at) VALUES ($1, 'gone', 'Gone', 1999, 100, now())`, gone)
	unknown := uuid.NewString()
	d.exec(`INSERT INTO movies (id, slug, title, year, runtime_minutes) VALUES ($1, 'how-long', 'How Long', 1925, 0)`, unknown)
	d.exec(`INSERT INTO screens (id, theater_id, name) VALUES ($1, $2, 'Empty')`, empty, d.theater)
	elsewhere := uuid.NewString()
	d.exec(`INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
		SELECT $1, 'rose', id, 'Rose', '2 Main Street', 18.5, 73.8, 'Asia/Kolkata', 'INR' FROM cities`, elsewhere)
	card := uuid.NewString()
	d.exec(`INSERT INTO price_cards (id, theater_id, name, prices) VALUES ($1, $2, 'Rose', '{"gold": 100}')`, card, elsewhere)

	for name, c := range map[string]struct {
		change fields
		wrong  []string
	}{
		"nothing at all": {fields{"movie_id": nil, "screen_id": nil, "starts_at": nil, "format": nil, "language": nil, "prices": nil},
			[]string{"movie_id", "screen_id", "format", "language"}},
		"no start, no prices":      {fields{"starts_at": nil, "prices": nil}, []string{"starts_at", "prices"}},
		"everything wrong at once": {fields{"format": "5D", "language": "xx-!!", "subtitles": "?", "ends_at": "late"}, []string{"format", "language", "subtitles", "ends_at"}},
		"no such movie":            {fields{"movie_id": uuid.NewString()}, []string{"movie_id"}},
		"a retired movie":          {fields{"movie_id": gone}, []string{"movie_id"}},
		"no such screen":           {fields{"screen_id": "Screen 1"}, []string{"screen_id"}},
		"a screen without seats":   {fields{"screen_id": empty}, []string{"screen_id"}},
		"two starts":               {fields{"local_starts_at": "2030-01-01T10:00"}, []string{"local_starts_at"}},
		"yesterday":                {fields{"starts_at": time.Now().UTC().AddDate(0, 0, -1).Format("2006-01-02T15:04:00Z")}, []string{"starts_at"}},
		"a mistyped year":          {fields{"starts_at": "2126-12-01T10:00:00Z"}, []string{"starts_at"}},
		"half a minute":            {fields{"starts_at": ahead.Add(30 * time.Second).Format(time.RFC3339)}, []string{"starts_at"}},
		"ends before it starts":    {fields{"ends_at": ahead.Add(-time.Hour).Format(time.RFC3339)}, []string{"ends_at", "sales_close_at"}},
		"shorter than the film":    {fields{"ends_at": ahead.Add(2 * time.Hour).Format(time.RFC3339)}, []string{"ends_at"}},
		"longer than a day":        {fields{"ends_at": ahead.Add(25 * time.Hour).Format(time.RFC3339)}, []string{"ends_at"}},
		"an unknown runtime":       {fields{"movie_id": unknown}, []string{"ends_at"}},
		"sold before it is sold":   {fields{"sales_open_at": ahead.Format(time.RFC3339)}, []string{"sales_close_at"}},
		"sold when it is over":     {fields{"sales_close_at": ahead.Add(9 * time.Hour).Format(time.RFC3339)}, []string{"sales_close_at"}},
		"a category too few":       {fields{"prices": fields{"silver": rupees(1)}}, []string{"prices", "prices"}},
		"a category too many":      {fields{"prices": fields{"gold": rupees(1), "silver": rupees(1)}}, []string{"prices"}},
		"no categories":            {fields{"prices": fields{}}, []string{"prices"}},
		"another currency":         {fields{"prices": fields{"gold": booking.Money{Amount: 1, Currency: "USD"}}}, []string{"prices.gold.currency"}},
		"for nothing":              {fields{"prices": fields{"gold": rupees(0)}}, []string{"prices.gold.amount"}},
		"more than can be added":   {fields{"prices": fields{"gold": rupees(1 << 60)}}, []string{"prices.gold.amount"}},
		"a negative fee":           {fields{"fee_per_seat": rupees(-1)}, []string{"fee_per_seat.amount"}},
		"a tax of twice the price": {fields{"tax_basis_points": 20001}, []string{"tax_basis_points"}},
		"prices and a card":        {fields{"price_card_id": card}, []string{"price_card_id"}},
		"another theater's card":   {fields{"prices": nil, "fee_per_seat": nil, "tax_basis_points": nil, "price_card_id": card}, []string{"price_card_id"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/shows", body: d.newShow(ahead).with(c.change),
				status: http.StatusUnprocessableEntity, code: "validation_failed"})
			var p rest.Problem
			got.into(t, &p)
			var wrong []string
			for _, e := range p.Errors {
				wrong = append(wrong, e.Field)
			}
			assert.ElementsMatch(t, c.wrong, wrong, "%s", got.body)
		})
	}
	d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/shows", body: d.newShow(ahead).with(fields{"price": 1}),
		status: http.StatusBadRequest, holds: []string{`"field":"price"`}})
	d.do(t, call{token: d.own, method: "POST", path: "/v1/admin/shows", body: d.newShow(ahead).with(fields{"format": 5}),
		status: http.StatusBadRequest, holds: []string{`"field":"format"`}})
	assert.Equal(t, "0", d.text(`SELECT count(*) FROM shows WHERE starts_at > now() + interval '8 days'`))
	assert.Equal(t, "0", d.text(`SELECT count(*) FROM audit_log`))
}

func TestStaffOverlapIsNamed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := d.plan(t, at(1, 14), nil) // until 16:27, clean at 16:42
	for name, minutes := range map[string]int{
		"at the same time": 0, "while it runs": 90, "while it is cleaned": 161, "when it would not be clean in time": -161,
	} {
		got := d.do(t, call{name: name, token: d.own, method: "POST", path: "/v1/admin/shows", code: "conflict",
			body: d.newShow(first.StartsAt.Add(time.Duration(minutes) * time.Minute)).with(nil), status: http.StatusConflict,
			holds: []string{"“Amélie” is on this screen from " + first.LocalTime, "cleaned for 15 minutes"}})
		var refused inTheWay
		got.into(t, &refused)
		require.NotNil(t, refused.Show, name)
		assert.Equal(t, first.ID, refused.Show.ID, name)
		assert.Equal(t, first.EndsAt, refused.Show.EndsAt, name)
	}
	// To the minute before and after there is room.
	d.plan(t, first.CleanAt, nil)
	before := d.plan(t, first.StartsAt.Add(-162*time.Minute), nil)
	d.change(t, before.ID.String(), fields{"starts_at": first.StartsAt.Format(time.RFC3339)}, http.StatusConflict, first.ID.String())
	assert.Equal(t, []string{"create theater_manager false true"}, d.audited(t, "show", before.ID.String()))
}

func TestTwoManagersPlanAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const managers = 8
	statuses := make(chan int, managers)
	for i := range managers {
		go func() {
			start := at(1, 14).Add(time.Duration(i) * 10 * time.Minute)
			statuses <- d.send(t, call{token: d.own, method: "POST", path: "/v1/admin/shows", body: d.newShow(start).with(nil)}).status
		}()
	}
	counts := map[int]int{}
	for range managers {
		counts[<-statuses]++
	}
	assert.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusConflict: managers - 1}, counts)
}

// Concurrent changes of one show take turns: they do not deadlock, and none fails.
func TestAShowIsChangedAndMovedAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.plan(t, at(1, 14), nil).ID.String()
	var requests []call
	for i := range 12 {
		move := fields{"starts_at": at(1, 14).Add(time.Duration(i+1) * time.Minute).Format(time.RFC3339), "reason": "Late", "default": "keep"}
		requests = append(requests,
			call{token: d.own, method: "PATCH", path: "/v1/admin/shows/" + id, body: fmt.Sprintf(`{"captions":%t}`, i%2 == 0)},
			call{token: d.admin, method: "POST", path: "/v1/admin/shows/" + id + "/reschedule", body: move.with(nil),
				headers: map[string]string{"Idempotency-Key": fmt.Sprintf("move-%d", i)}})
	}
	answers := make(chan reply, len(requests))
	for _, c := range requests {
		go func() { answers <- d.send(t, c) }()
	}
	for range requests {
		got := <-answers
		assert.Less(t, got.status, http.StatusBadRequest, "%s", got.body)
	}
}

func TestStaffChangeAShow(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	show := d.plan(t, at(1, 14), nil)
	id := show.ID.String()
	moved := at(2, 18)
	var changed staff.Show
	d.change(t, id, fields{"starts_at": moved.Format(time.RFC3339), "format": "IMAX", "language": "hi", "subtitles": "fr",
		"captions": true, "prices": fields{"gold": rupees(50000)}, "fee_per_seat": rupees(0)}, http.StatusOK).into(t, &changed)
	assert.Equal(t, moved, changed.StartsAt)
	assert.Equal(t, moved.Add(147*time.Minute), changed.EndsAt, "the end moves along")
	assert.Equal(t, moved.Add(162*time.Minute), changed.CleanAt)
	assert.Equal(t, moved.Add(-10*time.Minute), changed.SalesCloseAt, "and so does the end of sales")
	assert.Equal(t, rupees(50000), changed.Prices["gold"])
	assert.EqualValues(t, 1800, changed.TaxBasisPoints, "what is left out stays")
	assert.Greater(t, changed.TermsVersion, show.TermsVersion)
	d.change(t, id, fields{"subtitles": ""}, http.StatusOK, `"subtitles":""`)
	assert.Equal(t, []string{"create theater_manager false true", "change theater_manager true true", "change theater_manager true true"},
		d.audited(t, "show", id))

	// A stale ETag stops an editor; a sale does not change the ETag.
	read := d.do(t, call{token: d.own, method: "GET", path: "/v1/admin/shows/" + id, status: http.StatusOK})
	d.world.show = id
	d.book(t, d.customer, "k", "A01")
	relaxed := func(tag string, status int) {
		d.do(t, call{token: d.own, method: "PATCH", path: "/v1/admin/shows/" + id, body: `{"relaxed":true}`, status: status,
			headers: map[string]string{"If-Match": tag}})
	}
	relaxed(read.header.Get("ETag"), http.StatusOK)
	relaxed(read.header.Get("ETag"), http.StatusPreconditionFailed)

	for name, c := range map[string]struct {
		change fields
		status int
		part   string
	}{
		"prices that do not fit": {fields{"prices": fields{"silver": rupees(1)}}, http.StatusUnprocessableEntity, `"field":"prices"`},
		"no such layout":         {fields{"layout_version": 9}, http.StatusUnprocessableEntity, `"field":"layout_version"`},
		"no such field":          {fields{"movie_id": d.movie}, http.StatusBadRequest, `"field":"movie_id"`},
		"no such show":           {nil, http.StatusNotFound, "no such show"},
	} {
		target := id
		if c.change == nil {
			target = uuid.NewString()
		}
		t.Log(name)
		d.change(t, target, c.change, c.status, c.part)
	}
	d.exec(`UPDATE shows SET status = 'cancelled' WHERE id = $1`, id)
	d.change(t, id, fields{"captions": false}, http.StatusConflict, "was cancelled")
	d.change(t, d.past, fields{"captions": true}, http.StatusConflict, "is over")
}

// A show with claims does not move by an edit; a sold show is moved by a show change.
func TestStaffShowsWithClaimsDoNotMove(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	show := d.plan(t, at(1, 14), nil)
	id := show.ID.String()
	other := uuid.NewString()
	d.exec(`INSERT INTO screens (id, theater_id, name) VALUES ($1, $2, 'Screen 2')`, other, d.theater)
	d.exec(`INSERT INTO layouts (id, screen_id, version, layout, capacity) SELECT gen_random_uuid(), $1, 1, layout, capacity FROM layouts`, other)
	d.world.show = id
	held := d.book(t, d.customer, "k", "A01")

	later := fields{"starts_at": at(1, 15).Format(time.RFC3339)}
	for _, change := range []fields{later, {"screen_id": other}, {"ends_at": show.EndsAt.Add(time.Hour).Format(time.RFC3339)}} {
		d.change(t, id, change, http.StatusConflict, "/v1/admin/shows/"+id+"/reschedule")
	}
	// The same start and screen are no change, and the other fields may change.
	d.change(t, id, fields{"starts_at": show.StartsAt.Format(time.RFC3339), "screen_id": strings.ToUpper(d.screen), "captions": true}, http.StatusOK)
	d.do(t, call{token: d.own, method: "DELETE", path: "/v1/admin/shows/" + id, status: http.StatusConflict,
		holds: []string{"/v1/admin/shows/" + id + "/cancel"}})

	// A hold that ran out may still turn into a ticket until its workflow ends it.
	d.exec(`UPDATE seat_claims SET held_until = now() - interval '1 minute'`)
	d.change(t, id, later, http.StatusConflict)
	require.NoError(t, d.saga.bookings.End(t.Context(), booking.Ending{BookingID: held.ID, Status: booking.StatusExpired}))
	d.change(t, id, later, http.StatusOK)
	d.change(t, id, fields{"screen_id": other}, http.StatusOK, `"name":"Screen 2"`)
	// It was booked once, so it stays on record.
	d.do(t, call{token: d.own, method: "DELETE", path: "/v1/admin/shows/" + id, status: http.StatusConflict, code: "conflict"})

	unwanted := d.plan(t, at(3, 14), nil).ID.String()
	d.do(t, call{token: d.own, method: "DELETE", path: "/v1/admin/shows/" + unwanted, status: http.StatusNoContent})
	d.do(t, call{token: d.own, method: "DELETE", path: "/v1/admin/shows/" + unwanted, status: http.StatusNotFound})
	d.do(t, call{method: "GET", path: "/v1/shows/" + unwanted, status: http.StatusNotFound})
	assert.Equal(t, []string{"create theater_manager false true", "delete theater_manager true false"}, d.audited(t, "show", unwanted))
}

// A hold keeps the price it was quoted; the next one pays the new price.
func TestPriceChangeDoesNotChangeAHold(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.plan(t, at(1, 14), nil).ID.String()
	d.world.show = id
	before := d.book(t, d.customer, "k", "A01")
	d.change(t, id, fields{"prices": fields{"gold": rupees(90000)}, "fee_per_seat": rupees(5000), "tax_basis_points": 0}, http.StatusOK)
	after := d.book(t, d.other, "k", "A02")
	assert.EqualValues(t, 30000+1000+5400, before.Quote.Total.Amount)
	assert.EqualValues(t, 90000+5000, after.Quote.Total.Amount)

	d.pay(t, before.Payment.Reference, "pm_card_visa")
	sold := d.do(t, call{token: d.customer, method: "POST", path: "/v1/bookings/" + before.ID + "/payment/check", status: http.StatusOK}).booking(t)
	assert.Equal(t, booking.StatusConfirmed, sold.Status)
	assert.Equal(t, before.Quote, sold.Quote)
	d.do(t, call{token: d.customer, method: "POST", path: "/v1/bookings", status: http.StatusCreated, body: bookBody(id, "A01"),
		headers: map[string]string{"Idempotency-Key": "k"}, holds: []string{fmt.Sprintf(`"total":{"amount":%d`, before.Quote.Total.Amount)}})
}
