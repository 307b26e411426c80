package booking

import "time"

// Staff is a member of staff who asks for something, for the audit log.
type Staff struct {
	AccountID string `json:"account_id"`
	Role      string `json:"role"`
	RequestID string `json:"request_id"`
}

// ShowChangeRequest asks to cancel a show, or to move it.
type ShowChangeRequest struct {
	// ChangeID is derived from what makes two requests the same one.
	ChangeID string     `json:"change_id"`
	ShowID   string     `json:"show_id"`
	Kind     ChangeKind `json:"kind"`
	Reason   string     `json:"reason"` // customers read it
	By       Staff      `json:"by"`
	// Hash tells a repeat of the request from another under the same key.
	Hash string `json:"hash,omitempty"`

	// For a move. Times that are left out shift by the same amount; the screen stays.
	StartsAt     time.Time    `json:"starts_at,omitzero"`
	EndsAt       time.Time    `json:"ends_at,omitzero"`
	SalesCloseAt time.Time    `json:"sales_close_at,omitzero"`
	ScreenID     string       `json:"screen_id,omitempty"`
	DecideBy     time.Time    `json:"decide_by,omitzero"`
	Default      ChangeChoice `json:"default,omitempty"`
}

// ShowChange is a show that was cancelled or moved after it went on sale.
type ShowChange struct {
	ID          string       `json:"id"`
	ShowID      string       `json:"show_id"`
	Kind        ChangeKind   `json:"kind"`
	Reason      string       `json:"reason"`
	OldStartsAt time.Time    `json:"old_starts_at"`
	NewStartsAt *time.Time   `json:"new_starts_at,omitempty"`
	NewEndsAt   *time.Time   `json:"new_ends_at,omitempty"` // as the show stands now
	DecideBy    *time.Time   `json:"decide_by,omitempty"`
	Default     ChangeChoice `json:"default,omitempty"`
	CreatedAt   time.Time    `json:"created_at"`
	FinishedAt  *time.Time   `json:"finished_at,omitempty"`
	// Superseded says that the show was changed again since.
	Superseded bool `json:"superseded"`
}

// ChangeCount is how far a change has come with its bookings, by the database.
type ChangeCount struct {
	Untold    int `json:"untold"`    // still to be told
	Unasked   int `json:"unasked"`   // whose workflow is to carry out a refund, and has not been asked
	Told      int `json:"told"`      // whose workflow knows
	Settled   int `json:"settled"`   // of those told, with nothing left to do
	Failed    int `json:"failed"`    // of those told, which a person has to look at
	Undecided int `json:"undecided"` // whose customers have not chosen yet
	InFlight  int `json:"in_flight"` // which a workflow is busy with now
	Due       int `json:"due"`       // busy so long that their workflow is to be looked for
	// DecideIn is how long customers may still choose, by the database's clock.
	DecideIn   time.Duration `json:"decide_in"`
	Finished   bool          `json:"finished"`
	Superseded bool          `json:"superseded"`
}

// ChangeTask says what is to be done next for one booking of a changed show.
type ChangeTask struct {
	BookingID string         `json:"booking_id"`
	Kind      changeTaskKind `json:"kind"`
	// Refund tells whether the booking is to end with all the money back.
	Refund bool `json:"refund"`
}

// changeTaskKind is a kind of ChangeTask.
type changeTaskKind string

// The tasks: the booking's workflow has to be notified of the change; it has to carry out a
// refund that was chosen; or it has been busy so long that a check is due whether it still
// exists.
const (
	TaskTell   changeTaskKind = "tell"
	TaskRefund changeTaskKind = "refund"
	TaskLook   changeTaskKind = "look"
)

// Settlement is what is left to do for a booking whose workflow is gone.
type Settlement struct {
	Status Status `json:"status"`
	Total  Money  `json:"total"`
	// Elsewhere says that the booking has gone to another show: the change does not
	// concern it any more.
	Elsewhere bool `json:"elsewhere,omitempty"`
	// CancelledSince says that the booking was cancelled after the change was made. It is
	// false for a booking that had ended before, or expired.
	CancelledSince bool `json:"cancelled_since,omitempty"`
	// Moves is how many moves the booking was notified of before this change.
	Moves int `json:"moves"`
	// Refund is the share of the money that is owed; nil when nothing is owed.
	Refund *MoneyStep `json:"refund,omitempty"`
	// GiveBack are payments that must be refunded in full.
	GiveBack []MoneyStep `json:"give_back,omitempty"`
	// House is its order at the theater's own system; nil when the seats are ours to sell.
	House *HouseOrder `json:"house,omitempty"`
}
