package staff

import (
	"net/http"
	"strconv"

	"github.com/google/uuid"
	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
)

// mountAlerts mounts what a person has to look at. A manager sees what is
// about bookings of their own theaters.
func (s *service) mountAlerts() {
	s.Get("/v1/admin/alerts", s.listAlerts)
	s.Route(http.MethodPatch, "/v1/admin/alerts/{id}", s.changeAlert)
}

// alertPage is a page of alerts, and how many there are.
type alertPage struct {
	Items      []alerts.Item `json:"items"`
	NextCursor string        `json:"next_cursor,omitempty"`
	Counts     alerts.Counts `json:"counts"`
}

func (s *service) listAlerts(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.Limit(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	takenBy := query.Get("taken_by")
	if takenBy == "me" {
		takenBy = rest.CallerOf(r).AccountID
	}
	items, counts, next, err := s.Alerts.List(r.Context(), alerts.Filter{
		State: query.Get("state"), Kind: query.Get("kind"), BookingID: query.Get("booking_id"), TheaterID: query.Get("theater_id"),
		TakenBy: takenBy, Since: query.Get("since"), ManagedBy: managedBy(r), Limit: limit, Cursor: query.Get("cursor"),
	})
	if err != nil {
		return err
	}
	page := rest.PageOf(items, next)
	return rest.Answer(w, http.StatusOK, alertPage{page.Items, page.NextCursor, counts})
}

// changeAlert takes an alert, gives it back, resolves it, or opens it again.
func (s *service) changeAlert(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(mux.Vars(r)["id"], 10, 64)
	if err != nil {
		return booking.E(booking.CodeNotFound, "There is no such alert.")
	}
	var request struct {
		State alerts.State `json:"state"`
		From  string       `json:"from"`
		Note  string       `json:"note"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	changed, err := s.Alerts.Change(r.Context(), rest.ActorOf(r), managedBy(r), id,
		alerts.Change{To: request.State, From: request.From, Note: request.Note})
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, changed)
}

// managedBy is the manager to whose houses an answer is limited; zero for staff who see
// all.
func managedBy(r *http.Request) uuid.UUID {
	actor := rest.ActorOf(r)
	if actor.Role == booking.RoleAdmin || actor.Role == booking.RoleSupport {
		return uuid.Nil
	}
	return actor.AccountID
}
