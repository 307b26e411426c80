package office_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/houses/office"
)

// script is an office that has one answer to each packet, and notes what was sent.
type script struct {
	mu   sync.Mutex
	says map[string]string
	sent []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var asked struct {
		Packet string `xml:"packet,attr"`
	}
	_ = xml.Unmarshal(raw, &asked)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, asked.Packet)
	_, _ = io.WriteString(w, s.says[asked.Packet])
}

func scripted(t *testing.T, says map[string]string) (*office.House, *script) {
	t.Helper()
	s := &script{says: says}
	return told(t, s.ServeHTTP), s
}

// tells is an answer with the order in a state.
func tells(packet, state, places string) string {
	return fmt.Sprintf(`<Answer packet="%s" status="0"><Order number="12" reference="%s" show="1" state="%s" sale="W1" total="25.00" currency="EUR">%s</Order></Answer>`,
		packet, wanted.Key(), state, places)
}

func refuses(packet string, status int) string {
	return fmt.Sprintf(`<Answer packet="%s" status="%d"/>`, packet, status)
}

const bothPlaces = `<Place id="B/1" code="1111"/><Place id="B/2" code="2222"/>`

// A reservation that must not stand is deleted before the reason is told.
func TestOtherSeatsThanAskedFor(t *testing.T) {
	t.Parallel()
	for _, places := range []string{`<Place id="B/1"/><Place id="B/3"/>`, `<Place id="B/1"/>`, bothPlaces + `<Place id="B/3"/>`} {
		house, s := scripted(t, map[string]string{"reserve": tells("reserve", "temporary", places), "delete": `<Answer packet="delete" status="0"/>`})
		_, err := house.Hold(t.Context(), wanted)
		assert.Equal(t, booking.CodeHouseError, booking.CodeOf(err))
		assert.Equal(t, []string{"reserve", "delete"}, s.sent)

		for _, status := range []int{1, 2, 3, 99} {
			house, _ = scripted(t, map[string]string{"reserve": tells("reserve", "temporary", places), "delete": refuses("delete", status)})
			_, err = house.Hold(t.Context(), wanted)
			assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), "it may stand: %d", status)
		}
	}
}

func TestWhatADeletionAnswers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]booking.Code{
		0: "", 20: "", 21: "", 27: "",
		22: booking.CodeConflict, 24: booking.CodeConflict, 25: booking.CodeConflict,
		1: booking.CodeHouseError, 2: booking.CodeHouseUnavailable, 3: booking.CodeHouseUnavailable, 99: booking.CodeHouseRefused,
	} {
		house, s := scripted(t, map[string]string{"state": tells("state", "temporary", bothPlaces), "delete": refuses("delete", status)})
		err := house.Release(t.Context(), wanted)
		assert.Equal(t, []string{"state", "delete"}, s.sent)
		if want == "" {
			require.NoError(t, err, status)
			continue
		}
		require.Error(t, err, status)
		assert.Equal(t, want, booking.CodeOf(err), status)
	}
}

// A confirmation is what says so, and nothing else.
func TestWhatAConfirmationAnswers(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]booking.Code{
		"sold": "", "confirming": "",
		"temporary": booking.CodeHouseUnavailable, "lapsed": booking.CodeHouseUnavailable, "cancelled": booking.CodeHouseUnavailable,
	} {
		house, _ := scripted(t, map[string]string{"state": tells("state", "temporary", bothPlaces), "confirm": tells("confirm", state, bothPlaces)})
		_, err := house.Confirm(t.Context(), wanted)
		if want == "" {
			require.NoError(t, err, state)
			continue
		}
		require.Error(t, err, state)
		assert.Equal(t, want, booking.CodeOf(err), state)
	}
	for status, want := range map[int]booking.Code{
		1: booking.CodeHouseError, 2: booking.CodeHouseUnavailable, 11: booking.CodeShowNotOnSale, 20: booking.CodeNotFound,
		21: booking.CodeHoldLost, 23: booking.CodePriceChanged, 99: booking.CodeHouseRefused,
	} {
		house, _ := scripted(t, map[string]string{"state": tells("state", "temporary", bothPlaces), "confirm": refuses("confirm", status)})
		_, err := house.Confirm(t.Context(), wanted)
		require.Error(t, err, status)
		assert.Equal(t, want, booking.CodeOf(err), status)
	}
	// What is sold, or being sold, is not confirmed again.
	for _, state := range []string{"sold", "confirming"} {
		house, s := scripted(t, map[string]string{"state": tells("state", state, bothPlaces)})
		_, err := house.Confirm(t.Context(), wanted)
		require.NoError(t, err)
		assert.Equal(t, []string{"state"}, s.sent)
	}
}
