package api

import (
	"context"
	"net/http"
	"time"
)

// seatsFresh is short: a seat map is out of date within moments, and whoever
// looks at one also streams it.
const seatsFresh = time.Second

func (a *api) getSeats(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r, "show")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	seatMap, err := a.Seats.SeatMap(r.Context(), id)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	// The version is the time of the read; what matters to If-None-Match is
	// whether a seat has changed.
	unversioned := seatMap
	unversioned.Version = 0
	a.answerTagged(w, r, seatsFresh, unversioned, seatMap)
}

// watchSeats streams a show's seats: a snapshot, then every change. Whoever comes
// back (Last-Event-ID) gets a new snapshot: the feed keeps no history, and a
// snapshot is never wrong.
func (a *api) watchSeats(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r, "show")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	snapshot, deltas, err := a.Feed.Watch(ctx, id)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.stream(w, r, func(ctx context.Context, s *eventStream) error {
		if err := s.send("snapshot", snapshot.Version, snapshot); err != nil {
			return err
		}
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
			case delta, open := <-deltas:
				if !open {
					// Too far behind, or the prices changed. The browser reconnects.
					return nil
				}
				if err := s.send("seats", delta.Version, delta); err != nil {
					return err
				}
			}
		}
	})
}
