package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

const (
	heartbeatEvery = 15 * time.Second
	writeWithin    = 10 * time.Second
	// retryAfter is what browsers wait before they reconnect.
	retryAfter = 2 * time.Second
	// streamFor is how long a stream goes on, about: then its client connects again. A
	// client that has stopped reading a quiet stream would otherwise keep its place for
	// ever, and one of a former release would never see the new one.
	streamFor = time.Hour
)

var (
	preamble  = fmt.Appendf(nil, "retry: %d\n\n", retryAfter.Milliseconds())
	heartbeat = []byte(": still here\n\n")
)

// sending writes events until its context ends.
type sending func(context.Context, *eventStream) error

// stream answers with an event stream, which goes on until the client leaves, the
// process stops or what open gives returns. An error of open is answered like any
// other. The number of open streams is bounded, of each client's, too: each holds
// a connection for hours.
//
// What is not needed for hours is let go: where the connection can be taken over
// (HTTP/1.1), the request, its buffers and the grown stack of its goroutine are,
// which is three quarters of what a stream would cost otherwise.
func (a *api) stream(w http.ResponseWriter, r *http.Request, open func(context.Context) (sending, error)) {
	header := w.Header()
	leave, err := a.streams.take(header, a.clientAddress(r), principalOf(r).AccountID)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	send, err := open(r.Context())
	if err != nil {
		leave()
		a.fail(w, r, err)
		return
	}
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	s := &eventStream{id: requestID(r.Context()), began: time.Now(), leave: leave}
	if s.takeOver(w, r) {
		exchangeOf(r.Context()).status = http.StatusOK
		go a.serveStream(a.Closing, s, send)
		return
	}
	w.WriteHeader(http.StatusOK)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(a.Closing, cancel)()
	s.keep(w)
	a.serveStream(ctx, s, send)
}

func (a *api) serveStream(ctx context.Context, s *eventStream, send sending) {
	defer s.leave()
	defer s.close()
	defer func() { // nobody else does, on a goroutine of our own
		if cause := recover(); cause != nil {
			a.Logger.Error("panic", "request_id", s.id, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		}
	}()
	// Spread, so that those who came together do not all return together.
	ctx, cancel := context.WithTimeout(ctx, a.StreamFor+rand.N(a.StreamFor/4))
	defer cancel()
	if s.gone != nil {
		go func() {
			s.gone()
			cancel()
		}()
	}
	err := s.begin()
	if err == nil {
		err = send(ctx, s)
	} else {
		cancel()
		_ = send(ctx, s) // lets go of what it has
	}
	if ctx.Err() != nil {
		err = nil // the client has left, its time is over, or the process stops
	}
	a.Logger.Info("stream ended", "request_id", s.id, "bytes", s.bytes, "ms", time.Since(s.began).Milliseconds(), "error", err)
}

// eventStream writes server-sent events (WHATWG HTML, section 9.2). Every write
// has a deadline: a reader too slow to take it is dropped, and comes back.
type eventStream struct {
	id    string // of the request
	began time.Time
	bytes int64
	leave func() // gives the place back

	head     []byte // what goes before the first event
	out      io.Writer
	deadline func(time.Time) error
	flush    func() error
	gone     func() // returns when the client has left; nil when the context says so
	close    func()
}

// keep writes by way of the server.
func (s *eventStream) keep(w http.ResponseWriter) {
	connection := http.NewResponseController(w)
	// The server's read timeout would otherwise end the stream from below.
	_ = connection.SetReadDeadline(time.Time{})
	s.out, s.deadline, s.flush, s.close = w, connection.SetWriteDeadline, connection.Flush, func() {}
}

// takeOver takes the connection from the server. What the server would write
// before the body is written here; the body ends with the connection (RFC 9112,
// section 6.3).
func (s *eventStream) takeOver(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet || r.ProtoMajor != 1 {
		return false
	}
	header := w.Header()
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false
	}
	header.Set("Connection", "close")
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	s.head = headOf(header)
	_ = connection.SetDeadline(time.Time{})
	s.out, s.deadline, s.close = connection, connection.SetWriteDeadline, func() { _ = connection.Close() }
	s.flush = func() error { return nil }
	s.gone = func() { waitForEnd(connection) }
	return true
}

func headOf(header http.Header) []byte {
	var head headWriter
	head = append(head, "HTTP/1.1 200 OK\r\n"...)
	_ = header.Write(&head) // to memory
	return append(head, "\r\n"...)
}

type headWriter []byte

func (h *headWriter) Write(text []byte) (int, error) {
	*h = append(*h, text...)
	return len(text), nil
}

// waitForEnd returns when a client has left. One that keeps sending is no watcher.
func waitForEnd(connection net.Conn) {
	var unread [16]byte
	for range 256 {
		if _, err := connection.Read(unread[:]); err != nil {
			return
		}
	}
}

func (s *eventStream) begin() error {
	head := s.head
	s.head = nil
	return s.write(append(head, preamble...))
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

// write sends a frame, which may be shared with other streams, at once.
func (s *eventStream) write(frame []byte) error {
	if err := s.deadline(time.Now().Add(writeWithin)); err != nil {
		return fmt.Errorf("write deadline: %w", err)
	}
	written, err := s.out.Write(frame)
	s.bytes += int64(written)
	if err := errors.Join(err, s.flush()); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return nil
}
