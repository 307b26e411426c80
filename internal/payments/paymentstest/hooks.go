package paymentstest

import (
	"bytes"
	"cmp"
	"net/http"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func (s *suite) hook() Hook {
	return Hook{ID: "evt_" + s.key(), Reference: s.opened(), BookingID: s.bookingID}
}

// hears hands a webhook of the vendor to the provider.
func (s *suite) hears(h Hook) (booking.PaymentEvent, error) {
	body, header := s.Sign(s.T, h)
	return s.Provider.Webhook(s.ctx(), body, header)
}

func (s *suite) webhook() {
	for subject := AboutAuthorization; subject <= AboutNothingOfOurs; subject++ {
		for _, otherVersion := range []bool{false, true} {
			h := s.hook()
			h.Subject, h.OtherVersion = subject, otherVersion
			event, err := s.hears(h)
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
	event, err := s.hears(foreign)
	require.NoError(s, err)
	assert.Empty(s, event.BookingID)
}

func (s *suite) badSignature() {
	refused := func(name string, body []byte, header http.Header) {
		s.Helper()
		event, err := s.Provider.Webhook(s.ctx(), body, header)
		require.Error(s, err, name)
		assert.Equal(s, booking.CodeMalformed, booking.CodeOf(err), name)
		assert.Equal(s, booking.PaymentEvent{}, event, name)
	}
	h := s.hook()
	body, header := s.Sign(s.T, h)
	_, err := s.Provider.Webhook(s.ctx(), body, header)
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
		tolerance := cmp.Or(s.setup.Tolerance, 5*time.Minute)
		old.At = time.Now().Add(-tolerance - time.Minute)
		body, header = s.Sign(s.T, old)
		refused("old timestamp", body, header)
		old.At = time.Now().Add(time.Minute - tolerance)
		_, err := s.hears(old)
		assert.NoError(s, err, "within the tolerance")
	}
}

func (s *suite) secretRotated() {
	current, previous := s.hook(), s.hook()
	previous.Secret = Previous
	for _, h := range []Hook{current, previous} {
		_, err := s.hears(h)
		assert.NoError(s, err)
	}
	body, header := s.Sign(s.T, current)
	_, err := s.Rotated.Webhook(s.ctx(), body, header)
	require.NoError(s, err)
	body, header = s.Sign(s.T, previous)
	_, err = s.Rotated.Webhook(s.ctx(), body, header)
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
