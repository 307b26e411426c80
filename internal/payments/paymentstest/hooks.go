package paymentstest

import (
	"bytes"
	"net/http"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func (s *suite) hook() Hook {
	return Hook{ID: "evt_" + s.key(), Reference: s.opened(), BookingID: s.bookingID}
}

func (s *suite) webhook() {
	for subject := AboutAuthorization; subject <= AboutNothingOfOurs; subject++ {
		for _, otherVersion := range []bool{false, true} {
			h := s.hook()
			h.Subject, h.OtherVersion = subject, otherVersion
			event, err := s.Provider.Webhook(s.Sign(s.T, h))
			require.NoError(s, err)
			assert.Equal(s, s.Provider.Name(), event.Provider)
			assert.Equal(s, h.ID, event.ID)
			assert.NotEmpty(s, event.Type)
			if subject == AboutNothingOfOurs {
				assert.Empty(s, event.Reference)
				continue
			}
			assert.Equal(s, h.Reference, event.Reference, event.Type)
			if event.BookingID != "" { // a dispute carries none
				assert.Equal(s, s.bookingID, event.BookingID)
			}
		}
	}
	foreign := s.hook()
	foreign.BookingID = "order 66" // of another system on the same account
	event, err := s.Provider.Webhook(s.Sign(s.T, foreign))
	require.NoError(s, err)
	assert.Empty(s, event.BookingID)
}

func (s *suite) badSignature() {
	refused := func(name string, body []byte, header http.Header) {
		s.Helper()
		event, err := s.Provider.Webhook(body, header)
		require.Error(s, err, name)
		assert.Equal(s, booking.CodeMalformed, booking.CodeOf(err), name)
		assert.Equal(s, booking.PaymentEvent{}, event, name)
	}
	h := s.hook()
	body, header := s.Sign(s.T, h)
	_, err := s.Provider.Webhook(body, header)
	require.NoError(s, err)

	refused("no header", body, http.Header{})
	refused("empty header", body, blank(header))
	refused("altered header", body, altered(header))
	refused("white space added at the end", append(bytes.Clone(body), '\n'), header)
	refused("white space added inside", bytes.Replace(body, []byte(`:`), []byte(`: `), 1), header)
	refused("first byte missing", body[1:], header)
	refused("another payment", bytes.Replace(body, []byte(h.Reference), []byte("pi_another"), 1), header)
	refused("no body", nil, header)
	refused("too large a body", bytes.Repeat([]byte(" "), 2<<20), header)

	unknown := h
	unknown.Secret = Unknown
	body, header = s.Sign(s.T, unknown)
	refused("wrong secret", body, header)
	if s.setup.SignsTime {
		old := h
		old.At = time.Now().Add(-6 * time.Minute)
		body, header = s.Sign(s.T, old)
		refused("old timestamp", body, header)
		old.At = time.Now().Add(-4 * time.Minute)
		_, err := s.Provider.Webhook(s.Sign(s.T, old))
		assert.NoError(s, err, "within the tolerance")
	}
}

func (s *suite) secretRotated() {
	current, previous := s.hook(), s.hook()
	previous.Secret = Previous
	for _, h := range []Hook{current, previous} {
		_, err := s.Provider.Webhook(s.Sign(s.T, h))
		assert.NoError(s, err)
	}
	_, err := s.Rotated.Webhook(s.Sign(s.T, current))
	require.NoError(s, err)
	_, err = s.Rotated.Webhook(s.Sign(s.T, previous))
	s.code(booking.CodeMalformed, err)
}

func blank(header http.Header) http.Header {
	out := http.Header{}
	for name := range header {
		out.Set(name, "")
	}
	return out
}

// altered changes the last character of every header.
func altered(header http.Header) http.Header {
	out := http.Header{}
	for name := range header {
		value := []byte(header.Get(name))
		if last := &value[len(value)-1]; *last == '0' {
			*last = '1'
		} else {
			*last = '0'
		}
		out.Set(name, string(value))
	}
	return out
}
