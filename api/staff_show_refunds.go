package api

import (
	"net/http"
	"time"

	"github.com/google/uuid"

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
func (a *api) refundShow(w http.ResponseWriter, r *http.Request) {
	id, _, err := a.changeable(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	var request refundBody
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	if err := request.check(1); err != nil {
		a.fail(w, r, err)
		return
	}
	show, err := a.Shows.Summary(r.Context(), id.String())
	switch {
	case err != nil:
	case show.Status == booking.ShowCancelled:
		err = booking.E(booking.CodeConflict, "This show was cancelled: all the money goes back already.")
	case time.Now().Before(show.StartsAt):
		err = booking.E(booking.CodeConflict, "This show has not begun. Cancel it or move it instead.")
	default:
		theater, _ := uuid.Parse(show.TheaterID) // zero would only hide it from the managers
		err = a.Staff.Note(r.Context(), audit.Entry{
			Actor: actorOf(r), Action: "refund", Entity: "show", EntityID: show.ID, TheaterID: theater, After: request,
		})
	}
	if err == nil {
		err = a.Saga.RefundShow(r.Context(), workflows.RefundShowInput{ShowID: show.ID, Request: request.by(r), Policy: a.Policy}, show)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerShowRefund(w, r, http.StatusAccepted, show.ID)
}

// showRefundProgress says how far the refund of a show has come.
func (a *api) showRefundProgress(w http.ResponseWriter, r *http.Request) {
	show, err := a.watchable(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerShowRefund(w, r, http.StatusOK, show.String())
}

func (a *api) answerShowRefund(w http.ResponseWriter, r *http.Request, status int, showID string) {
	progress, err := a.Bookings.RefundProgress(r.Context(), showID)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, status, showRefund{showID, progress})
}
