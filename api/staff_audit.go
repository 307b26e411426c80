package api

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// mountStaffAudit mounts the log of changes. Nobody writes to it here.
func (a *api) mountStaffAudit() {
	a.get("/v1/admin/audit", a.withRole(a.listAudit, roleSupport, roleManager, roleAdmin))
}

func (a *api) listAudit(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	query := r.URL.Query()
	answerPage(a, w, r, err, func() ([]audit.Item, string, error) {
		return a.Staff.Audit(r.Context(), actorOf(r), audit.Filter{
			Entity: query.Get("entity"), EntityID: query.Get("entity_id"), ActorID: query.Get("actor_id"),
			TheaterID: query.Get("theater_id"), From: query.Get("from"), To: query.Get("to"),
			Limit: limit, Cursor: query.Get("cursor"),
		})
	})
}

func (a *api) noteCommand(r *http.Request, b booking.Booking, note asked) error {
	theater, _ := uuid.Parse(b.Show.TheaterID) // zero would only hide it from the managers
	return a.Staff.Note(r.Context(), audit.Entry{
		Actor: actorOf(r), Action: note.action, Entity: "booking", EntityID: b.ID, TheaterID: theater, After: note.request,
	})
}
