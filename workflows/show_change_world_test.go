package workflows_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/boxoffice/boxoffice/workflows/sagatest"
)

const (
	changeID   = "0b5c9f8e-6a36-4c58-9a4e-2f1a7f0f1a05"
	changeBusy = 30 * time.Second
)

// audience are the bookings of a show in memory, and their workflows: it says of a
// change what the database would say.
type audience struct {
	mu     sync.Mutex
	now    func() time.Time
	change booking.ShowChange
	refuse error // of the change itself
	made   bool
	people []*attendee

	settleAfter time.Duration // how long a workflow takes to refund
	superseded  bool
	away        int    // signals that fail for a while
	telling     func() // is called before each signal
	most        int    // bookings at work at a time
}

// attendee is one booking.
type attendee struct {
	id                          string
	gone                        bool // it has no workflow
	refused                     bool // its refund is
	elsewhere                   bool // it went to another show
	mute                        bool // its customer cannot be reached for now
	lost                        bool // its workflow never acts on its signals
	choice                      booking.ChangeChoice
	byDefault                   bool
	told, chosen, asked, begun  time.Time
	settled                     bool
	failure                     string
	signals                     []string
	notices                     []booking.Notice
	status                      booking.Status
	cancellations, refundsAsked int
}

func newAudience(now func() time.Time, kind booking.ChangeKind, size int) *audience {
	a := &audience{now: now, settleAfter: 3 * time.Second}
	a.change = booking.ShowChange{ID: changeID, ShowID: sagatest.ShowID, Kind: kind, Reason: "A flood.", OldStartsAt: now().Add(48 * time.Hour)}
	for n := range size {
		a.people = append(a.people, &attendee{id: fmt.Sprintf("booking-%03d", n), status: booking.StatusConfirmed})
	}
	return a
}

// moved makes the change a move, with a time in which customers may choose.
func (a *audience) moved(decideIn time.Duration, byDefault booking.ChangeChoice) *audience {
	starts, ends, decide := a.now().Add(50*time.Hour), a.now().Add(52*time.Hour), a.now().Add(decideIn)
	a.change.NewStartsAt, a.change.NewEndsAt, a.change.DecideBy, a.change.Default = &starts, &ends, &decide, byDefault
	return a
}

func (a *audience) input() workflows.ShowChangeInput {
	return workflows.ShowChangeInput{
		Request: booking.ShowChangeRequest{ChangeID: changeID, ShowID: sagatest.ShowID, Kind: a.change.Kind, Reason: a.change.Reason},
		Busy:    changeBusy,
	}
}

func (a *audience) ChangeShow(context.Context, booking.ShowChangeRequest) (booking.ShowChange, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refuse != nil {
		return booking.ShowChange{}, a.refuse
	}
	a.made = true
	return a.change, nil
}

func (a *audience) CountChange(_ context.Context, _ string, busy time.Duration) (booking.ChangeCount, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	count := booking.ChangeCount{Finished: a.change.FinishedAt != nil, Superseded: a.superseded}
	if a.change.DecideBy != nil {
		count.DecideIn = max(a.change.DecideBy.Sub(a.now()), 0)
	}
	for _, p := range a.people {
		p.live(a)
		switch {
		case p.told.IsZero():
			if !a.superseded {
				count.Untold++
			}
			continue
		case p.settled:
			count.Settled++
		case p.failure != "":
			count.Failed++
		default:
			if a.change.Kind == booking.ChangeRescheduled && p.choice == "" {
				count.Undecided++
			}
			if a.atWork(p) {
				count.InFlight++
			}
			if a.unasked(p, busy) {
				count.Unasked++
			}
			if a.overdue(p, busy) {
				count.Due++
			}
		}
		count.Told++
	}
	a.most = max(a.most, count.InFlight)
	return count, nil
}

// live is what the booking's workflow has done so far.
func (p *attendee) live(a *audience) {
	switch {
	case a.change.Kind == booking.ChangeRescheduled && (p.choice == booking.ChoiceKeep || p.choice == booking.ChoiceMove):
		p.settled = true
	case a.superseded && p.choice == "" && !p.told.IsZero():
		p.settled = true
	case !p.begun.IsZero() && !p.lost && a.now().Sub(p.begun) >= a.settleAfter:
		p.settled = true
	}
}

func (a *audience) atWork(p *attendee) bool {
	return a.change.Kind == booking.ChangeCancelled || p.choice == booking.ChoiceRefund && !p.asked.IsZero()
}

func (a *audience) unasked(p *attendee, busy time.Duration) bool {
	return p.choice == booking.ChoiceRefund && p.asked.IsZero() && (p.byDefault || a.now().Sub(p.chosen) > busy)
}

func (a *audience) overdue(p *attendee, busy time.Duration) bool {
	last := p.told
	if !p.asked.IsZero() {
		last = p.asked
	}
	return a.atWork(p) && a.now().Sub(last) > busy
}

func (a *audience) NextOfChange(_ context.Context, _ string, busy time.Duration, limit int) ([]booking.ChangeTask, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var looks, others []booking.ChangeTask
	refund := a.change.Kind == booking.ChangeCancelled
	for _, p := range a.people {
		switch {
		case p.told.IsZero():
			others = append(others, booking.ChangeTask{BookingID: p.id, Kind: booking.TaskTell, Refund: refund})
		case p.settled, p.failure != "":
		case a.unasked(p, busy):
			others = append(others, booking.ChangeTask{BookingID: p.id, Kind: booking.TaskRefund, Refund: true})
		case a.overdue(p, busy):
			looks = append(looks, booking.ChangeTask{BookingID: p.id, Kind: booking.TaskLook, Refund: true})
		}
	}
	return append(looks, others[:min(limit, len(others))]...), nil
}

func (a *audience) TaskDone(_ context.Context, _ string, task booking.ChangeTask) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.of(task.BookingID)
	if task.Kind == booking.TaskTell {
		p.told = a.now()
	} else {
		p.asked = a.now()
	}
	return nil
}

func (a *audience) ApplyDefault(context.Context, string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.people {
		if p.choice == "" && !p.told.IsZero() && !a.superseded {
			p.choice, p.byDefault, p.chosen = a.change.Default, true, a.now()
		}
	}
	return nil
}

func (a *audience) Settlement(_ context.Context, _, id string) (booking.Settlement, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.of(id)
	left := booking.Settlement{
		Status: p.status, Total: sagatest.Total(), Moves: 1,
		Elsewhere: p.elsewhere, CancelledSince: p.status == booking.StatusCancelled,
	}
	step := booking.MoneyStep{BookingID: id, Provider: sagatest.Provider, Reference: "pi_" + id}
	switch {
	case p.cancellations > 0:
		step.Amount = left.Total
		left.Refund = &step
	case p.status == booking.StatusCancelled:
		left.GiveBack = []booking.MoneyStep{step}
	}
	return left, nil
}

func (a *audience) FailSettlement(_ context.Context, _, id, why string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of(id).failure = why
	return nil
}

func (a *audience) FinishChange(context.Context, string) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	a.change.FinishedAt = &now
	return true, nil
}

// Signal implements activities.Sagas.
func (a *audience) Signal(_ context.Context, id, signal string, _ any) (bool, error) {
	if a.telling != nil {
		a.telling()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.away > 0 {
		a.away--
		return false, booking.E(booking.CodeUnavailable, "Temporal is away.")
	}
	p := a.of(id)
	if p.gone {
		return false, nil
	}
	p.signals = append(p.signals, signal)
	if signal == workflows.SignalShowCancelled {
		p.begun = a.now()
	}
	return true, nil
}

// Running implements activities.Sagas.
func (a *audience) Running(_ context.Context, id string) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.of(id).gone, nil
}

func (a *audience) of(id string) *attendee {
	for _, p := range a.people {
		if p.id == id {
			return p
		}
	}
	panic("no booking " + id)
}

// with changes something while a workflow runs.
func (a *audience) with(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
}

// toldBy counts the bookings that got a signal, and the most deliveries to one of them.
func (a *audience) toldBy(signal string) (people, most int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.people {
		times := 0
		for _, heard := range p.signals {
			if heard == signal {
				times++
			}
		}
		if times > 0 {
			people++
		}
		most = max(most, times)
	}
	return people, most
}

// The rest of the world: what acts for bookings without a workflow.

func (a *audience) activities() workers.Activities {
	return workers.Activities{
		Shows: &activities.Shows{Changes: a, Sagas: a},
		Seats: &activities.Seats{Inventory: audienceSeats{a: a}},
		Payments: &activities.Payments{
			Providers: map[string]activities.PaymentProvider{sagatest.Provider: audienceMoney{a: a}}, Books: audienceBooks{},
		},
		Notifications: &activities.Notifications{Messages: audiencePost{a}},
	}
}

type audienceSeats struct {
	activities.Inventory
	a *audience
}

func (s audienceSeats) Cancel(_ context.Context, c booking.Cancellation) error {
	s.a.with(func() {
		p := s.a.of(c.BookingID)
		p.status = booking.StatusCancelled
		p.cancellations++
	})
	return nil
}

func (s audienceSeats) End(_ context.Context, end booking.Ending) error {
	s.a.with(func() { s.a.of(end.BookingID).status = end.Status })
	return nil
}

func (s audienceSeats) Booking(_ context.Context, id string) (booking.Booking, error) {
	return booking.Booking{ID: id, Refund: &booking.Refund{Amount: sagatest.Total()}}, nil
}

func (s audienceSeats) Alert(_ context.Context, alert booking.Alert) error {
	s.a.with(func() {
		p := s.a.of(alert.BookingID)
		p.notices = append(p.notices, booking.Notice("alert:"+alert.Kind))
	})
	return nil
}

type audienceMoney struct {
	activities.PaymentProvider
	a *audience
}

func (m audienceMoney) Get(_ context.Context, reference string) (booking.PaymentState, error) {
	return booking.PaymentState{Reference: reference, Status: booking.PaymentAuthorized, Amount: sagatest.Price, Currency: "INR"}, nil
}

func (m audienceMoney) Void(_ context.Context, step booking.MoneyStep) (booking.PaymentState, error) {
	m.a.with(func() { m.a.of(step.BookingID).settled = true })
	return booking.PaymentState{Reference: step.Reference, Status: booking.PaymentVoided, Currency: "INR"}, nil
}

func (m audienceMoney) Refund(_ context.Context, step booking.MoneyStep) (state booking.PaymentState, err error) {
	m.a.with(func() {
		p := m.a.of(step.BookingID)
		p.refundsAsked++
		if p.refused {
			err = booking.E(booking.CodePaymentRefused, "The card is closed.")
			return
		}
		p.settled = true
	})
	return booking.PaymentState{Reference: step.Reference, Status: booking.PaymentRefunded, Captured: step.Amount.Amount,
		Refunded: step.Amount.Amount, Currency: "INR"}, err
}

type audienceBooks struct{ activities.Books }

func (audienceBooks) Record(context.Context, booking.PaymentState) error { return nil }

type audiencePost struct{ a *audience }

func (p audiencePost) Send(_ context.Context, n booking.Notification) (err error) {
	p.a.with(func() {
		to := p.a.of(n.BookingID)
		if to.mute {
			err = booking.E(booking.CodeUnavailable, "The post is away.")
			return
		}
		to.notices = append(to.notices, booking.Notice(fmt.Sprintf("%s/%s/%d", n.Notice, n.Channel, n.Sequence)))
	})
	return err
}
