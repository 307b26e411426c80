package api

import (
	"net/http"
	"strconv"

	"github.com/google/uuid"
	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
)

// mountStaffAlerts mounts what a person has to look at. A manager sees what is
// about bookings of their own theaters.
func (a *api) mountStaffAlerts() {
	a.get("/v1/admin/alerts", a.withRole(a.listAlerts, roleSupport, roleManager, roleAdmin))
	a.route(http.MethodPatch, "/v1/admin/alerts/{id}", a.withRole(a.changeAlert, roleSupport, roleManager, roleAdmin))
}

// alertPage is a page of alerts, and how many there are.
type alertPage struct {
	Items      []alerts.Item `json:"items"`
	NextCursor string        `json:"next_cursor,omitempty"`
	Counts     alerts.Counts `json:"counts"`
}

func (a *api) listAlerts(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	query := r.URL.Query()
	takenBy := query.Get("taken_by")
	if takenBy == "me" {
		takenBy = principalOf(r).AccountID
	}
	items, counts, next, err := a.Alerts.List(r.Context(), alerts.Filter{
		State: query.Get("state"), Kind: query.Get("kind"), BookingID: query.Get("booking_id"), TheaterID: query.Get("theater_id"),
		TakenBy: takenBy, Since: query.Get("since"), ManagedBy: managedBy(r), Limit: limit, Cursor: query.Get("cursor"),
	})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page := pageOf(items, next)
	a.answer(w, r, http.StatusOK, alertPage{page.Items, page.NextCursor, counts})
}

// changeAlert takes an alert, gives it back, resolves it, or opens it again.
func (a *api) changeAlert(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(mux.Vars(r)["id"], 10, 64)
	if err != nil {
		a.fail(w, r, booking.E(booking.CodeNotFound, "There is no such alert."))
		return
	}
	var request struct {
		State alerts.State `json:"state"`
		From  string       `json:"from"`
		Note  string       `json:"note"`
	}
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	changed, err := a.Alerts.Change(r.Context(), actorOf(r), managedBy(r), id,
		alerts.Change{To: request.State, From: request.From, Note: request.Note})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, changed)
}

// managedBy is the manager to whose houses an answer is narrowed; zero for those
// who see all.
func managedBy(r *http.Request) uuid.UUID {
	actor := actorOf(r)
	if actor.Role == roleAdmin || actor.Role == roleSupport {
		return uuid.Nil
	}
	return actor.AccountID
}
