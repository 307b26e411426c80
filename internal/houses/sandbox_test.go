package houses

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/houses/housestest"
	"github.com/boxoffice/boxoffice/internal/houses/office"
	"github.com/boxoffice/boxoffice/internal/houses/session"
	"github.com/boxoffice/boxoffice/sandbox/sandboxtest"
)

// style is one manner of a theater's system in the sandbox.
type style struct {
	settings map[string]any
	client   func(address string) (activities.House, error)
}

var styles = map[string]style{
	"session": {map[string]any{"style": "session", "token": "t"}, func(address string) (activities.House, error) {
		return session.New(session.Options{Address: address + "/session", Token: "t", Logger: slog.New(slog.DiscardHandler)})
	}},
	"office": {map[string]any{"style": "office", "user": "u", "password": "p"}, func(address string) (activities.House, error) {
		return office.New(office.Options{Address: address + "/office", User: "u", Password: "p", HoldFor: 10 * time.Minute, Logger: slog.New(slog.DiscardHandler)})
	}},
}

// Both clients, from the theater's books to ours and back.
func TestTheatersOfTheSandbox(t *testing.T) {
	t.Parallel()
	for name, of := range styles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := sandboxtest.New(t)
			theater := openTheater(t, address, of.settings)
			house, err := of.client(address + "/house/" + theater.Site)
			require.NoError(t, err)
			levers := theater.Harness(t, house, house)
			r := newRemote(t)
			r.Exec(`UPDATE theaters SET currency = 'USD', time_zone = 'America/New_York'`)
			r.follow(house)
			assert.Empty(t, r.alerts(booking.AlertHouseShowUnsellable))

			added := levers.AddShow(t, tomorrow().Add(48*time.Hour))
			r.follow(house)
			show := r.show(added)
			assert.True(t, r.onSale(show))
			assert.NotEmpty(t, r.text(`SELECT seats->>'D1' FROM house_shows WHERE show_id = $1`, show))

			// One seat is sold at the counter, and two to a booking of ours.
			levers.SellAtCounter(t, added, r.text(`SELECT seats->>'D1' FROM house_shows WHERE show_id = $1`, show))
			sold := r.Sold(show, "D5", "D6")
			order := booking.HouseOrder{BookingID: sold.BookingID, Attempt: 1, Terms: r.houseTerms(show, added, "D5", "D6")}
			state, err := house.Hold(t.Context(), order)
			require.NoError(t, err)
			order.Reference = state.Reference
			state, err = house.Confirm(t.Context(), order)
			require.NoError(t, err)
			order.Reference = state.Reference
			r.soldThere(order)
			taken, err := house.Seats(t.Context(), added)
			require.NoError(t, err)
			require.NoError(t, r.store.WriteTaken(t.Context(), show, taken))
			assert.Equal(t, map[string]string{"D1": "sold " + uuid.Nil.String(), "D5": "sold " + sold.BookingID, "D6": "sold " + sold.BookingID}, r.Claims(show))
			r.old()
			assert.Empty(t, r.reconcile(show, r.sales(house, added)...), "the books agree")

			// A sale whose booking is gone, and one that is cancelled at the counter.
			orphan := booking.HouseOrder{BookingID: uuid.NewString(), Attempt: 1, Terms: r.houseTerms(show, added, "E1")}
			held, err := house.Hold(t.Context(), orphan)
			require.NoError(t, err)
			orphan.Reference = held.Reference
			_, err = house.Confirm(t.Context(), orphan)
			require.NoError(t, err)
			levers.CancelAtCounter(t, order.Reference)
			r.reconcile(show, r.sales(house, added)...)
			r.old()
			found := r.reconcile(show, r.sales(house, added)...)
			slices.SortFunc(found, func(a, b booking.HouseFinding) int { return strings.Compare(string(a.Kind), string(b.Kind)) })
			require.Len(t, found, 2)
			assert.Equal(t, booking.HouseUndone, found[0].Kind)
			require.NotNil(t, found[1].Cancel)
			require.NoError(t, house.Cancel(t.Context(), *found[1].Cancel))
			require.Len(t, r.reconcile(show, r.sales(house, added)...), 1)

			levers.MoveShow(t, added, tomorrow().Add(72*time.Hour))
			applied := r.follow(house)
			require.Len(t, applied.Changes, 1)
			assert.Equal(t, show, applied.Changes[0].ShowID)
		})
	}
}

// openTheater makes a theater of one room in the sandbox, with seats that count from 1.
func openTheater(t *testing.T, address string, settings map[string]any) housestest.Box {
	t.Helper()
	var rows []any
	for label, category := range map[string]string{"D": "stalls", "E": "gallery"} {
		var seats []any
		for n := 1; n <= 6; n++ {
			seats = append(seats, map[string]any{"name": strconv.Itoa(n), "type": "standard", "column": n, "x": n})
		}
		rows = append(rows, map[string]any{"label": label, "category": category, "seats": seats})
	}
	body := map[string]any{
		"time_zone": "America/New_York", "currency": "USD", "hold_minutes": 10, "days": 2,
		"films":      []any{map[string]any{"id": "kite", "title": "Kite & <Wind>", "minutes": 120}},
		"categories": []any{map[string]any{"id": "stalls", "name": "Stalls", "price": 1205}, map[string]any{"id": "gallery", "name": "Gallery", "price": 1500}},
		"screens":    []any{map[string]any{"id": "1", "name": "Room 1", "rows": rows}},
	}
	maps.Copy(body, settings)
	text, err := json.Marshal(body)
	require.NoError(t, err)
	box := housestest.Box{URL: address, Site: "theater-" + uuid.NewString()[:8]}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address+"/house/"+box.Site, bytes.NewReader(text))
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Less(t, answer.StatusCode, 300)
	return box
}

// follow reads the program on from where it stopped.
func (r *remote) follow(house activities.House) (all booking.HouseApplied) {
	r.T.Helper()
	cursor, err := r.store.BeginProgram(r.T.Context(), r.Theater)
	require.NoError(r.T, err)
	for {
		page, err := house.Program(r.T.Context(), cursor)
		require.NoError(r.T, err)
		applied, err := r.store.ApplyProgram(r.T.Context(), r.Theater, page)
		require.NoError(r.T, err)
		all.Add(applied)
		if cursor = page.Next; !page.More {
			return all
		}
	}
}

func (r *remote) sales(house activities.House, show string) (all []booking.HouseState) {
	r.T.Helper()
	cursor := ""
	for {
		page, err := house.Sold(r.T.Context(), show, cursor)
		require.NoError(r.T, err)
		all = append(all, page.Orders...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// houseTerms are the terms of seats by our own copy of the program.
func (r *remote) houseTerms(show, external string, seats ...string) booking.HouseTerms {
	r.T.Helper()
	terms := booking.HouseTerms{TheaterID: r.Theater, Adapter: "session", Show: external}
	for _, seat := range seats {
		category := r.text(`SELECT row->>'category' FROM shows s JOIN layouts l ON l.id = s.layout_id,
			jsonb_array_elements(l.layout->'rows') AS row, jsonb_array_elements(row->'seats') AS one
			WHERE s.id = $1 AND one->>'id' = $2`, show, seat)
		terms.Seats = append(terms.Seats, booking.HouseSeat{
			Seat: seat, Address: r.text(`SELECT seats->>$2 FROM house_shows WHERE show_id = $1`, show, seat),
			Category: r.text(`SELECT categories->>$2 FROM house_shows WHERE show_id = $1`, show, category),
			Price:    booking.Money{Amount: r.Number(`SELECT (prices->>$2)::bigint FROM shows WHERE id = $1`, show, category), Currency: "USD"},
		})
	}
	return terms
}
