package staff

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/api/saga"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
	"github.com/boxoffice/boxoffice/workflows"
)

// changeNamespace makes the ids of changes from what identifies a request.
var changeNamespace = uuid.MustParse("c0a2a1c5-9a2b-5d3e-8a64-3f6a4e0b7d21")

// mountChanges mounts cancelling and moving shows. Support watches.
func (s *service) mountChanges() {
	s.Post("/v1/admin/shows/{id}/cancel", s.cancelShow)
	s.Post("/v1/admin/shows/{id}/reschedule", s.rescheduleShow)
	s.Post("/v1/admin/shows/{id}/refund", s.refundShow)
	s.Get("/v1/admin/shows/{id}/refund", s.showRefundProgress)
	s.Get("/v1/admin/shows/{id}/changes", s.listShowChanges)
	s.Get("/v1/admin/show-changes/{id}", s.getShowChange)
	s.Post("/v1/admin/show-changes/{id}/pause", s.pauseShowChange)
	s.Post("/v1/admin/show-changes/{id}/resume", s.resumeShowChange)
}

// shownChange is a change as staff see it.
type shownChange struct {
	booking.ShowChange
	Progress changeProgress `json:"progress"`
}

// changeProgress is the progress of a change. The counts come from the database; the
// workflow's own fields are there only when it answers.
type changeProgress struct {
	Total     int    `json:"total"`
	Told      int    `json:"told"`
	Settled   int    `json:"settled"`
	Failed    int    `json:"failed"`
	Undecided int    `json:"undecided"`
	Running   bool   `json:"running"`
	Paused    bool   `json:"paused"`
	Doing     string `json:"doing,omitempty"`
}

// cancelShow cancels a show. Every customer with seats gets a full refund.
func (s *service) cancelShow(w http.ResponseWriter, r *http.Request) error {
	show, _, err := s.changeable(r)
	if err != nil {
		return err
	}
	var request struct {
		Reason string `json:"reason"`
	}
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	if err := rest.Reason(&request.Reason, 1, whyTheChange).Err(); err != nil {
		return err
	}
	return s.startChange(w, r, booking.ShowChangeRequest{
		// A show is cancelled once, however often staff ask.
		ChangeID: changeID(show, "cancel"), ShowID: show.String(), Kind: booking.ChangeCancelled, Reason: request.Reason,
	})
}

// moveRequest is the body of a reschedule.
type moveRequest struct {
	StartsAt      *string              `json:"starts_at"`
	LocalStartsAt *string              `json:"local_starts_at"`
	EndsAt        *string              `json:"ends_at"`
	SalesCloseAt  *string              `json:"sales_close_at"`
	ScreenID      *string              `json:"screen_id"`
	Reason        string               `json:"reason"`
	DecideBy      *string              `json:"decide_by"`
	Default       booking.ChangeChoice `json:"default"`
}

// rescheduleShow moves a show to another time or screen.
func (s *service) rescheduleShow(w http.ResponseWriter, r *http.Request) error {
	show, house, err := s.changeable(r)
	if err != nil {
		return err
	}
	key, err := rest.IdempotencyKey(r)
	if err != nil {
		return err
	}
	var request moveRequest
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	change, err := request.read(house)
	if err != nil {
		return err
	}
	change.ChangeID, change.ShowID = changeID(show, "move\n"+key), show.String()
	change.Hash = changeHash(change)
	return s.startChange(w, r, change)
}

// read checks what does not depend on the show.
func (m moveRequest) read(house staff.Changeable) (booking.ShowChangeRequest, error) {
	fieldErrors := rest.Reason(&m.Reason, 1, whyTheChange)
	change := booking.ShowChangeRequest{Kind: booking.ChangeRescheduled, Reason: m.Reason, Default: m.Default}
	moment := func(field string, text *string, into *time.Time) {
		at, wrong := house.Moment(field, text)
		fieldErrors = append(fieldErrors, wrong...)
		if at != nil {
			*into = *at
		}
	}
	moment("starts_at", m.StartsAt, &change.StartsAt)
	moment("ends_at", m.EndsAt, &change.EndsAt)
	moment("sales_close_at", m.SalesCloseAt, &change.SalesCloseAt)
	moment("decide_by", m.DecideBy, &change.DecideBy)
	if m.LocalStartsAt != nil {
		var wrong []booking.FieldError
		change.StartsAt, wrong = house.LocalMoment("local_starts_at", *m.LocalStartsAt)
		fieldErrors = append(fieldErrors, wrong...)
	}
	if m.ScreenID != nil {
		change.ScreenID = *m.ScreenID
	}
	switch {
	case m.StartsAt != nil && m.LocalStartsAt != nil:
		fieldErrors.Add("local_starts_at", "Send this or starts_at, not both.")
	case m.StartsAt == nil && m.LocalStartsAt == nil && m.ScreenID == nil:
		fieldErrors.Add("starts_at", "Say when the show starts now, or on which screen.")
	}
	switch m.Default {
	case booking.ChoiceKeep, booking.ChoiceRefund:
	default:
		fieldErrors.Add("default", "Must be keep or refund: what holds for customers who do not choose.")
	}
	return change, fieldErrors.Err()
}

const whyTheChange = " Say why; customers read it."

// changeID names a change of a show by what makes it the same one: "cancel", or
// "move" and a key, so that no key stands for the cancellation.
func changeID(show uuid.UUID, what string) string {
	return uuid.NewSHA1(changeNamespace, []byte(show.String()+"\n"+what)).String()
}

// startChange starts the workflow, or reaches the running one, and answers when the show
// itself is changed.
func (s *service) startChange(w http.ResponseWriter, r *http.Request, change booking.ShowChangeRequest) error {
	actor := rest.ActorOf(r)
	change.By = booking.Staff{AccountID: actor.AccountID.String(), Role: actor.Role, RequestID: actor.RequestID}
	show, err := s.Shows.Summary(r.Context(), change.ShowID)
	if err != nil {
		return err
	}
	done, err := s.Changes.ShowChange(r.Context(), change.ChangeID)
	if err != nil || !s.atWork(r.Context(), done) {
		done, err = s.Saga.ChangeShow(r.Context(), workflows.ShowChangeInput{Request: change}, show)
	}
	if err == nil {
		// A running workflow answers every request with the change that it works on.
		err = s.Changes.SameChange(r.Context(), change)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/admin/show-changes/"+done.ID)
	return s.answerChange(w, r, http.StatusAccepted, done)
}

// atWork tells whether a change needs no new workflow: it is done, or its workflow
// runs.
func (s *service) atWork(ctx context.Context, change booking.ShowChange) bool {
	if change.FinishedAt != nil {
		return true
	}
	_, err := s.Saga.ChangeProgress(ctx, change)
	return err == nil
}

func (s *service) answerChange(w http.ResponseWriter, r *http.Request, status int, change booking.ShowChange) error {
	count, err := s.Changes.CountChange(r.Context(), change.ID, time.Hour)
	if err != nil {
		return err
	}
	shown := shownChange{change, changeProgress{
		Total: count.Untold + count.Told, Told: count.Told, Settled: count.Settled, Failed: count.Failed, Undecided: count.Undecided,
	}}
	if change.FinishedAt == nil {
		// The workflow's own fields are extra: the answer is complete without them.
		if said, err := s.Saga.ChangeProgress(r.Context(), change); err == nil {
			shown.Progress.Running, shown.Progress.Paused, shown.Progress.Doing = true, said.Paused, said.Doing
		}
	}
	return rest.Answer(w, status, shown)
}

func (s *service) listShowChanges(w http.ResponseWriter, r *http.Request) error {
	show, err := s.watchable(r)
	if err != nil {
		return err
	}
	limit, err := rest.Limit(r)
	if err != nil {
		return err
	}
	items, next, err := s.Changes.ShowChanges(r.Context(), show.String(), limit, r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, rest.PageOf(items, next))
}

func (s *service) getShowChange(w http.ResponseWriter, r *http.Request) error {
	change, err := s.changeOf(r)
	if err != nil {
		return err
	}
	return s.answerChange(w, r, http.StatusOK, change)
}

// pauseShowChange stops notifying bookings. Bookings that were notified go on.
func (s *service) pauseShowChange(w http.ResponseWriter, r *http.Request) error {
	return s.steer(w, r, "pause", s.Saga.PauseChange)
}

// resumeShowChange goes on, also with a change whose workflow is gone.
func (s *service) resumeShowChange(w http.ResponseWriter, r *http.Request) error {
	return s.steer(w, r, "resume", s.Saga.ResumeChange)
}

func (s *service) steer(w http.ResponseWriter, r *http.Request, action string,
	how func(context.Context, booking.ShowChange, booking.ShowSummary) error,
) error {
	change, err := s.changeOf(r)
	if err != nil {
		return err
	}
	if change.FinishedAt != nil {
		return booking.E(booking.CodeConflict, "Every booking of this change is settled.")
	}
	show, err := s.Shows.Summary(r.Context(), change.ShowID)
	if err != nil {
		return err
	}
	theater, _ := uuid.Parse(show.TheaterID) // as in noteCommand
	if err := s.Staff.Note(r.Context(), audit.Entry{
		Actor: rest.ActorOf(r), Action: action, Entity: "show_change", EntityID: change.ID, TheaterID: theater,
	}); err != nil {
		return err
	}
	err = how(r.Context(), change, show)
	if errors.Is(err, saga.ErrEnded) {
		err = booking.E(booking.CodeConflict, "No workflow is working on this change. Resume it.").Wrap(err)
	}
	if err != nil {
		return err
	}
	return s.answerChange(w, r, http.StatusOK, change)
}

// changeable finds the show of the path, if the caller may change it.
func (s *service) changeable(r *http.Request) (uuid.UUID, staff.Changeable, error) {
	show, err := rest.PathUUID(r, "show")
	if err != nil {
		return show, staff.Changeable{}, err
	}
	house, err := s.Staff.MayChangeShow(r.Context(), rest.ActorOf(r), show)
	return show, house, err
}

// watchable finds the show of the path, if the caller may read it.
func (s *service) watchable(r *http.Request) (uuid.UUID, error) {
	show, err := rest.PathUUID(r, "show")
	if err != nil {
		return show, err
	}
	return show, s.mayWatch(r, show)
}

func (s *service) changeOf(r *http.Request) (booking.ShowChange, error) {
	id, err := rest.PathUUID(r, "change")
	if err != nil {
		return booking.ShowChange{}, err
	}
	change, err := s.Changes.ShowChange(r.Context(), id.String())
	if err != nil {
		return change, err
	}
	show, err := uuid.Parse(change.ShowID)
	if err != nil {
		return change, fmt.Errorf("show of change %s: %w", change.ID, err)
	}
	return change, s.mayWatch(r, show)
}

// mayWatch lets support look at every show, and managers at their own.
func (s *service) mayWatch(r *http.Request, show uuid.UUID) error {
	actor := rest.ActorOf(r)
	if actor.Role == booking.RoleSupport {
		actor.Role = booking.RoleAdmin
	}
	_, err := s.Staff.MayChangeShow(r.Context(), actor, show)
	return err
}

func changeHash(change booking.ShowChangeRequest) string {
	hash := sha256.New()
	for _, at := range []time.Time{change.StartsAt, change.EndsAt, change.SalesCloseAt, change.DecideBy} {
		fmt.Fprintf(hash, "%d,", at.Unix())
	}
	fmt.Fprintf(hash, "%q,%q,%q", change.ScreenID, change.Reason, change.Default)
	return hex.EncodeToString(hash.Sum(nil))
}
