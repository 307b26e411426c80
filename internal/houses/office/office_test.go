package office_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/houses/office"
)

func TestNewNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := office.New(office.Options{Address: "tickets.example/packets"})
	require.Error(t, err)
	for _, problem := range []string{"not an absolute URL", "no user", "no password", "not 0s"} {
		require.ErrorContains(t, err, problem)
	}
	_, err = office.New(office.Options{Address: "https://a:secret@tickets.example", User: "a", Password: "b", HoldFor: time.Minute})
	require.ErrorContains(t, err, "settings of their own")
	assert.NotContains(t, err.Error(), "secret")
	house, err := office.New(office.Options{Address: "https://tickets.example:2235/packets", User: "a", Password: "b", HoldFor: time.Minute})
	require.NoError(t, err)
	assert.Equal(t, "office", house.Name())
}

// told is a house whose office always says the same.
func told(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *office.House {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(answer))
	t.Cleanup(server.Close)
	return newHouse(t, server.URL, password)
}

func says(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

var wanted = booking.HouseOrder{BookingID: "7d9d1c3e-0f36-4c52-8a53-5c0a2d3b9f10", Attempt: 1, Terms: booking.HouseTerms{
	Show: "1", Seats: []booking.HouseSeat{
		{Seat: "B1", Address: "B/1", Category: "s", Price: booking.Money{Amount: 1250, Currency: "EUR"}},
		{Seat: "B2", Address: "B/2", Category: "s", Price: booking.Money{Amount: 1250, Currency: "EUR"}},
	},
}}

// sold is a good answer to a question for the order.
var sold = fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<Answer packet="state" status="0" zone="Romance Standard Time"><Order number="12" reference="%s" show="1" state="sold" sale="W1" total="25.00" currency="EUR">
<Place id="B/1" code="1111"/><Place id="B/2" code="2222"/></Order></Answer>
`, wanted.Key())

// Whatever is not the office's own answer about this order tells nothing.
func TestUnreadableAnswersAreUnknown(t *testing.T) {
	t.Parallel()
	state, err := told(t, says(sold)).Find(t.Context(), wanted)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"B/1": "1111", "B/2": "2222"}, state.Codes)

	change := func(old, other string) string {
		require.Contains(t, sold, old)
		return strings.Replace(sold, old, other, 1)
	}
	for name, text := range map[string]string{
		"nothing":              "",
		"a page":               "<html><body>It works!</body></html>",
		"JSON":                 `{"status":0}`,
		"no status":            change(` status="0"`, ""),
		"status that is none":  change(` status="0"`, ` status="ok"`),
		"another packet":       change(`packet="state"`, `packet="delete"`),
		"another's order":      change(wanted.Key(), wanted.BookingID+"-2"),
		"no number":            change(`number="12"`, `number=""`),
		"no state":             change(`state="sold"`, `state=""`),
		"unknown state":        change(`state="sold"`, `state="reserved"`),
		"no order":             `<Answer packet="state" status="0"></Answer>`,
		"two orders":           strings.Replace(sold, "</Answer>", sold[strings.Index(sold, "<Order"):strings.Index(sold, "</Answer>")]+"</Answer>", 1),
		"one code for two":     change("2222", "1111"),
		"no code":              change(` code="2222"`, ""),
		"a place twice":        change("B/2", "B/1"),
		"no name of the sale":  change(`sale="W1"`, ""),
		"no total":             change(`total="25.00"`, ""),
		"a total of fractions": change("25.00", "25.005"),
		"a total below zero":   change("25.00", "-25.00"),
		"no currency":          change(`currency="EUR"`, ""),
		"two answers":          sold + sold[strings.Index(sold, "<Answer"):],
		"text behind it":       sold + "bye",
		"an entity":            change("<Answer", `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Answer`) + "&b;",
		"an unknown charset":   change("UTF-8", "EBCDIC"),
		"too much":             sold + strings.Repeat(" ", 8<<20),
	} {
		_, err := told(t, says(text)).Find(t.Context(), wanted)
		require.Error(t, err, name)
		assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), name)
	}
}

func TestOlderSystemsSendLatinLetters(t *testing.T) {
	t.Parallel()
	text := "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Answer packet=\"schedule\" status=\"0\" zone=\"Europe/Paris\" version=\"3\">" +
		"<Show id=\"1\" title=\"Am\xe9lie\" minutes=\"122\" starts=\"2030-05-01T20:00:00\" currency=\"EUR\"/></Answer>"
	page, err := told(t, says(text)).Program(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, page.Shows, 1)
	assert.Equal(t, "Amélie", page.Shows[0].Movie.Title)
	assert.Equal(t, "since:3", page.Next)
}

func TestStatusesOfHTTP(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]booking.Code{
		http.StatusUnauthorized: booking.CodeHouseError, http.StatusForbidden: booking.CodeHouseError, http.StatusNotFound: booking.CodeHouseError,
		http.StatusInternalServerError: booking.CodeHouseUnavailable, http.StatusBadGateway: booking.CodeHouseUnavailable,
		http.StatusServiceUnavailable: booking.CodeHouseUnavailable, http.StatusGatewayTimeout: booking.CodeHouseUnavailable,
		http.StatusTooManyRequests: booking.CodeHouseUnavailable, http.StatusNoContent: booking.CodeHouseUnavailable,
	} {
		house := told(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		_, err := house.Hold(t.Context(), wanted)
		assert.Equal(t, want, booking.CodeOf(err), status)
	}
}

// The password goes to the theater's address and to no other.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		elsewhere.Add(1)
		_, _ = w.Write([]byte(sold))
	}))
	defer other.Close()
	house := told(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	_, err := house.Find(t.Context(), wanted)
	assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err))
	assert.Zero(t, elsewhere.Load())
}

func TestErrorsAndLogsKeepSecrets(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	house, err := office.New(office.Options{
		Address: "http://127.0.0.1:1/packets?site=secret", User: user, Password: password, HoldFor: time.Minute,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	require.NoError(t, err)
	_, err = house.Find(context.Background(), wanted)
	require.Error(t, err)
	assert.NotContains(t, err.Error()+log.String(), "secret")
	assert.NotContains(t, err.Error()+log.String(), password)
	assert.Contains(t, log.String(), wanted.Key())
}

// One show that cannot be read stops no other. It is passed on without seats and prices, so
// that it is not sold as it was. A zone that is not known stops all.
func TestProgramWithMistakes(t *testing.T) {
	t.Parallel()
	const good = `<Show id="1" title="Kite" starts="2030-05-01T20:00:00" minutes="90" currency="EUR"><Price category="s" amount="12.5"/>` +
		`<Row label="A" category="s"><Seat name="1" place="A/1" x="1" type="standard"/><Seat name="2" place="A/2" x="2" type="sofa"/><Seat name="3" place="A/3" x="3" type="sofa"/></Row></Show>`
	const last = `<Show id="2" title="River" starts="2030-05-02T20:00:00" minutes="90" length="110" currency="EUR"><Price category="s" amount="7"/></Show>`
	answer := func(zone, show string) string {
		return `<Answer packet="schedule" status="0" version="9" zone="` + zone + `">` + show + last + `</Answer>`
	}
	read := func(show string) []booking.HouseShow {
		page, err := told(t, says(answer("W. Europe Standard Time", show))).Program(t.Context(), "since:4")
		require.NoError(t, err)
		require.Len(t, page.Shows, 2)
		assert.False(t, page.Full)
		assert.Equal(t, booking.Money{Amount: 700, Currency: "EUR"}, page.Shows[1].Categories[0].Price)
		assert.Equal(t, 110*time.Minute, page.Shows[1].EndsAt.Sub(page.Shows[1].StartsAt))
		return page.Shows
	}
	show := read(good)[0]
	assert.Equal(t, booking.Money{Amount: 1250, Currency: "EUR"}, show.Categories[0].Price)
	assert.Equal(t, "2030-05-01T18:00:00Z", show.StartsAt.UTC().Format(time.RFC3339))
	assert.Equal(t, show.StartsAt, show.OpenUntil)
	assert.Equal(t, booking.HouseRowedSeat{Name: "2", Address: "A/2", X: 2, Type: booking.SeatSofa}, show.Rows[0].Seats[1])

	for name, change := range map[string][2]string{
		"a start":            {"2030-05-01T20:00:00", "tomorrow"},
		"a start with zone":  {"2030-05-01T20:00:00", "2030-05-01T20:00:00Z"},
		"a price":            {"12.5", "12,50"},
		"no price":           {`amount="12.5"`, ""},
		"a price of nothing": {"12.5", "0.00"},
		"a category":         {`<Row label="A" category="s"`, `<Row label="A" category="t"`},
		"a type of seat":     {"sofa", "hammock"},
		"a place twice":      {"A/2", "A/1"},
		"no place":           {"A/2", ""},
		"a name twice":       {`name="2"`, `name="1"`},
		"half a sofa":        {`type="sofa"`, `type="standard"`},
		"no length":          {`minutes="90"`, ""},
		"no title":           {"Kite", ""},
		"when sales end":     {`currency`, `closes="soon" currency`},
	} {
		require.Contains(t, good, change[0], name)
		show := read(strings.Replace(good, change[0], change[1], 1))[0]
		assert.Equal(t, "1", show.ID, name)
		assert.Empty(t, show.Rows, name)
		assert.Empty(t, show.Categories, name)
	}
	for _, zone := range []string{"", "Local", "Middle Earth Standard Time", "../../etc/passwd"} {
		_, err := told(t, says(answer(zone, good))).Program(t.Context(), "")
		assert.Equal(t, booking.CodeHouseError, booking.CodeOf(err), zone)
	}
	_, err := told(t, says(answer("UTC", strings.Replace(good, `id="1"`, "", 1)))).Program(t.Context(), "")
	assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err))
}

// An answer about another show, or with an order that is not clear, is no answer.
func TestListsOfOtherShows(t *testing.T) {
	t.Parallel()
	list := strings.NewReplacer(`packet="state"`, `packet="list" show="1"`).Replace(sold)
	page, err := told(t, says(list)).Sold(t.Context(), "1", "")
	require.NoError(t, err)
	require.Len(t, page.Orders, 1)
	assert.Equal(t, wanted.Key(), page.Orders[0].Key)
	for _, change := range [][2]string{
		{`packet="list" show="1"`, `packet="list" show="2"`}, {`show="1" state`, `show="2" state`}, {wanted.Key(), ""}, {`number="12"`, ""}, {` code="2222"`, ""},
	} {
		require.Contains(t, list, change[0])
		_, err := told(t, says(strings.Replace(list, change[0], change[1], 1))).Sold(t.Context(), "1", "")
		assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), change[0])
	}
	const seats = `<Answer packet="seats" status="0" show="1" live="true"><Taken id="A/1"/></Answer>`
	taken, err := told(t, says(seats)).Seats(t.Context(), "1")
	require.NoError(t, err)
	assert.Equal(t, []string{"A/1"}, taken.Addresses)
	for _, change := range [][2]string{{`show="1"`, `show="2"`}, {`show="1"`, ""}, {`id="A/1"`, ""}} {
		_, err := told(t, says(strings.Replace(seats, change[0], change[1], 1))).Seats(t.Context(), "1")
		assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), change)
	}
}

// A page that leads nowhere would be read forever.
func TestProgramMakesProgress(t *testing.T) {
	t.Parallel()
	const zone = ` status="0" zone="Europe/Paris" `
	for cursor, answer := range map[string]string{
		"since:9":      `<Answer packet="schedule" version="8"` + zone + `/>`,
		"since:10":     `<Answer packet="schedule" version="10" more="true"` + zone + `/>`,
		"all:9:show-1": `<Answer packet="schedule" version="9" more="true" next="show-1"` + zone + `/>`,
		"":             `<Answer packet="schedule" version="9" more="true"` + zone + `/>`,
	} {
		_, err := told(t, says(answer)).Program(t.Context(), cursor)
		assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), cursor)
	}
	_, err := told(t, says(`<Answer packet="list" show="1" next="8" status="0"/>`)).Sold(t.Context(), "1", "8")
	assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err))
	page, err := told(t, says(`<Answer packet="schedule" version="12" more="true" next="show-2"`+zone+`/>`)).Program(t.Context(), "all:9:show-1")
	require.NoError(t, err)
	assert.Equal(t, "all:9:show-2", page.Next, "what has changed since the first page comes after the last one")
	assert.True(t, page.Full)
	page, err = told(t, says(`<Answer packet="schedule" version="12"`+zone+`/>`)).Program(t.Context(), "all:9:show:1")
	require.NoError(t, err)
	assert.Equal(t, "since:9", page.Next)
}
