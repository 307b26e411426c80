package seatmap

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The events of a show.
const (
	eventSnapshot = "snapshot" // a shows.SeatMap: forget what you knew
	eventSeats    = "seats"    // a Delta
)

// Delta says which seats of a show became held, sold or free. Version is that of
// the seat map which the delta leads to; it only grows.
type Delta struct {
	Version  int64    `json:"version"`
	Held     []string `json:"held"`
	Sold     []string `json:"sold"`
	Released []string `json:"released"`
}

// Event is one message to the watchers of a show. It is encoded once, however
// many there are, and shared: read only.
type Event struct {
	Name string
	// ID brings a watcher back to where it was. It means nothing to the watcher.
	ID string
	// Value is a shows.SeatMap or a Delta.
	Value any
	// Frame is the event as text/event-stream (WHATWG HTML, section 9.2).
	Frame []byte

	version int64
}

func newEvent(name string, at position, value any, data []byte) *Event {
	id := at.String()
	frame := make([]byte, 0, len("id: \nevent: \ndata: \n\n")+len(id)+len(name)+len(data))
	frame = fmt.Appendf(frame, "id: %s\nevent: %s\ndata: %s\n\n", id, name, data)
	return &Event{Name: name, ID: id, Value: value, Frame: frame, version: at.version}
}

// position is what an event id says: which terms of sale the watcher knows, and
// which version of the map, as told by which chain. A chain is what one refresher
// in one process has told; two of them may have read different seats in the same
// microsecond.
type position struct {
	terms   int64
	onSale  bool
	version int64
	chain   string
}

// String is an event id, for example "12.1.1763838383000000.q7ml".
func (p position) String() string {
	onSale := 0
	if p.onSale {
		onSale = 1
	}
	return fmt.Sprintf("%d.%d.%d.%s", p.terms, onSale, p.version, p.chain)
}

// parsePosition reads an event id that came back. Anything else is no position.
func parsePosition(id string) (position, bool) {
	parts := strings.Split(id, ".")
	if len(id) > 100 || len(parts) != 4 || parts[1] != "0" && parts[1] != "1" {
		return position{}, false
	}
	terms, err1 := strconv.ParseInt(parts[0], 10, 64)
	version, err2 := strconv.ParseInt(parts[2], 10, 64)
	if err1 != nil || err2 != nil {
		return position{}, false
	}
	return position{terms, parts[1] == "1", version, parts[3]}, true
}

func snapshotEvent(of *Picture, at position) (*Event, error) {
	body, err := of.body()
	if err != nil {
		return nil, err
	}
	return newEvent(eventSnapshot, at, of.SeatMap, body), nil
}

func seatsEvent(delta Delta, at position) (*Event, error) {
	body, err := json.Marshal(delta)
	if err != nil {
		return nil, fmt.Errorf("seatmap: encode delta: %w", err)
	}
	return newEvent(eventSeats, at, delta, body), nil
}

// difference says what leads from one map to the next. The lists are never nil,
// because they are shown as JSON.
func difference(before, next *Picture) (Delta, bool) {
	delta := Delta{
		Version:  next.Version,
		Held:     missing(next.Held, before.Held),
		Sold:     missing(next.Sold, before.Sold),
		Released: []string{},
	}
	for _, seat := range append(missing(before.Held, next.Held), missing(before.Sold, next.Sold)...) {
		if next.Free(seat) {
			delta.Released = append(delta.Released, seat)
		}
	}
	slices.Sort(delta.Released)
	return delta, len(delta.Held)+len(delta.Sold)+len(delta.Released) > 0
}

// assignment gives the state of every seat of the layout. Applied to any state of a
// watcher, it gives the current map.
func assignment(now *Picture) Delta {
	delta := Delta{Version: now.Version, Held: now.Held, Sold: now.Sold, Released: []string{}}
	for _, row := range now.Layout.Rows {
		for _, seat := range row.Seats {
			if now.Free(seat.ID) {
				delta.Released = append(delta.Released, seat.ID)
			}
		}
	}
	return delta
}

// missing gives what of the first sorted list the second lacks.
func missing(from, in []string) []string {
	lacking := []string{}
	for _, seat := range from {
		if _, there := slices.BinarySearch(in, seat); !there {
			lacking = append(lacking, seat)
		}
	}
	return lacking
}
