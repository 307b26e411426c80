package staff

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/houses"
)

// HouseHealth tells how theaters' own systems are seen by this process.
type HouseHealth interface {
	// Ill tells whether a theater's system is left alone at present, because it fails.
	Ill(theaterID string) bool
	// Off tells whether operators have switched a kind of system off.
	Off(adapter string) bool
}

// mountHouses mounts the theaters that sell from their own system, which the code calls houses.
func (s *service) mountHouses() {
	s.Get("/v1/houses", s.listHouses)
	s.Get("/v1/theaters/{id}/house", s.getHouse)
	s.Route(http.MethodPut, "/v1/theaters/{id}/house", s.saveHouse)
	s.Post("/v1/theaters/{id}/house/pause", s.pauseHouse)
	s.Get("/v1/shows/{id}/allotments", s.getAllotments)
	s.Route(http.MethodPut, "/v1/shows/{id}/allotments", s.setAllotments)
}

// houseState says in one word whether a theater's system sells.
type houseState string

// The states. The first that fits counts.
const (
	houseOff    houseState = "off"    // operators have switched its kind off
	housePaused houseState = "paused" // operators have stopped its sale
	houseIll    houseState = "ill"    // it fails, as this process sees it
	houseSells  houseState = "sells"
)

// shownHouse is a theater's own system as administrators see it: of its credentials only their
// names.
type shownHouse struct {
	TheaterID    string            `json:"theater_id"`
	Adapter      string            `json:"adapter"`
	Address      string            `json:"address"`
	Credentials  []string          `json:"credentials"`
	Options      map[string]string `json:"options"`
	PausedAt     *time.Time        `json:"paused_at,omitempty"`
	PausedReason string            `json:"paused_reason,omitempty"`
}

func shownHouseOf(h houses.Settings) shownHouse {
	shown := shownHouse{
		TheaterID: h.TheaterID, Adapter: h.Adapter, Address: h.Address, Credentials: slices.Sorted(maps.Keys(h.Credentials)),
		Options: h.Options, PausedAt: inUTC(h.PausedAt), PausedReason: h.PausedReason,
	}
	if shown.Credentials == nil {
		shown.Credentials = []string{}
	}
	return shown
}

func inUTC(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	utc := at.UTC()
	return &utc
}

func (s *service) getHouse(w http.ResponseWriter, r *http.Request) error {
	theater, err := rest.PathUUID(r, "theater")
	if err != nil {
		return err
	}
	house, err := s.Houses.House(r.Context(), theater.String())
	return answerOr(w, shownHouseOf(house), err)
}

// saveHouse makes a theater sell from its own system, or changes how that is reached. The
// session must be fresh: our customers' orders go to the address.
func (s *service) saveHouse(w http.ResponseWriter, r *http.Request) error {
	theater, err := rest.PathUUID(r, "theater")
	if err != nil {
		return err
	}
	if err := s.FreshCaller(r); err != nil {
		return err
	}
	var request struct {
		Adapter     string            `json:"adapter"`
		Address     string            `json:"address"`
		Credentials map[string]string `json:"credentials"`
		Options     map[string]string `json:"options"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	house, err := s.Houses.Save(r.Context(), rest.ActorOf(r), theater.String(), houses.NewSettings{
		Adapter: request.Adapter, Address: request.Address, Credentials: request.Credentials, Options: request.Options,
	})
	return answerOr(w, shownHouseOf(house), err)
}

// pauseHouse asks for no fresh session: a sale that goes wrong must stop now.
func (s *service) pauseHouse(w http.ResponseWriter, r *http.Request) error {
	theater, err := rest.PathUUID(r, "theater")
	if err != nil {
		return err
	}
	var request struct {
		Paused *bool  `json:"paused"`
		Reason string `json:"reason"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if request.Paused == nil {
		return booking.Invalid(booking.FieldError{Field: "paused", Message: "Say true or false."})
	}
	house, err := s.Houses.Pause(r.Context(), rest.ActorOf(r), theater.String(), *request.Paused, request.Reason)
	return answerOr(w, pausedOf(house), err)
}

// shownPause is what support sees of a theater's system after a pause: not how it is reached.
type shownPause struct {
	TheaterID    string     `json:"theater_id"`
	PausedAt     *time.Time `json:"paused_at,omitempty"`
	PausedReason string     `json:"paused_reason,omitempty"`
}

func pausedOf(h houses.Settings) shownPause {
	return shownPause{h.TheaterID, inUTC(h.PausedAt), h.PausedReason}
}

// listedHouse is a theater's own system in the list of all.
type listedHouse struct {
	TheaterID    string     `json:"theater_id"`
	Name         string     `json:"name"`
	Adapter      string     `json:"adapter"`
	State        houseState `json:"state"`
	PausedAt     *time.Time `json:"paused_at,omitempty"`
	PausedReason string     `json:"paused_reason,omitempty"`
	ProgramAsOf  *time.Time `json:"program_as_of,omitempty"`
	Failures     int        `json:"program_failures"`
	Error        string     `json:"program_error,omitempty"`
	Shows        int        `json:"shows"`
	Unsellable   int        `json:"unsellable_shows"`
}

func (s *service) listHouses(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Houses.Statuses(r.Context())
	if err != nil {
		return err
	}
	items := []listedHouse{}
	for _, h := range all {
		items = append(items, listedHouse{
			h.TheaterID, h.Name, h.Adapter, s.stateOf(h), inUTC(h.PausedAt), h.PausedReason, inUTC(h.AsOf), h.Failures, h.Error, h.Shows, h.Unsellable,
		})
	}
	return rest.Answer(w, http.StatusOK, rest.PageOf(items, ""))
}

func (s *service) stateOf(h houses.Status) houseState {
	switch {
	case s.HouseHealth != nil && s.HouseHealth.Off(h.Adapter):
		return houseOff
	case h.PausedAt != nil:
		return housePaused
	case s.HouseHealth != nil && s.HouseHealth.Ill(h.TheaterID):
		return houseIll
	default:
		return houseSells
	}
}
