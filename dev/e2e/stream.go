package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Event is one server-sent event.
type Event struct {
	Name string
	Data []byte
}

// Read decodes the event's data.
func (e Event) Read(into any) error { return json.Unmarshal(e.Data, into) }

// Stream is an open event stream. Its channel closes when the server ends it.
type Stream struct {
	Events <-chan Event
	Close  func()
}

// patient has no timeout: a stream lasts as long as a client reads it.
var patient = &http.Client{Transport: &http.Transport{ResponseHeaderTimeout: 10 * time.Second}}

// Listen opens a stream (WHATWG HTML, section 9.2). The customer may be nil where
// it takes no log-in.
func Listen(ctx context.Context, address string, c *Customer) (*Stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	if c != nil {
		req.Header.Set("Authorization", "Bearer "+c.session.current())
	}
	response, err := patient.Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		response.Body.Close()
		cancel()
		return nil, fmt.Errorf("%s answered %s, %s", address, response.Status, response.Header.Get("Content-Type"))
	}
	events := make(chan Event, 100)
	go func() {
		defer response.Body.Close()
		defer close(events)
		readEvents(bufio.NewScanner(response.Body), func(e Event) {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		})
	}()
	return &Stream{Events: events, Close: cancel}, nil
}

func readEvents(lines *bufio.Scanner, emit func(Event)) {
	lines.Buffer(nil, 4<<20)
	var event Event
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			if len(event.Data) > 0 {
				emit(event)
			}
			event = Event{}
		case field == "event":
			event.Name = value
		case field == "data":
			event.Data = append(event.Data, value...)
		}
	}
}
