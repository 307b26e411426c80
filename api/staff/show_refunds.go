package staff

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/workflows"
)

// showRefund is how far the refund of a show has come.
type showRefund struct {
	ShowID string `json:"show_id"`
	booking.RefundProgress
}

// refundShow gives a share of what was paid back to all customers of a show that has
// begun: the projector failed. Before the start a show is cancelled or moved instead.
func (s *service) refundShow(w http.ResponseWriter, r *http.Request) error {
	id, _, err := s.changeable(r)
	if err != nil {
		return err
	}
	var request refundBody
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := request.check(1); err != nil {
		return err
	}
	show, err := s.Shows.Summary(r.Context(), id.String())
	switch {
	case err != nil:
	case show.Status == booking.ShowCancelled:
		err = booking.E(booking.CodeConflict, "This show was cancelled: all the money goes back already.")
	case time.Now().Before(show.StartsAt):
		err = booking.E(booking.CodeConflict, "This show has not begun. Cancel it or move it instead.")
	default:
		theater, _ := uuid.Parse(show.TheaterID) // zero would only hide it from the managers
		err = s.Staff.Note(r.Context(), audit.Entry{
			Actor: rest.ActorOf(r), Action: "refund", Entity: "show", EntityID: show.ID, TheaterID: theater, After: request,
		})
	}
	if err == nil {
		err = s.Saga.RefundShow(r.Context(), workflows.RefundShowInput{ShowID: show.ID, Request: request.by(r), Policy: s.Policy}, show)
	}
	if err != nil {
		return err
	}
	return s.answerShowRefund(w, r, http.StatusAccepted, show.ID)
}

// showRefundProgress says how far the refund of a show has come.
func (s *service) showRefundProgress(w http.ResponseWriter, r *http.Request) error {
	show, err := s.watchable(r)
	if err != nil {
		return err
	}
	return s.answerShowRefund(w, r, http.StatusOK, show.String())
}

func (s *service) answerShowRefund(w http.ResponseWriter, r *http.Request, status int, showID string) error {
	progress, err := s.Bookings.RefundProgress(r.Context(), showID)
	if err != nil {
		return err
	}
	return rest.Answer(w, status, showRefund{showID, progress})
}
