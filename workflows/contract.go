package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/boxoffice/boxoffice/booking"
)

// Task queues: workflow code and our own database steps run on QueueBookings,
// what calls a vendor on that vendor group's queue.
const (
	QueueBookings      = "bookings"
	QueuePayments      = "payments"
	QueueNotifications = "notifications"
	QueueReminders     = "reminders"  // messages that may wait
	QueueOperations    = "operations" // what concerns many bookings at once
	QueueHouses        = "theaters"   // calls to theaters' own systems
	// QueueRecommendations is for learning what customers like. It takes all processors for
	// minutes, so it may have a process of its own.
	QueueRecommendations = "recommendations"
)

// Workflow types.
const (
	BookingWorkflow     = "Booking"
	LatePaymentWorkflow = "LatePayment"
	AftercareWorkflow   = "Aftercare"
	RefundShowWorkflow  = "RefundShow"
	CancelShowWorkflow  = "CancelShow"
	MoveShowWorkflow    = "MoveShow"
	// settleBookingWorkflow acts for a booking of a changed show whose own workflow
	// is gone.
	settleBookingWorkflow = "SettleBooking"
	// SweepBookingsWorkflow finds bookings whose workflow is gone, and DeleteOldWorkflow
	// deletes what is kept for a time only. Schedules start them.
	SweepBookingsWorkflow = "SweepBookings"
	DeleteOldWorkflow     = "DeleteOld"
)

// The booking workflow's updates, signals and queries.
const (
	UpdateHold    = "hold"          // starts the saga; answers when seats are held and the payment is open
	UpdateCancel  = "cancel"        // CancelRequest
	UpdateCheck   = "check_payment" // asks the provider now
	UpdateReopen  = "reopen_payment"
	UpdateResend  = "resend"      // ResendRequest; staff
	UpdateExtend  = "extend_hold" // ExtendRequest; staff, and the customer within limits
	UpdateRefund  = "refund"      // RefundRequest; staff
	UpdateChoose  = "choose"      // ChangeDecision: what the customer of a moved show wants
	SignalPayment = "payment"     // booking.PaymentState, fetched by the webhook

	SignalRefund    = "refund"    // RefundRequest: one of the bookings of a show after its start
	SignalAbandoned = "abandoned" // the hold's answer was not fetched; its seats are free already

	SignalShowCancelled   = "show_cancelled"   // ShowCancelled
	SignalShowRescheduled = "show_rescheduled" // ShowRescheduled
	// SignalTheaterCancelled says that the theater's own system has cancelled the sale.
	SignalTheaterCancelled = "theater_cancelled"

	QueryStatus   = "status"   // BookingState
	QueryTimeline = "timeline" // []booking.TimelineEntry
)

// The updates, signals and queries of the workflows that change a show.
const (
	UpdateChangeShow = "change_show" // sent with the start; answers when the show itself is changed
	SignalPause      = "pause"
	SignalResume     = "resume"
	QueryProgress    = "progress" // ChangeProgress
)

// Search attributes. They carry no personal data.
var (
	AttrBookingStatus = temporal.NewSearchAttributeKeyKeyword("BookingStatus")
	AttrPaymentStatus = temporal.NewSearchAttributeKeyKeyword("PaymentStatus")
	AttrShowID        = temporal.NewSearchAttributeKeyKeyword("ShowID")
	AttrTheaterID     = temporal.NewSearchAttributeKeyKeyword("TheaterID")
	AttrCustomerID    = temporal.NewSearchAttributeKeyKeyword("CustomerID")
)

// SearchAttributes lists them all, for registration.
func SearchAttributes() []temporal.SearchAttributeKey {
	return []temporal.SearchAttributeKey{AttrBookingStatus, AttrPaymentStatus, AttrShowID, AttrTheaterID, AttrCustomerID}
}

// BookingWorkflowID names the one workflow of a booking.
func BookingWorkflowID(bookingID string) string { return "booking-" + bookingID }

// LatePaymentWorkflowID names the one workflow that settles a payment whose
// booking had already ended.
func LatePaymentWorkflowID(provider, reference string) string {
	return "late-payment-" + provider + "-" + reference
}

// AftercareWorkflowID names the one workflow that acts for a booking whose own has
// ended.
func AftercareWorkflowID(bookingID string) string { return "aftercare-" + bookingID }

// ShowChangeWorkflowID names the one workflow of a change: a show is cancelled once, and
// moved as often as staff ask.
func ShowChangeWorkflowID(kind booking.ChangeKind, showID, changeID string) string {
	if kind == booking.ChangeCancelled {
		return "show-cancel-" + showID
	}
	return "show-change-" + changeID
}

// BookingInput starts a booking.
type BookingInput struct {
	BookingID   string         `json:"booking_id"`
	CustomerID  string         `json:"customer_id"`
	ShowID      string         `json:"show_id"`
	Seats       []string       `json:"seats"`
	Provider    string         `json:"provider"`
	RequestHash string         `json:"request_hash"`
	Policy      booking.Policy `json:"policy"`
	// Accessible as in booking.HoldRequest.
	Accessible *bool `json:"accessible,omitempty"`
	// Rules as in booking.HoldRequest.
	Rules *booking.HoldRules `json:"rules,omitempty"`
	// StartWithin is how long the caller waits for the answer. A workflow that runs later
	// than that after its start holds no seats. Both times are the Temporal server's, so no
	// other clock matters. Zero is no limit.
	StartWithin time.Duration `json:"start_within,omitempty"`
	// Adopt makes the booking use money that is already authorized, instead of
	// opening a payment. No caller waits for the answer of such a booking.
	Adopt *booking.PaymentState `json:"adopt,omitempty"`
	// TakeUp goes on with a booking whose workflow is gone. The database says where it
	// stands; seats, show and provider are read from there.
	TakeUp bool `json:"take_up,omitempty"`
}

// HoldAnswer is what the hold update answers.
type HoldAnswer struct {
	BookingID string `json:"booking_id"`
	// RequestHash is that of the request that made the hold. It shows an API replica that
	// the same key reached another booking.
	RequestHash string `json:"request_hash"`
}

// BookingState answers the status query and closes the workflow.
type BookingState struct {
	BookingID        string                `json:"booking_id"`
	Status           booking.Status        `json:"status"`
	PaymentStatus    booking.PaymentStatus `json:"payment_status"`
	PaymentReference string                `json:"payment_reference,omitempty"`
	Provider         string                `json:"provider"`
	HoldExpiresAt    time.Time             `json:"hold_expires_at"`
	Declines         int                   `json:"declines"`
	Doing            string                `json:"doing"` // what the workflow is busy with, or waits for
	Reason           string                `json:"reason,omitempty"`
}

// CancelRequest is a customer's wish to cancel.
type CancelRequest struct {
	Reason string `json:"reason"`
}

// ReopenRequest opens the payment again, with this provider.
type ReopenRequest struct {
	Provider string `json:"provider"`
}

// ResendRequest sends the confirmation again. An empty channel means all.
type ResendRequest struct {
	Channel booking.Channel `json:"channel"`
}

// ExtendRequest gives the customer more time to pay. What staff give is added to the
// hold's end. What the customer asks for counts from now and has limits.
type ExtendRequest struct {
	By       time.Duration `json:"by"`
	Customer bool          `json:"customer,omitempty"` // asks, and not staff
	// Times is how often the customer may have it in all.
	Times int `json:"times,omitempty"`
}

// Repeats tells whether a customer who has this much time left asks for what was just given:
// a second click must not use up another extension.
func (r ExtendRequest) Repeats(left time.Duration) bool {
	return r.Customer && left > r.By-min(20*time.Second, r.By/2)
}

// RefundRequest is staff giving money back: a share of what was paid, in all, 100
// percent when the theater is at fault. Before the show it cancels the booking; after
// the start the booking stays.
type RefundRequest struct {
	Percent int64  `json:"percent"`
	Reason  string `json:"reason"`
	Staff   string `json:"staff"` // account id, for the audit
}

// ShowCancelled tells a booking that all the money goes back: its show does not
// take place or, with the id of a move that it knows, that was the choice, or the default
// for customers who made none. With a ShowID, a booking that has moved to another show
// meanwhile ignores it.
type ShowCancelled struct {
	ChangeID string `json:"change_id,omitempty"`
	ShowID   string `json:"show_id,omitempty"`
	Reason   string `json:"reason"`
}

// ShowRescheduled tells a booking its show's new time. Until DecideBy its customer
// may keep it, move to another show of the film, or have all the money back.
type ShowRescheduled struct {
	ChangeID string               `json:"change_id,omitempty"`
	ShowID   string               `json:"show_id,omitempty"` // as in ShowCancelled
	Reason   string               `json:"reason,omitempty"`
	StartsAt time.Time            `json:"starts_at"`
	EndsAt   time.Time            `json:"ends_at"`
	DecideBy time.Time            `json:"decide_by,omitzero"`
	Default  booking.ChangeChoice `json:"default,omitempty"`
	// ChangedAt tells news from older news that arrives after it.
	ChangedAt time.Time `json:"changed_at,omitzero"`
}

// ChangeDecision is what the customer of a moved show wants. ShowID and Seats
// belong to the choice to move.
type ChangeDecision struct {
	ChangeID string               `json:"change_id"`
	Choice   booking.ChangeChoice `json:"choice"`
	ShowID   string               `json:"show_id,omitempty"`
	Seats    []string             `json:"seats,omitempty"`
}

// ShowChangeInput starts the workflow that cancels or moves a show and brings it
// to every booking. How far it has come is in the database, so a run that was
// terminated may be started again with the same input.
type ShowChangeInput struct {
	Request booking.ShowChangeRequest `json:"request"`
	// AtATime is how many bookings may be told and not settled at a time. Default
	// 100.
	AtATime int `json:"at_a_time,omitempty"`
	// Busy is how long a booking's workflow may be at it before a check that it still
	// exists. Default two minutes.
	Busy time.Duration `json:"busy,omitempty"`
	// EventsPerRun is after how many events the workflow continues in a new run.
	// Default 1,500.
	EventsPerRun int `json:"events_per_run,omitempty"`

	// Change and Paused are carried from run to run.
	Change *booking.ShowChange `json:"change,omitempty"`
	Paused bool                `json:"paused,omitempty"`
}

// settleBookingInput is a booking of a changed show that has no workflow.
type settleBookingInput struct {
	ChangeID  string `json:"change_id"`
	BookingID string `json:"booking_id"`
	// Refund cancels the booking and gives all the money back; otherwise the
	// customer is only told.
	Refund bool           `json:"refund"`
	Reason string         `json:"reason"`
	Notice booking.Notice `json:"notice"`
}

// ChangeProgress is how far a change of a show has come with its bookings.
type ChangeProgress struct {
	ChangeID string             `json:"change_id"`
	ShowID   string             `json:"show_id"`
	Kind     booking.ChangeKind `json:"kind"`
	Total    int                `json:"total"`   // bookings concerned
	Told     int                `json:"told"`    // whose workflow knows
	Settled  int                `json:"settled"` // with nothing left to do
	Failed   int                `json:"failed"`  // which a person has to look at
	Paused   bool               `json:"paused"`
	Done     bool               `json:"done"`
	Doing    string             `json:"doing"`
}

// AftercareInput starts the workflow that acts for a booking whose own has ended. It
// is started with an update or a signal that says what has happened.
type AftercareInput struct {
	BookingID string         `json:"booking_id"`
	Policy    booking.Policy `json:"policy"`
}

// LatePaymentInput is a payment that was authorized or captured after its
// booking had ended.
type LatePaymentInput struct {
	Payment booking.PaymentState `json:"payment"`
	// Rebook tries the same seats again before the money is given back.
	Rebook bool           `json:"rebook"`
	Policy booking.Policy `json:"policy"`
}

// latePaymentResult says where the money went.
type latePaymentResult struct {
	Outcome      lateOutcome `json:"outcome"`
	NewBookingID string      `json:"new_booking_id,omitempty"`
}

// lateOutcome is how a late payment ended.
type lateOutcome string

// The outcomes. Nothing is to do when the booking was sold for this very payment.
const (
	lateRebooked     lateOutcome = "rebooked"
	lateGivenBack    lateOutcome = "given_back"
	lateNotGivenBack lateOutcome = "not_given_back" // the provider refuses; staff have an alert
	lateNothingToDo  lateOutcome = "nothing_to_do"
)
