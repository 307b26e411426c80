package accounts

import (
	"net/http"
	"strconv"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
)

func (s *service) listSessions(w http.ResponseWriter, r *http.Request) error {
	caller := rest.CallerOf(r)
	all, err := s.accounts.Sessions(r.Context(), caller.AccountID, caller.SessionFamily)
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, struct {
		Items []accounts.OwnSession `json:"items"`
	}{all})
}

func (s *service) endSession(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathUUID(r, "session")
	if err != nil {
		return err
	}
	if err := s.accounts.EndSession(r.Context(), rest.CallerOf(r).AccountID, id); err != nil {
		return err
	}
	return rest.NoContent(w)
}

// endSessions ends all sessions, or with ?except_current=true all others.
func (s *service) endSessions(w http.ResponseWriter, r *http.Request) error {
	caller, kept := rest.CallerOf(r), ""
	if text := r.URL.Query().Get("except_current"); text != "" {
		except, err := strconv.ParseBool(text)
		if err != nil {
			return booking.Invalid(booking.FieldError{Field: "except_current", Message: "Must be true or false."})
		}
		if except {
			kept = caller.SessionFamily
		}
	}
	if err := s.accounts.EndSessions(r.Context(), caller.AccountID, kept); err != nil {
		return err
	}
	return rest.NoContent(w)
}
