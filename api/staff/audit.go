package staff

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// mountAudit mounts the log of changes, to read.
func (s *service) mountAudit() {
	s.Get("/v1/admin/audit", s.listAudit)
}

func (s *service) listAudit(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.Limit(r)
	query := r.URL.Query()
	return answerPage(w, err, func() ([]audit.Item, string, error) {
		return s.Staff.Audit(r.Context(), rest.ActorOf(r), audit.Filter{
			Entity: query.Get("entity"), EntityID: query.Get("entity_id"), ActorID: query.Get("actor_id"),
			TheaterID: query.Get("theater_id"), From: query.Get("from"), To: query.Get("to"),
			Limit: limit, Cursor: query.Get("cursor"),
		})
	})
}

func (s *service) noteCommand(r *http.Request, b booking.Booking, note asked) error {
	theater, _ := uuid.Parse(b.Show.TheaterID) // zero would only hide it from the managers
	return s.Staff.Note(r.Context(), audit.Entry{
		Actor: rest.ActorOf(r), Action: note.action, Entity: "booking", EntityID: b.ID, TheaterID: theater, After: note.request,
	})
}
