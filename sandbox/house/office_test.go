package house

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// officeBench is a site of the ticket-office style on its wire, with a show at 20:00 on the
// next 1st of July, in Berlin.
type officeBench struct {
	*testing.T
	address string
}

const summerShow = "summer"

func newOfficeBench(t *testing.T) *officeBench {
	t.Helper()
	server := New(Options{DB: openDB(t, filepath.Join(t.TempDir(), "house.db"))})
	router := mux.NewRouter()
	server.Routes(router)
	web := httptest.NewServer(router)
	t.Cleanup(web.Close)
	s := settings()
	s.Style, s.User, s.Password, s.SalesEndMinutes = styleOffice, "us", "open sesame", 15
	field, message := s.complete()
	require.Empty(t, field, message)
	_, err := server.Books().PutSite(site, s)
	require.NoError(t, err)
	at := time.Date(time.Now().Year()+1, time.July, 1, 18, 0, 0, 0, time.UTC)
	require.NoError(t, server.Books().AddShow(site, NewShow{ID: summerShow, Film: "kite", Screen: "1", StartsAt: at}))
	return &officeBench{t, web.URL + "/house/" + site + "/office"}
}

func (b *officeBench) send(packet, password string) (int, string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.address, strings.NewReader(packet))
	require.NoError(b, err)
	req.SetBasicAuth("us", password)
	answer, err := http.DefaultClient.Do(req)
	require.NoError(b, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(b, err)
	return answer.StatusCode, string(text)
}

// says sends a packet and checks the status of its answer.
func (b *officeBench) says(status int, packet string) officeAnswer {
	b.Helper()
	code, text := b.send(packet, "open sesame")
	require.Equal(b, http.StatusOK, code, text)
	var said officeAnswer
	require.NoError(b, xml.Unmarshal([]byte(text), &said))
	require.Equal(b, status, said.Status, text)
	return said
}

func TestOfficeSells(t *testing.T) {
	t.Parallel()
	b := newOfficeBench(t)
	reserve := func(status int, reference, places string) officeAnswer {
		return b.says(status, `<Request packet="reserve" show="summer" reference="`+reference+`">`+places+`</Request>`)
	}
	const two = `<Place id="B/3" category="stalls"/><Place id="E/1" category="gallery"/>`
	order := reserve(officeOK, "ours-1", two).Orders[0]
	assert.Equal(t, []string{"temporary", "27.00", "EUR", "ours-1"}, []string{order.State, order.Total, order.Currency, order.Reference})
	assert.Empty(t, order.Places[0].Code)
	number := `number="` + order.Number + `"`
	reserve(officeKnownReference, "ours-1", `<Place id="C/3" category="stalls"/>`)
	taken := reserve(officeTaken, "ours-2", `<Place id="B/3" category="stalls"/><Place id="B/4" category="stalls"/>`)
	assert.Equal(t, []officePlace{{ID: "B/3"}}, taken.Taken)
	reserve(officeNoPlace, "ours-3", `<Place id="B3" category="stalls"/>`)
	reserve(officeWrongCategory, "ours-4", `<Place id="B/5" category="gallery"/>`)
	reserve(officeHalfPair, "ours-5", `<Place id="I/1" category="sofas"/>`)

	b.says(officeWrongAmount, `<Request packet="confirm" `+number+` amount="27.01" currency="EUR"/>`)
	b.says(officeWrongAmount, `<Request packet="confirm" `+number+` amount="27.00" currency="USD"/>`)
	confirm := `<Request packet="confirm" ` + number + ` amount="27.00" currency="EUR"/>`
	sold := b.says(officeOK, confirm).Orders[0]
	assert.Equal(t, "sold", sold.State)
	assert.NotEmpty(t, sold.Sale)
	assert.NotEqual(t, sold.Places[0].Code, sold.Places[1].Code)
	b.says(officeConfirmed, confirm)
	b.says(officeSold, `<Request packet="delete" `+number+`/>`)
	assert.Equal(t, sold, b.says(officeOK, `<Request packet="state" reference="ours-1"/>`).Orders[0])
	b.says(officeNoOrder, `<Request packet="state" reference="ours-2"/>`)
	assert.Equal(t, []officeOrder{sold}, b.says(officeOK, `<Request packet="list" show="summer"/>`).Orders)
	b.says(officeOK, `<Request packet="refund" `+number+`/>`)
	b.says(officeCancelled, `<Request packet="refund" `+number+`/>`)
	b.says(officeOver, `<Request packet="reserve" show="summer" reference="ours-1">`+two+`</Request>`)
}

// Times are as people read them on the wall, and the zone is called as Windows calls it.
func TestOfficeTellsLocalTimes(t *testing.T) {
	t.Parallel()
	b := newOfficeBench(t)
	said := b.says(officeOK, `<Request packet="schedule"/>`)
	assert.Equal(t, "W. Europe Standard Time", said.Zone)
	for _, one := range said.Shows {
		if one.ID == summerShow {
			assert.Contains(t, one.Starts, "-07-01T20:00:00")
			assert.Contains(t, one.Closes, "-07-01T19:45:00")
			assert.Equal(t, 120, one.Length)
			assert.Equal(t, officeSeat{Name: "3", Place: "B/3", X: 3, Type: "standard"}, one.Rows[1].Seats[2])
		}
	}
	assert.Contains(t, said.Shows[len(said.Shows)-1].ID, summerShow, "in the order of their ids")
	b.says(officeFeedStarts, `<Request packet="schedule" since="999999"/>`)
	b.says(officeFeedStarts, `<Request packet="schedule" since="yesterday"/>`)
	b.says(officeNoShow, `<Request packet="seats" show="winter"/>`)
}

func TestOfficeRefusesStrangers(t *testing.T) {
	t.Parallel()
	b := newOfficeBench(t)
	code, _ := b.send(`<Request packet="schedule"/>`, "sesame")
	assert.Equal(t, http.StatusUnauthorized, code)
	for _, packet := range []string{"", "{}", `<Request packet="sell"/>`, `<Request packet="schedule"`, `<Answer packet="schedule"/>`} {
		code, _ := b.send(packet, "open sesame")
		assert.Equal(t, http.StatusBadRequest, code, packet)
	}
	b.address = strings.Replace(b.address, "/rex/", "/odeon/", 1)
	code, _ = b.send(`<Request packet="schedule"/>`, "open sesame")
	assert.Equal(t, http.StatusNotFound, code)
}
