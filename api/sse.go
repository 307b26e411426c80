package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// eventStream writes server-sent events (WHATWG HTML, section 9.2). Every write
// has a deadline: a reader too slow to take it is dropped, and comes back.
type eventStream struct {
	w          http.ResponseWriter
	connection *http.ResponseController
	begun      bool
}

const (
	heartbeatEvery = 15 * time.Second
	writeWithin    = 10 * time.Second
	// retryAfter is what browsers wait before they reconnect.
	retryAfter = 2 * time.Second
)

var (
	preamble  = fmt.Appendf(nil, "retry: %d\n\n", retryAfter.Milliseconds())
	heartbeat = []byte(": still here\n\n")
)

// stream opens an event stream and runs it until the client leaves, the process
// stops or run returns. An error before the first write is answered like any
// other. The number of open streams is bounded: each holds a connection and a
// goroutine for hours.
func (a *api) stream(w http.ResponseWriter, r *http.Request, run func(context.Context, *eventStream) error) {
	if a.streams.Add(1) > int64(a.MaxStreams) {
		a.streams.Add(-1)
		a.fail(w, r, booking.E(booking.CodeUnavailable, "Too many people are watching right now. Try again shortly."))
		return
	}
	defer a.streams.Add(-1)

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(a.Closing, cancel)()

	s := &eventStream{w: w, connection: http.NewResponseController(w)}
	err := run(ctx, s)
	switch {
	case err == nil:
	case !s.begun:
		a.fail(w, r, err)
	case ctx.Err() == nil:
		a.Logger.InfoContext(ctx, "stream ended", "request_id", requestID(ctx), "error", err)
	}
}

func (s *eventStream) begin() {
	s.begun = true
	// The server's read timeout would otherwise end the stream from below.
	_ = s.connection.SetReadDeadline(time.Time{})
	header := s.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	s.w.WriteHeader(http.StatusOK)
}

func (s *eventStream) send(event string, version int64, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("render %s: %w", event, err)
	}
	return s.write(fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", version, event, body))
}

// beat keeps proxies from closing a quiet stream.
func (s *eventStream) beat() error { return s.write(heartbeat) }

// write sends frames, which may be shared with other streams, at once.
func (s *eventStream) write(frames ...[]byte) error {
	if !s.begun {
		s.begin()
		frames = append([][]byte{preamble}, frames...)
	}
	if err := s.connection.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return fmt.Errorf("write deadline: %w", err)
	}
	for _, frame := range frames {
		if _, err := s.w.Write(frame); err != nil {
			return fmt.Errorf("write event: %w", err)
		}
	}
	if err := s.connection.Flush(); err != nil {
		return fmt.Errorf("flush event: %w", err)
	}
	return nil
}
