package housestest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
)

// Box is a theater in the sandbox: its levers and its books are the same for every manner of
// system.
type Box struct {
	URL  string // of the sandbox
	Site string
}

const (
	boxZone = "America/New_York"
	boxHold = 10 * time.Minute
	boxFilm = "kite"
)

// NewBox makes a theater of one room in a sandbox. settings are those of the manner: its style
// and its credentials.
func NewBox(t *testing.T, address string, settings map[string]any) Box {
	t.Helper()
	type seat = map[string]any
	row := func(label, category string, types ...string) map[string]any {
		var seats []seat
		for i := range 10 {
			seats = append(seats, seat{"name": string(rune('0' + i)), "type": types[i%len(types)], "column": i + 1 + i/5, "x": i + 1 + i/5})
		}
		return map[string]any{"label": label, "category": category, "seats": seats}
	}
	body := map[string]any{
		"time_zone": boxZone, "currency": "USD", "hold_minutes": int(boxHold.Minutes()), "days": 2,
		"films":      []any{map[string]any{"id": boxFilm, "title": "Kite & <Wind>", "minutes": 120}},
		"categories": []any{map[string]any{"id": "stalls", "name": "Stalls", "price": 1205}, map[string]any{"id": "gallery", "name": "Gallery", "price": 1500}},
		"screens": []any{map[string]any{"id": "1", "name": "Room 1", "rows": []any{
			row("A", "stalls", "wheelchair", "companion"), row("B", "stalls", "standard"), row("C", "stalls", "standard"),
			row("D", "gallery", "standard"), row("E", "gallery", "standard"), row("F", "gallery", "sofa"),
		}}},
	}
	maps.Copy(body, settings)
	b := Box{URL: address, Site: "theater-" + uuid.NewString()[:8]}
	b.send(t, http.MethodPut, "", body, nil)
	return b
}

// Harness puts the levers around the adapter's two clients.
func (b Box) Harness(t *testing.T, house, denied activities.House) Harness {
	t.Helper()
	zone, err := time.LoadLocation(boxZone)
	require.NoError(t, err)
	counter := func(t *testing.T, action map[string]any) {
		t.Helper()
		b.send(t, http.MethodPost, "/counter", action, nil)
	}
	names := addressBook(t, house)
	return Harness{
		House: house, Denied: denied, HoldFor: boxHold, Zone: zone, Currency: "USD",
		AddShow: b.addShow,
		SellAtCounter: func(t *testing.T, show, address string) {
			require.NotEmpty(t, names[address], address)
			counter(t, map[string]any{"action": "sell", "show": show, "seats": []string{names[address]}})
		},
		CancelAtCounter: func(t *testing.T, reference string) {
			counter(t, map[string]any{"action": "cancel", "order": reference})
		},
		SetPrice: func(t *testing.T, show, category string, amount int64) {
			counter(t, map[string]any{"action": "price", "show": show, "category": category, "price": amount})
		},
		CancelShow: func(t *testing.T, show string) { counter(t, map[string]any{"action": "cancel_show", "show": show}) },
		MoveShow: func(t *testing.T, show string, at time.Time) {
			counter(t, map[string]any{"action": "move_show", "show": show, "starts_at": at})
		},
		RemoveSeat: func(t *testing.T, show, address string) {
			counter(t, map[string]any{"action": "remove_seats", "show": show, "seats": []string{names[address]}})
		},
		Advance: func(t *testing.T, by time.Duration) {
			b.send(t, http.MethodPost, "/clock", map[string]any{"advance_seconds": by.Seconds()}, nil)
		},
		SetClock: func(t *testing.T, off time.Duration) {
			b.send(t, http.MethodPost, "/clock", map[string]any{"off_seconds": off.Seconds()}, nil)
		},
		ForgetChanges: func(t *testing.T) { b.send(t, http.MethodPost, "/forget-changes", nil, nil) },
		Fault:         b.fault,
		Chaos:         b.chaos,
		Books:         func(t *testing.T, show string) Books { return b.books(t, show, names) },
		Gate: func(t *testing.T, code string) bool {
			var said struct{ Opens bool }
			b.send(t, http.MethodGet, "/gate?code="+url.QueryEscape(code), nil, &said)
			return said.Opens
		},
	}
}

// addressBook gives the books' names of seats, such as B7, by the addresses that the adapter
// tells. The room is the same for all shows.
func addressBook(t *testing.T, house activities.House) map[string]string {
	t.Helper()
	page, err := house.Program(t.Context(), "")
	require.NoError(t, err)
	names := map[string]string{}
	for _, show := range page.Shows {
		for _, row := range show.Rows {
			for _, seat := range row.Seats {
				names[seat.Address] = row.Label + seat.Name
			}
		}
	}
	return names
}

func (b Box) addShow(t *testing.T, startsAt time.Time) string {
	t.Helper()
	id := "added-" + uuid.NewString()[:8]
	b.send(t, http.MethodPost, "/shows", map[string]any{"id": id, "film": boxFilm, "screen": "1", "starts_at": startsAt}, nil)
	return id
}

// books tells our orders; the counter's are its own.
func (b Box) books(t *testing.T, show string, names map[string]string) Books {
	t.Helper()
	addresses := map[string]string{}
	for address, name := range names {
		addresses[name] = address
	}
	var kept struct {
		Orders []struct {
			Status  string
			Counter bool
			Tickets []struct{ Seat string }
		}
	}
	b.send(t, http.MethodGet, "/books?show="+url.QueryEscape(show), nil, &kept)
	var out Books
	for _, order := range kept.Orders {
		if order.Counter {
			continue
		}
		if order.Status == "sold" || order.Status == "cancelled" {
			out.Sales++
		}
		for _, ticket := range order.Tickets {
			switch order.Status {
			case "held", "pending":
				out.Held = append(out.Held, addresses[ticket.Seat])
			case "sold":
				out.Sold = append(out.Sold, addresses[ticket.Seat])
			}
		}
	}
	return out
}

var boxFaults = map[trouble]string{
	Failed: "failed", FailedDone: "booked_but_failed", ReplyLost: "reply_lost", HalfAnswer: "half_answer", Slow: "latency",
	Unreachable: "unreachable", WrongCodes: "wrong_codes", Pending: "pending", PendingFailed: "pending_fails", EndsEarly: "ends_early",
	NoEnd: "end_missing", DuplicateRefused: "duplicate_refused", Cached: "cached",
	FeedTwice: "feed_duplicate", FeedOmits: "feed_omits", FeedShuffled: "feed_reorder", FeedLate: "feed_late",
}

func (b Box) fault(t *testing.T, f Fault) {
	t.Helper()
	operations := map[Operation]string{OpFind: "state", OpSold: "sales"}
	operation := string(f.Operation)
	if other, named := operations[f.Operation]; named {
		operation = other
	}
	body := map[string]any{"vendor": "house", "site": b.Site, "operation": operation, "fault": boxFaults[f.Trouble], "times": 1}
	switch f.Trouble {
	case Slow:
		body["duration_ms"] = f.Delay.Milliseconds()
	case EndsEarly:
		body["duration_ms"] = 50
	case Pending, PendingFailed:
		body["polls"] = f.Polls
	}
	call(t, http.MethodPost, b.URL+"/faults", body, nil)
}

// chaos switches every fault of theaters on. Those of connections have several forms.
func (b Box) chaos(t *testing.T, share float64) (stop func()) {
	t.Helper()
	faults := []map[string]any{
		{"fault": "latency", "duration_ms": 30, "jitter_ms": 60}, {"fault": "error"}, {"fault": "error", "done": true}, {"fault": "never_answered"},
		{"fault": "counter_takes"}, {"fault": "counter_cancels"}, {"fault": "clock_off"}, {"fault": "price_changed"},
	}
	for trouble, name := range boxFaults {
		fault := map[string]any{"fault": name}
		switch trouble {
		case Slow:
			continue
		case EndsEarly:
			fault["duration_ms"] = 30
		case Pending, PendingFailed:
			fault["polls"] = 2
		}
		faults = append(faults, fault)
	}
	for _, fault := range faults {
		fault["vendor"], fault["site"], fault["probability"] = "house", b.Site, share/4
		if fault["fault"] != "price_changed" { // each changes all orders that come after it
			fault["probability"] = share
		}
		call(t, http.MethodPost, b.URL+"/faults", fault, nil)
	}
	return func() { call(t, http.MethodDelete, b.URL+"/faults", nil, nil) }
}

func (b Box) send(t *testing.T, method, path string, body, into any) {
	t.Helper()
	call(t, method, b.URL+"/house/"+b.Site+path, body, into)
}

func call(t *testing.T, method, address string, body, into any) {
	t.Helper()
	var raw []byte
	if body != nil {
		var err error
		raw, err = json.Marshal(body)
		require.NoError(t, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(raw))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Less(t, answer.StatusCode, 300, "%s %s: %s", method, address, text)
	if into != nil {
		require.NoError(t, json.Unmarshal(text, into))
	}
}
