package staff

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
)

// Reconciliations are the days of payment providers that were compared with our books.
type Reconciliations interface {
	// Reconciled lists the days, the newest first; of one provider, if it is named. Code:
	// validation_failed.
	Reconciled(ctx context.Context, provider string, limit int, cursor string) (days []booking.ReconciledDay, next string, err error)
	// ReconciledDay is one day with a page of its findings. Codes: not_found, validation_failed.
	ReconciledDay(ctx context.Context, provider string, day time.Time, limit int, cursor string) (
		d booking.ReconciledDay, found []booking.Found, next string, err error)
}

// mountReconciliations mounts what the daily comparison with the payment providers found.
func (s *service) mountReconciliations() {
	s.Get("/v1/reconciliations", s.listReconciliations)
	s.Get("/v1/reconciliations/{provider}/{day}", s.getReconciliation)
}

func (s *service) listReconciliations(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.Limit(r)
	query := r.URL.Query()
	provider := query.Get("provider")
	if err == nil && !utf8.ValidString(provider) {
		err = booking.Invalid(booking.FieldError{Field: "provider", Message: "This is not text."})
	}
	return answerPage(w, err, func() ([]booking.ReconciledDay, string, error) {
		return s.Reconciliations.Reconciled(r.Context(), provider, limit, query.Get("cursor"))
	})
}

// reconciliation is a day with a page of its findings.
type reconciliation struct {
	booking.ReconciledDay
	Items      []booking.Found `json:"items"`
	NextCursor string          `json:"next_cursor,omitempty"`
}

func (s *service) getReconciliation(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.Limit(r)
	if err != nil {
		return err
	}
	vars := mux.Vars(r)
	day, err := time.Parse(time.DateOnly, vars["day"])
	if err != nil || day.Year() < 2000 || !utf8.ValidString(vars["provider"]) {
		return booking.E(booking.CodeNotFound, "There is no such day. Write it as in 2026-11-27.")
	}
	d, found, next, err := s.Reconciliations.ReconciledDay(r.Context(), vars["provider"], day, limit, r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	page := rest.PageOf(found, next)
	return rest.Answer(w, http.StatusOK, reconciliation{d, page.Items, page.NextCursor})
}
