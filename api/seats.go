package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bestseats"
	"github.com/boxoffice/boxoffice/internal/seatmap"
)

// seatsFresh is short: a seat map is out of date within moments, and whoever
// looks at one also streams it.
var seatsFresh = []string{"public, max-age=1"}

func (a *api) getSeats(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r, "show")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	picture, err := a.Feed.SeatMap(r.Context(), id)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	document, err := picture.Document()
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.shortcuts.remember(r, func(w http.ResponseWriter, r *http.Request) bool { return a.keptSeats(w, r, id) })
	writeDocument(w, r, seatsFresh, document)
}

func (a *api) keptSeats(w http.ResponseWriter, r *http.Request, id string) bool {
	picture, ready := a.Feed.Kept(id)
	if !ready {
		return false
	}
	document, err := picture.Document()
	if err != nil {
		return false // said by who asks in full
	}
	writeDocument(w, r, seatsFresh, document)
	return true
}

// watchSeats streams a show's seats: what brings the client to the present, then
// every change. The events come encoded, once for all who watch.
func (a *api) watchSeats(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r, "show")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	lastID := r.Header.Get("Last-Event-ID")
	a.stream(w, r, func(ctx context.Context) (sending, error) {
		watcher, err := a.Feed.Watch(ctx, id, lastID)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, s *eventStream) error { return followSeats(ctx, s, watcher) }, nil
	})
}

func followSeats(ctx context.Context, s *eventStream, watcher *seatmap.Watcher) error {
	defer watcher.Leave()
	for _, event := range watcher.First {
		if err := s.write(event.Frame); err != nil {
			return err
		}
	}
	watcher.First = nil // a snapshot is large, and a stream long
	beat := time.NewTicker(heartbeatEvery)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
			if err := s.beat(); err != nil {
				return err
			}
		case event, open := <-watcher.Events:
			if !open { // too far behind; the browser comes back and catches up
				return nil
			}
			if err := s.write(event.Frame); err != nil {
				return err
			}
		}
	}
}

func (a *api) bestSeats(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r, "show")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	wish, err := readWish(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	picture, err := a.Feed.SeatMap(r.Context(), id)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	offer, err := bestseats.Choose(picture.SeatMap, wish)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, offer)
}

func readWish(r *http.Request) (bestseats.Wish, error) {
	query := r.URL.Query()
	wish := bestseats.Wish{Category: query.Get("category")}
	var problems []booking.FieldError
	count, err := strconv.Atoi(query.Get("count"))
	if wish.Count = count; err != nil {
		problems = append(problems, booking.FieldError{Field: "count", Message: "Must be a whole number."})
	}
	switch wanted := query.Get("accessible"); {
	case wanted == "true":
		wish.Accessible = true
	case query.Has("accessible") && wanted != "false":
		problems = append(problems, booking.FieldError{Field: "accessible", Message: "Must be true or false."})
	}
	if len(problems) > 0 {
		return wish, booking.Invalid(problems...)
	}
	return wish, nil
}
