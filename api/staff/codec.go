package staff

import (
	"bytes"
	"io"
	"net/http"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
)

// codec encrypts and decrypts payloads for the Temporal UI, in the way its remote codec
// protocol says (docs.temporal.io/remote-data-encoding). The library's handler has no limit
// for bodies and answers errors as plain text, so it works on a copy in memory here.
func (s *service) mountCodec() {
	if s.Codec == nil {
		return
	}
	s.AllowBodies("/codec/", 8<<20) // a page of a history; a payload has 2 MB at most
	if s.CodecOpen {
		s.OpenBelow("/codec/", s.codec, http.MethodPost)
	} else {
		s.Below("/codec/", s.codec, http.MethodPost)
	}
}

func (s *service) codec(w http.ResponseWriter, r *http.Request) error {
	body, err := rest.ReadBody(w, r)
	if err != nil {
		return err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := &inMemory{header: http.Header{}}
	http.StripPrefix("/codec", s.Codec).ServeHTTP(answer, r)
	switch {
	case answer.status == http.StatusNotFound:
		return rest.NotFound(w, r)
	case answer.status >= http.StatusInternalServerError:
		return booking.E(booking.CodeUnavailable, "The payloads could not be worked on. Try again shortly.")
	case answer.status >= http.StatusBadRequest:
		return booking.E(booking.CodeMalformed, "The payloads cannot be read: %s", rest.Clip(answer.body.String()))
	default:
		w.Header().Set("Content-Type", rest.JSON)
		w.Header().Set("Cache-Control", "no-store") // what people wrote, decrypted
		_, _ = w.Write(answer.body.Bytes())         // the client has left
		return nil
	}
}

// inMemory keeps an answer.
type inMemory struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (m *inMemory) Header() http.Header { return m.header }

func (m *inMemory) WriteHeader(status int) {
	if m.status == 0 {
		m.status = status
	}
}

func (m *inMemory) Write(body []byte) (int, error) {
	m.WriteHeader(http.StatusOK)
	return m.body.Write(body)
}
