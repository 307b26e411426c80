package catalog

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bestseats"
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
