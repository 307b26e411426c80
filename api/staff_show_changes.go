package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
	"github.com/boxoffice/boxoffice/workflows"
)

// changeNamespace makes the ids of changes from what makes two requests the same
// one.
var changeNamespace = uuid.MustParse("c0a2a1c5-9a2b-5d3e-8a64-3f6a4e0b7d21")

// mountStaffChanges mounts cancelling and moving shows. Support watches.
func (a *api) mountStaffChanges() {
	change := func(handler http.HandlerFunc) http.HandlerFunc { return a.withRole(handler, roleManager, roleAdmin) }
	watch := func(handler http.HandlerFunc) http.HandlerFunc {
		return a.withRole(handler, roleSupport, roleManager, roleAdmin)
	}
	a.post("/v1/admin/shows/{id}/cancel", change(a.cancelShow))
	a.post("/v1/admin/shows/{id}/reschedule", change(a.rescheduleShow))
	a.post("/v1/admin/shows/{id}/refund", change(a.refundShow))
	a.get("/v1/admin/shows/{id}/refund", watch(a.showRefundProgress))
	a.get("/v1/admin/shows/{id}/changes", watch(a.listShowChanges))
	a.get("/v1/admin/show-changes/{id}", watch(a.getShowChange))
	a.post("/v1/admin/show-changes/{id}/pause", change(a.pauseShowChange))
	a.post("/v1/admin/show-changes/{id}/resume", change(a.resumeShowChange))
}

// shownChange is a change as staff see it.
type shownChange struct {
	booking.ShowChange
	Progress changeProgress `json:"progress"`
}

// changeProgress says how far a change has come. The counts are the database's;
// what the workflow says of itself is there when it answers.
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

// cancelShow cancels a show. Everybody who has seats gets all the money back.
func (a *api) cancelShow(w http.ResponseWriter, r *http.Request) {
	show, _, err := a.changeable(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	var request struct {
		Reason string `json:"reason"`
	}
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	if problems := checkReason(&request.Reason, 1, whyTheChange); len(problems) > 0 {
		a.fail(w, r, booking.Invalid(problems...))
		return
	}
	a.changeShow(w, r, booking.ShowChangeRequest{
		// A show is cancelled once, whoever asks however often.
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
func (a *api) rescheduleShow(w http.ResponseWriter, r *http.Request) {
	show, house, err := a.changeable(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	key, err := idempotencyKey(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	var request moveRequest
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	change, problems := request.read(house)
	if len(problems) > 0 {
		a.fail(w, r, booking.Invalid(problems...))
		return
	}
	change.ChangeID, change.ShowID = changeID(show, "move\n"+key), show.String()
	change.Hash = changeHash(change)
	a.changeShow(w, r, change)
}

// read checks what can be told without a look at the show.
func (m moveRequest) read(house staff.Changeable) (booking.ShowChangeRequest, []booking.FieldError) {
	problems := checkReason(&m.Reason, 1, whyTheChange)
	change := booking.ShowChangeRequest{Kind: booking.ChangeRescheduled, Reason: m.Reason, Default: m.Default}
	moment := func(field string, text *string, into *time.Time) {
		at, wrong := house.Moment(field, text)
		problems = append(problems, wrong...)
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
		problems = append(problems, wrong...)
	}
	if m.ScreenID != nil {
		change.ScreenID = *m.ScreenID
	}
	switch {
	case m.StartsAt != nil && m.LocalStartsAt != nil:
		problems = append(problems, booking.FieldError{Field: "local_starts_at", Message: "Send this or starts_at, not both."})
	case m.StartsAt == nil && m.LocalStartsAt == nil && m.ScreenID == nil:
		problems = append(problems, booking.FieldError{Field: "starts_at", Message: "Say when the show starts now, or on which screen."})
	}
	switch m.Default {
	case booking.ChoiceKeep, booking.ChoiceRefund:
	default:
		problems = append(problems, booking.FieldError{
			Field: "default", Message: "Must be keep or refund: what holds for customers who do not choose."})
	}
	return change, problems
}

const whyTheChange = " Say why; customers read it."

// changeID names a change of a show by what makes it the same one: "cancel", or
// "move" and a key, so that no key stands for the cancellation.
func changeID(show uuid.UUID, what string) string {
	return uuid.NewSHA1(changeNamespace, []byte(show.String()+"\n"+what)).String()
}

// changeShow starts the workflow, or reaches the one that runs, and answers when
// the show itself is changed.
func (a *api) changeShow(w http.ResponseWriter, r *http.Request, change booking.ShowChangeRequest) {
	actor := actorOf(r)
	change.By = booking.Staff{AccountID: actor.AccountID.String(), Role: actor.Role, RequestID: actor.RequestID}
	show, err := a.Shows.Summary(r.Context(), change.ShowID)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	done, err := a.Changes.ShowChange(r.Context(), change.ChangeID)
	if err != nil || !a.atWork(r.Context(), done) {
		done, err = a.Saga.ChangeShow(r.Context(), workflows.ShowChangeInput{Request: change}, show)
	}
	if err == nil {
		// A workflow that runs answers whoever asks with the change it works on.
		err = a.Changes.SameChange(r.Context(), change)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Location", "/v1/admin/show-changes/"+done.ID)
	a.answerChange(w, r, http.StatusAccepted, done)
}

// atWork tells whether nobody needs to be asked to work on a change: all is done,
// or its workflow is at it.
func (a *api) atWork(ctx context.Context, change booking.ShowChange) bool {
	if change.FinishedAt != nil {
		return true
	}
	_, err := a.Saga.ChangeProgress(ctx, change)
	return err == nil
}

func (a *api) answerChange(w http.ResponseWriter, r *http.Request, status int, change booking.ShowChange) {
	count, err := a.Changes.CountChange(r.Context(), change.ID, time.Hour)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	shown := shownChange{change, changeProgress{
		Total: count.Untold + count.Told, Told: count.Told, Settled: count.Settled, Failed: count.Failed, Undecided: count.Undecided,
	}}
	if change.FinishedAt == nil {
		// The workflow's own word is news, not the truth: without it the answer stands.
		if said, err := a.Saga.ChangeProgress(r.Context(), change); err == nil {
			shown.Progress.Running, shown.Progress.Paused, shown.Progress.Doing = true, said.Paused, said.Doing
		}
	}
	a.answer(w, r, status, shown)
}

func (a *api) listShowChanges(w http.ResponseWriter, r *http.Request) {
	show, err := a.watchable(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	limit, err := limitOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	items, next, err := a.Changes.ShowChanges(r.Context(), show.String(), limit, r.URL.Query().Get("cursor"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, pageOf(items, next))
}

func (a *api) getShowChange(w http.ResponseWriter, r *http.Request) {
	change, err := a.changeOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerChange(w, r, http.StatusOK, change)
}

// pauseShowChange stops telling bookings. What was told goes on.
func (a *api) pauseShowChange(w http.ResponseWriter, r *http.Request) {
	a.steer(w, r, "pause", a.Saga.PauseChange)
}

// resumeShowChange goes on, also with a change whose workflow is gone.
func (a *api) resumeShowChange(w http.ResponseWriter, r *http.Request) {
	a.steer(w, r, "resume", a.Saga.ResumeChange)
}

func (a *api) steer(w http.ResponseWriter, r *http.Request, action string,
	how func(context.Context, booking.ShowChange, booking.ShowSummary) error,
) {
	change, err := a.changeOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if change.FinishedAt != nil {
		a.fail(w, r, booking.E(booking.CodeConflict, "Every booking of this change is settled."))
		return
	}
	show, err := a.Shows.Summary(r.Context(), change.ShowID)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	theater, _ := uuid.Parse(show.TheaterID) // as in noteCommand
	if err := a.Staff.Note(r.Context(), audit.Entry{
		Actor: actorOf(r), Action: action, Entity: "show_change", EntityID: change.ID, TheaterID: theater,
	}); err != nil {
		a.fail(w, r, err)
		return
	}
	err = how(r.Context(), change, show)
	if errors.Is(err, ErrEnded) {
		err = booking.E(booking.CodeConflict, "Nobody is at work on this change. Resume it.").Wrap(err)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answerChange(w, r, http.StatusOK, change)
}

// changeable finds the show of the path, for somebody who may change it.
func (a *api) changeable(r *http.Request) (uuid.UUID, staff.Changeable, error) {
	show, err := idOf(r, "show")
	if err != nil {
		return show, staff.Changeable{}, err
	}
	house, err := a.Staff.MayChangeShow(r.Context(), actorOf(r), show)
	return show, house, err
}

// watchable finds the show of the path, for somebody who may look.
func (a *api) watchable(r *http.Request) (uuid.UUID, error) {
	show, err := idOf(r, "show")
	if err != nil {
		return show, err
	}
	return show, a.mayWatch(r, show)
}

func (a *api) changeOf(r *http.Request) (booking.ShowChange, error) {
	id, err := idOf(r, "change")
	if err != nil {
		return booking.ShowChange{}, err
	}
	change, err := a.Changes.ShowChange(r.Context(), id.String())
	if err != nil {
		return change, err
	}
	show, err := uuid.Parse(change.ShowID)
	if err != nil {
		return change, fmt.Errorf("show of change %s: %w", change.ID, err)
	}
	return change, a.mayWatch(r, show)
}

// mayWatch lets support look at every show, and managers at their own.
func (a *api) mayWatch(r *http.Request, show uuid.UUID) error {
	actor := actorOf(r)
	if actor.Role == roleSupport {
		actor.Role = roleAdmin
	}
	_, err := a.Staff.MayChangeShow(r.Context(), actor, show)
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
