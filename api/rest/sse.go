package rest

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
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

const (
	// HeartbeatEvery is how often a quiet stream sends a comment.
	HeartbeatEvery = 15 * time.Second
	writeWithin    = 10 * time.Second
	// retryAfter is what browsers wait before they reconnect.
	retryAfter = 2 * time.Second
)

var (
	preamble  = fmt.Appendf(nil, "retry: %d\n\n", retryAfter.Milliseconds())
	heartbeat = []byte(": still here\n\n")
)

// Sending writes events until its context ends.
type Sending func(context.Context, *EventStream) error

// Stream answers with an event stream. It goes on until the client leaves, the process
// stops or the function that open returned ends. An error of open is answered like any
// other. The number of open streams is bounded, in all and for each client: each holds a
// connection for hours.
//
// What is not needed for hours is let go: where the connection can be taken over
// (HTTP/1.1), the request, its buffers and the grown stack of its goroutine are,
// which is three quarters of what a stream would cost otherwise.
func (s *Server) Stream(w http.ResponseWriter, r *http.Request, open func(context.Context) (Sending, error)) error {
	header := w.Header()
	leave, err := s.places.take(header, s.ClientAddress(r), CallerOf(r).AccountID)
	if err != nil {
		return err
	}
	send, err := open(r.Context())
	if err != nil {
		leave()
		return err
	}
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	events := &EventStream{id: RequestID(r.Context()), began: time.Now(), leave: leave, watcher: watcherOf(r)}
	if events.takeOver(w, r) {
		exchangeOf(r.Context()).status = http.StatusOK
		go s.serveStream(s.Closing, events, send)
		return nil
	}
	w.WriteHeader(http.StatusOK)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.Closing, cancel)()
	events.keep(w)
	s.serveStream(ctx, events, send)
	return nil
}

func (s *Server) serveStream(ctx context.Context, events *EventStream, send Sending) {
	defer events.leave()
	defer events.close()
	defer func() { // the server does not, on a goroutine of our own
		if cause := recover(); cause != nil {
			s.Logger.Error("panic", "request_id", events.id, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		}
	}()
	// Spread: clients that came together must not all reconnect together.
	ctx, cancel := context.WithTimeout(ctx, s.Streams.For+rand.N(s.Streams.For/4))
	defer cancel()
	defer s.recheck(ctx, cancel, events.watcher)()
	if events.gone != nil {
		go func() {
			events.gone()
			cancel()
		}()
	}
	err := events.begin()
	if err == nil {
		err = send(ctx, events)
	} else {
		cancel()
		_ = send(ctx, events) // lets go of what it has
	}
	if ctx.Err() != nil {
		err = nil // the client has left, its time is over, or the process stops
	}
	s.Logger.Info("stream ended", "request_id", events.id, "bytes", events.bytes, "ms", time.Since(events.began).Milliseconds(), "error", err)
}

// recheck ends a stream whose watcher's session has ended, or whose role is another one than
// when it was opened: the client comes back and is checked again. A timer costs no goroutine
// while it waits. When the database does not answer, the next time decides.
func (s *Server) recheck(ctx context.Context, end func(), watcher *accounts.Claims) (stop func()) {
	if watcher == nil {
		return func() {}
	}
	every := s.Streams.Recheck
	if watcher.Role == booking.RoleCustomer {
		every *= customersRecheck
	}
	var timer *time.Timer
	var mu sync.Mutex // the first time may come before timer is set
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(every, func() {
		now, err := s.Standing(ctx, watcher)
		if booking.CodeOf(err) == booking.CodeUnauthenticated || err == nil && now.Role != watcher.Role {
			end()
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() == nil {
			timer.Reset(every)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		timer.Stop()
	}
}

func watcherOf(r *http.Request) *accounts.Claims {
	caller, signedIn := r.Context().Value(callerKey{}).(Caller)
	if !signedIn {
		return nil
	}
	return &accounts.Claims{Subject: caller.AccountID, Role: caller.Role, SessionFamily: caller.SessionFamily}
}

// EventStream writes server-sent events (WHATWG HTML, section 9.2). Every write
// has a deadline: a reader that is too slow is dropped, and reconnects.
type EventStream struct {
	id    string // of the request
	began time.Time
	bytes int64
	leave func() // gives the place back
	// watcher is who signed in; nil where all may watch.
	watcher *accounts.Claims

	head     []byte // what goes before the first event
	out      io.Writer
	deadline func(time.Time) error
	flush    func() error
	gone     func() // returns when the client has left; nil when the context says so
	close    func()
}

// keep writes by way of the server.
func (s *EventStream) keep(w http.ResponseWriter) {
	connection := http.NewResponseController(w)
	// Otherwise the server's read timeout would end the stream.
	_ = connection.SetReadDeadline(time.Time{})
	s.out, s.deadline, s.flush, s.close = w, connection.SetWriteDeadline, connection.Flush, func() {}
}

// takeOver takes the connection from the server. It writes the status line and headers that
// the server would write; the body ends with the connection (RFC 9112, section 6.3).
func (s *EventStream) takeOver(w http.ResponseWriter, r *http.Request) bool {
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

func (s *EventStream) begin() error {
	head := s.head
	s.head = nil
	return s.Write(append(head, preamble...))
}

// Send renders an event and sends it.
func (s *EventStream) Send(event string, version int64, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("render %s: %w", event, err)
	}
	return s.Write(fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", version, event, body))
}

// Beat keeps proxies from closing a quiet stream.
func (s *EventStream) Beat() error { return s.Write(heartbeat) }

// Write sends a frame, which may be shared with other streams, at once.
func (s *EventStream) Write(frame []byte) error {
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
