package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bestseats"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/seatmap"
)

// seatsFresh is short: a seat map is out of date within moments, and a client that
// shows one also streams it.
var seatsFresh = []string{"public, max-age=1"}

func (s *service) getSeats(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "show")
	if err != nil {
		return err
	}
	picture, err := s.Feed.SeatMap(r.Context(), id)
	if err != nil {
		return err
	}
	document, err := picture.Document()
	if err != nil {
		return err
	}
	s.Remember(r, func(w http.ResponseWriter, r *http.Request) bool { return s.keptSeats(w, r, id) })
	rest.WriteDocument(w, r, seatsFresh, document)
	return nil
}

func (s *service) keptSeats(w http.ResponseWriter, r *http.Request, id string) bool {
	picture, ready := s.Feed.Kept(id)
	if !ready {
		return false
	}
	document, err := picture.Document()
	if err != nil {
		return false // the full read reports it
	}
	rest.WriteDocument(w, r, seatsFresh, document)
	return true
}

// watchSeats streams a show's seats: first what brings the client up to date, then every
// change. Each event is encoded once for all watchers.
func (s *service) watchSeats(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "show")
	if err != nil {
		return err
	}
	lastID := r.Header.Get("Last-Event-ID")
	return s.Stream(w, r, func(ctx context.Context) (rest.Sending, error) {
		watcher, err := s.Feed.Watch(ctx, id, lastID)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, events *rest.EventStream) error { return followSeats(ctx, events, watcher) }, nil
	})
}

func followSeats(ctx context.Context, events *rest.EventStream, watcher *seatmap.Watcher) error {
	defer watcher.Leave()
	for _, event := range watcher.First {
		if err := events.Write(event.Frame); err != nil {
			return err
		}
	}
	watcher.First = nil // a snapshot is large, and a stream long
	beat := time.NewTicker(rest.HeartbeatEvery)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
			if err := events.Beat(); err != nil {
				return err
			}
		case event, open := <-watcher.Events:
			if !open { // too far behind; the browser comes back and catches up
				return nil
			}
			if err := events.Write(event.Frame); err != nil {
				return err
			}
		}
	}
}

func (s *service) bestSeats(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "show")
	if err != nil {
		return err
	}
	wish, err := readWish(r)
	if err != nil {
		return err
	}
	picture, err := s.Feed.SeatMap(r.Context(), id)
	if err != nil {
		return err
	}
	offer, err := bestseats.Choose(picture.SeatMap, wish)
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, offer)
}

// quoteSeats says what seats cost. It looks at no claims: who has the seats is the
// seat map's to show, and the hold's to decide.
func (s *service) quoteSeats(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "show")
	if err != nil {
		return err
	}
	show, err := s.Shows.Current(r.Context(), id)
	if err != nil {
		return err
	}
	quote, err := booking.NewQuote(show.Terms, r.URL.Query()["seats"])
	if err != nil {
		return oneField(err, "seats")
	}
	body, err := json.Marshal(quote)
	if err != nil {
		return fmt.Errorf("encode quote: %w", err)
	}
	rest.WriteDocument(w, r, seatsFresh, cache.PlainDocument(rest.JSON, body))
	return nil
}

// oneField names a query parameter in place of the places of a list, which a query
// does not have.
func oneField(err error, name string) error {
	var invalid *booking.Error
	if !errors.As(err, &invalid) || len(invalid.Fields) == 0 {
		return err
	}
	fields := slices.Clone(invalid.Fields)
	for i := range fields {
		fields[i].Field = name
	}
	return booking.Invalid(fields...)
}

func readWish(r *http.Request) (bestseats.Wish, error) {
	query := r.URL.Query()
	wish := bestseats.Wish{Category: query.Get("category")}
	var fieldErrors booking.FieldErrors
	count, err := strconv.Atoi(query.Get("count"))
	if wish.Count = count; err != nil {
		fieldErrors.Add("count", "Must be a whole number.")
	}
	switch wanted := query.Get("accessible"); {
	case wanted == "true":
		wish.Accessible = true
	case query.Has("accessible") && wanted != "false":
		fieldErrors.Add("accessible", "Must be true or false.")
	}
	return wish, fieldErrors.Err()
}
