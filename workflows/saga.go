package workflows

import (
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
)

// saga is the state of one booking workflow. Only the main coroutine moves it;
// updates hand it commands and wait.
type saga struct {
	stepRunner
	in      BookingInput
	held    booking.Held
	payment booking.PaymentState // the current one
	attempt int                  // payments opened so far
	state   BookingState
	ended   booking.Status // what the database says of the end, once there is one
	// strays are payments, other than the current one, that are being given back.
	strays map[string]bool
	// declined are the customer's tries that failed, by the provider's id of them.
	declined map[string]bool
	house    atHouse
	freed    bool // the database has been asked to end the booking
	refused  bool // a payment could not be given back
	// capturing is true while the provider does not answer to the capture.
	capturing bool

	change    ShowRescheduled // the latest move of the show
	heardOf   map[string]bool // changes of the show
	chosen    map[string]bool // changes about which the customer's wish was done
	givenBack int64           // of the price, because the customer went to a cheaper show
	owed      booking.Money   // what refunds are to have given back in the end
	refunding bool

	undo       undoStack
	background workflow.WaitGroup
	sequence   map[booking.Notice]int
	timeline   []booking.TimelineEntry

	holdAnswer   workflow.Future
	settleAnswer workflow.Settable
	answered     bool
	commands     workflow.Channel
	refunds      workflow.ReceiveChannel // staff's refunds for all bookings of a show; nil before the show
	asked        map[string]*asking      // what was asked for so far, by update
	cancelled    workflow.ReceiveChannel // closed when the workflow is cancelled; nil after it was received
	closing      bool
	holdTimer    workflow.Future
	stopTimer    workflow.CancelFunc
	runsOut      time.Time // when the timer fires
	extensions   int       // that the customer asked for and had
}

func newSaga(ctx workflow.Context, in BookingInput) *saga {
	s := &saga{
		stepRunner: newStepRunner(ctx, patience{queue: QueueBookings, oneTry: 10 * time.Second}, in.Policy.FastPath),
		in:         in,
		strays:     map[string]bool{},
		declined:   map[string]bool{},
		heardOf:    map[string]bool{},
		chosen:     map[string]bool{},
		background: workflow.NewWaitGroup(ctx),
		sequence:   map[booking.Notice]int{},
		commands:   workflow.NewBufferedChannel(ctx, 100),
		asked:      newAskings(),
		cancelled:  ctx.Done(),
		state: BookingState{
			BookingID: in.BookingID, Provider: in.Provider,
			Status: booking.StatusHeld, PaymentStatus: booking.PaymentOpen,
		},
	}
	s.holdAnswer, s.settleAnswer = workflow.NewFuture(ctx)
	return s
}

func (s *saga) seats() string { return strings.Join(booking.ReadSeats(s.in.Seats), ", ") }

func (s *saga) moneyStep(amount booking.Money) booking.MoneyStep {
	return booking.MoneyStep{
		BookingID: s.in.BookingID, Provider: s.payment.Provider, Reference: s.payment.Reference, Amount: amount,
	}
}

func (s *saga) confirmRequest() activities.ConfirmRequest {
	return activities.ConfirmRequest{BookingID: s.in.BookingID, Payment: s.payment}
}

// startHoldTimer counts down by the database's clock: it is given what is left,
// not when it ends.
func (s *saga) startHoldTimer(ctx workflow.Context, left time.Duration) {
	s.stopHoldTimer()
	timerCtx, cancel := workflow.WithCancel(ctx)
	s.stopTimer = cancel
	s.runsOut = workflow.Now(ctx).Add(left)
	s.holdTimer = workflow.NewTimerWithOptions(timerCtx, max(left, 0), workflow.TimerOptions{
		Summary: "The hold runs out",
	})
}

func (s *saga) stopHoldTimer() {
	if s.stopTimer != nil {
		s.stopTimer()
		s.stopTimer = nil
	}
}
