package api

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/temporal"
)

// raw sends bytes unchanged and reads the answers until the server closes or is silent.
func (w *world) raw(t *testing.T, request string) string {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(w.server.URL, "http://"))
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	_, err = io.WriteString(connection, request)
	require.NoError(t, err)
	require.NoError(t, connection.SetReadDeadline(time.Now().Add(time.Second)))
	answer, _ := io.ReadAll(bufio.NewReader(connection))
	return string(answer)
}

// No answer sends a client to a host that the request named.
func TestNoRedirectIsMadeOfTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, line := range []string{
		"GET http://evil.example/v1/../v1/movies HTTP/1.1", "POST http://evil.example//v1/accounts HTTP/1.1",
		"GET //evil.example/..//v1/movies HTTP/1.1", "GET /v1//movies HTTP/1.1", "GET /v1/./movies HTTP/1.1",
		"GET /v1/movies/../movies HTTP/1.1", "CONNECT evil.example:443 HTTP/1.1", "GET http://evil.example HTTP/1.1",
		"GET /docs HTTP/1.1", "GET /docs/../docs/ HTTP/1.1", "GET /docs/index.html HTTP/1.1", "GET //docs HTTP/1.1",
		"OPTIONS * HTTP/1.1",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			answer := w.raw(t, line+"\r\nHost: evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			head, _, _ := strings.Cut(answer, "\r\n\r\n")
			assert.NotContains(t, head, "evil.example")
			for _, status := range []string{"301", "302", "303", "307", "308"} {
				if strings.HasPrefix(head, "HTTP/1.1 "+status) {
					assert.Contains(t, line, "GET", "only a GET is sent on")
					assert.Regexp(t, `(?m)^Location: (/docs/|\./)\r?$`, head)
				}
			}
		})
	}
	w.do(t, call{method: "GET", path: "/v1//movies", status: 404, code: "not_found", without: true})
}

// A body with two contradicting lengths ends its connection.
func TestChunkedBodiesEndTheirConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.HTTP.CORSOrigins = []string{"https://app.example"} })
	smuggled := "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	w.raw(t, "GET /v1/movies HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") // from now on it is answered from memory
	for name, begin := range map[string]string{
		"a body that is read": "POST /v1/sessions HTTP/1.1\r\nContent-Type: application/json\r\n",
		"one that is not":     "GET /v1/movies HTTP/1.1\r\n",
		"a preflight":         "OPTIONS /v1/sessions HTTP/1.1\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n",
		"no such address":     "GET /nothing HTTP/1.1\r\n",
	} {
		answer := w.raw(t, begin+"Host: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"+smuggled)
		assert.Contains(t, answer, "Connection: close", name)
		assert.Equal(t, 1, strings.Count(answer, "HTTP/1.1 "), "%s: what follows is not answered:\n%s", name, answer)
	}
}

func TestQueriesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, query := range []string{"q=%zz", "q=%", "limit=1;q=2"} {
		answer := w.raw(t, "GET /v1/movies?"+query+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		assert.Contains(t, answer, "HTTP/1.1 400", query)
		assert.Contains(t, answer, "malformed_request", query)
	}
}

// A backslash and "u0000" as text are no U+0000.
func TestReviewTextThatLooksLikeNULIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, call{method: "PUT", path: "/v1/movies/amelie/reviews", token: w.customer, status: 201,
		body: `{"rating":4,"text":"They write \\u0000 in the film."}`, holds: []string{`They write \\u0000`}})
}

// The codec has the same limits and errors as the other routes.
func TestTheCodecHasLimits(t *testing.T) {
	t.Parallel()
	handler, err := temporal.CodecHandler(temporal.Keys{{ID: "k", Secret: []byte(strings.Repeat("k", 32))}})
	require.NoError(t, err)
	w := newWorld(t, func(o *Options) { o.Staff.Codec, o.Staff.CodecOpen = handler, true })
	post := func(path, body string, status int, code string) reply {
		t.Helper()
		return w.do(t, call{method: "POST", path: path, body: body, status: status, code: code, without: true})
	}
	post("/codec/encode", `{"payloads":[{"data":"`+strings.Repeat("A", 9<<20)+`"}]}`, 413, "body_too_large")
	post("/codec/encode", `{"payloads":[`, 400, "malformed_request")
	post("/codec/decode", `{"payloads":[{"metadata":{"encoding":"YmluYXJ5L2VuY3J5cHRlZA=="},"data":"AAAA"}]}`, 400, "malformed_request")
	post("/codec/other", `{}`, 404, "not_found")
	sealed := post("/codec/encode", `{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"IkM3Ig=="}]}`, 200, "")
	opened := post("/codec/decode", string(sealed.body), 200, "")
	assert.Contains(t, string(opened.body), "IkM3Ig==")
	assert.Equal(t, http.StatusOK, opened.status)
	assert.Equal(t, "no-store", opened.header.Get("Cache-Control"))
}
