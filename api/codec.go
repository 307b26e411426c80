package api

import (
	"bytes"
	"io"
	"net/http"

	"github.com/boxoffice/boxoffice/booking"
)

// codec encrypts and decrypts payloads for the Temporal UI, in the way its remote codec
// protocol says (docs.temporal.io/remote-data-encoding). The library's handler reads
// bodies without an end and answers errors as plain text, so it works on memory here.
func (a *api) codec(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := &inMemory{header: http.Header{}}
	http.StripPrefix("/codec", a.Codec).ServeHTTP(answer, r)
	switch {
	case answer.status == http.StatusNotFound:
		a.notFound(w, r)
	case answer.status >= http.StatusInternalServerError:
		a.fail(w, r, booking.E(booking.CodeUnavailable, "The payloads could not be worked on. Try again shortly."))
	case answer.status >= http.StatusBadRequest:
		a.fail(w, r, booking.E(booking.CodeMalformed, "The payloads cannot be read: %s", clip(answer.body.String())))
	default:
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set("Cache-Control", "no-store") // what people wrote, decrypted
		_, _ = w.Write(answer.body.Bytes())         // the client has left
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
