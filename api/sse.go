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
// has a deadline: a reader too slow to take it is dropped, and reconnects to a
// fresh snapshot.
type eventStream struct {
	w          http.ResponseWriter
	connection *http.ResponseController
}

const (
	heartbeatEvery = 15 * time.Second
	writeWithin    = 10 * time.Second
	// retryAfter is what browsers wait before they reconnect.
	retryAfter = 2 * time.Second
)

// stream opens an event stream and runs it until the client leaves, the process
// stops or run returns. The number of open streams is bounded: each holds a
// connection and a goroutine for hours.
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

	s := &eventStream{w, http.NewResponseController(w)}
	// The server's read timeout would otherwise end the stream from below.
	_ = s.connection.SetReadDeadline(time.Time{})
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	if err := s.write(fmt.Sprintf("retry: %d\n\n", retryAfter.Milliseconds())); err != nil {
		return
	}
	if err := run(ctx, s); err != nil && ctx.Err() == nil {
		a.Logger.InfoContext(ctx, "stream ended", "request_id", requestID(ctx), "error", err)
	}
}

func (s *eventStream) send(event string, version int64, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("render %s: %w", event, err)
	}
	return s.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", version, event, body))
}

// beat keeps proxies from closing a quiet stream.
func (s *eventStream) beat() error { return s.write(": still here\n\n") }

func (s *eventStream) write(text string) error {
	if err := s.connection.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return fmt.Errorf("write deadline: %w", err)
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	if err := s.connection.Flush(); err != nil {
		return fmt.Errorf("flush event: %w", err)
	}
	return nil
}
