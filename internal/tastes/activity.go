package tastes

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/documents"
)

// Activity is something that the document store has noted of a person. What does not belong to
// its kind is left out of the JSON.
type Activity struct {
	At   time.Time      `json:"at"`
	Kind documents.Kind `json:"kind"`

	MovieID   uuid.UUID `json:"movie_id,omitzero"`
	BookingID string    `json:"booking_id,omitempty"`
	CityID    uuid.UUID `json:"city_id,omitzero"`

	// ListID, Position (from 1), Propensity and Model are of a movie in a list.
	ListID     string  `json:"list_id,omitempty"`
	Position   int     `json:"position,omitempty"`
	Propensity float64 `json:"propensity,omitempty"`
	Model      string  `json:"model,omitempty"`

	Stars   float64 `json:"stars,omitempty"`
	Session string  `json:"session,omitempty"`
	// Details are the rest, by name.
	Details map[string]string `json:"details,omitempty"`
}

// Activity gives all that was noted of a person, the newest first. Codes: validation_failed for
// a cursor of another list, unavailable.
func (s *Service) Activity(ctx context.Context, person uuid.UUID, limit int, cursor string) (items []Activity, next string, err error) {
	page, err := s.store.Events.Recent(ctx, documents.RecentQuery{Person: person, Cursor: cursor, Limit: limit})
	if err != nil {
		return nil, "", err
	}
	for _, e := range page.Events {
		items = append(items, noted(e))
	}
	return items, page.Next, nil
}

func noted(e documents.Event) Activity {
	a := Activity{
		At: e.At, Kind: e.Kind, MovieID: e.Film, CityID: e.City, ListID: e.List, Position: e.Position,
		Propensity: e.Propensity, Model: e.Model, Stars: e.Value, Session: e.Session,
	}
	for name, value := range e.Details {
		if name == documents.DetailBooking {
			a.BookingID = value
			continue
		}
		if a.Details == nil {
			a.Details = map[string]string{}
		}
		a.Details[name] = value
	}
	return a
}
