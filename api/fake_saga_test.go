package api

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	bookingsapi "github.com/boxoffice/boxoffice/api/bookings"
	paymentsapi "github.com/boxoffice/boxoffice/api/payments"
	"github.com/boxoffice/boxoffice/api/saga"
	staffapi "github.com/boxoffice/boxoffice/api/staff"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/payments/stripe"
	"github.com/boxoffice/boxoffice/internal/showchanges"
	"github.com/boxoffice/boxoffice/workflows"
)

// sagas is all that the services ask of the workflows.
type sagas interface {
	bookingsapi.Saga
	paymentsapi.Saga
	staffapi.Saga
}

// fakeSaga does the saga's steps in this process, on the real stores and the real
// provider, and keeps what Temporal keeps: one run per booking id, one outcome of
// its hold. Like Temporal, it outlives the API processes of a test.
type fakeSaga struct {
	bookings    *bookings.Store
	showChanges *showchanges.Store
	books       *payments.Store
	provider    *stripe.Provider
	policy      booking.Policy

	away   atomic.Bool // Temporal does not answer
	starts atomic.Int64
	asked  atomic.Int64 // updates other than the hold

	// meets, when set, runs before each update.
	meets func(ctx context.Context, update string) error
	// before, when set, runs before each hold.
	before func()
	opens  func() error // what opening a payment meets, nil for nothing

	changes fakeChanges

	mu      sync.Mutex
	runs    map[string]*run
	signals []booking.PaymentState
	late    []workflows.LatePaymentInput
}

// run is one booking's workflow.
type run struct {
	done     chan struct{}
	answer   workflows.HoldAnswer
	err      error
	terms    booking.CancellationPolicy
	in       workflows.BookingInput
	main     sync.Mutex // the workflow's one coroutine
	ended    atomic.Bool
	forgot   atomic.Bool // the outcome of the hold is past its retention
	extended int         // times, by the customer
	last     any         // what the latest update carried
}

func (f *fakeSaga) run(id string) *run {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.runs[id]
}

func (f *fakeSaga) answers() error {
	if f.away.Load() {
		return saga.Translate(serviceerror.NewUnavailable("connection refused"))
	}
	return nil
}

func (f *fakeSaga) Hold(ctx context.Context, in workflows.BookingInput, _ booking.ShowSummary) (workflows.HoldAnswer, error) {
	if err := f.answers(); err != nil {
		return workflows.HoldAnswer{}, err
	}
	f.mu.Lock()
	if f.runs == nil {
		f.runs = map[string]*run{}
	}
	r, runs := f.runs[in.BookingID]
	if !runs {
		r = &run{done: make(chan struct{}), terms: in.Policy.Refunds, in: in}
		f.runs[in.BookingID] = r
		f.starts.Add(1)
	}
	f.mu.Unlock()
	if !runs {
		// A workflow goes on when its caller is gone.
		r.answer, r.err = f.begin(context.WithoutCancel(ctx), in)
		r.ended.Store(r.err != nil)
		close(r.done)
	}
	<-r.done
	if r.forgot.Load() {
		return workflows.HoldAnswer{}, saga.ErrEnded
	}
	return r.answer, r.err
}

func (f *fakeSaga) begin(ctx context.Context, in workflows.BookingInput) (workflows.HoldAnswer, error) {
	if f.before != nil {
		f.before()
	}
	if f.opens != nil {
		if err := f.opens(); err != nil {
			return workflows.HoldAnswer{BookingID: in.BookingID, RequestHash: in.RequestHash}, overTheWire(err)
		}
	}
	held, err := f.bookings.Hold(ctx, booking.HoldRequest{
		BookingID: in.BookingID, CustomerID: in.CustomerID, ShowID: in.ShowID, Seats: in.Seats,
		HoldFor: in.Policy.HoldFor, MaxHolds: in.Policy.MaxHolds, RequestHash: in.RequestHash,
		Refunds: in.Policy.Refunds, Accessible: in.Accessible,
		FetchWithin: in.Policy.FetchWithin, TooLate: in.StartWithin < 0, Rules: in.Rules,
	})
	if err == nil {
		err = f.open(ctx, in.BookingID, held.Quote.Total, 1)
	}
	return workflows.HoldAnswer{BookingID: in.BookingID, RequestHash: in.RequestHash}, overTheWire(err)
}

func (f *fakeSaga) open(ctx context.Context, id string, amount booking.Money, attempt int) error {
	state, err := f.provider.Open(ctx, booking.PaymentRequest{
		BookingID: id, Provider: "stripe", Attempt: attempt, Amount: amount, Key: id + "-open"})
	if err != nil {
		return errors.Join(err, f.bookings.End(ctx, booking.Ending{BookingID: id, Status: booking.StatusPaymentFailed}))
	}
	return f.books.Record(ctx, state)
}

// overTheWire gives an error the way it comes out of Temporal.
func overTheWire(err error) error {
	var e *booking.Error
	if !errors.As(err, &e) {
		return err
	}
	return saga.Translate(temporal.NewApplicationErrorWithOptions(e.Message, string(e.Code), temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{booking.Refusal{Fields: e.Fields, Seats: e.Seats, Reason: e.Reason, RetryAfter: e.RetryAfter}}}))
}

func (f *fakeSaga) Update(ctx context.Context, id, update string, args ...any) error {
	if err := f.answers(); err != nil {
		return err
	}
	f.asked.Add(1)
	if f.meets != nil {
		if err := f.meets(ctx, update); err != nil {
			return overTheWire(err)
		}
	}
	r := f.run(id)
	if r == nil || r.ended.Load() {
		return saga.ErrEnded
	}
	r.main.Lock()
	defer r.main.Unlock()
	if len(args) > 0 {
		r.last = args[0]
	}
	b, err := f.bookings.Booking(ctx, id)
	if err != nil {
		return err
	}
	switch update {
	case workflows.UpdateCheck:
		return overTheWire(f.settle(ctx, b))
	case workflows.UpdateCancel:
		return overTheWire(f.cancel(ctx, b, r, r.terms.Quote(b.Quote, b.Show.StartsAt, time.Now())))
	case workflows.UpdateReopen:
		if b.Status != booking.StatusHeld {
			return overTheWire(booking.E(booking.CodeNotPayable, "This booking is paid."))
		}
	case workflows.UpdateExtend:
		return overTheWire(f.extend(ctx, b, args[0].(workflows.ExtendRequest), r))
	case workflows.UpdateChoose:
		return overTheWire(f.choose(ctx, b, args[0].(workflows.ChangeDecision), r))
	case workflows.UpdateRefund:
		return overTheWire(f.cancel(ctx, b, r, booking.FullRefund(b.Quote)))
	}
	return overTheWire(err)
}

// extend keeps to the limits of a customer.
func (f *fakeSaga) extend(ctx context.Context, b booking.Booking, request workflows.ExtendRequest, r *run) error {
	if request.Customer {
		if r.extended >= request.Times {
			return booking.NotExtendable(booking.ReasonLimitReached)
		}
		r.extended++
	}
	_, err := f.bookings.ExtendHold(ctx, booking.Extension{BookingID: b.ID, By: request.By, FromNow: request.Customer,
		AtMost: r.in.Policy.HoldAtMost, Unproved: r.in.Policy.UnprovedAtMost})
	return err
}

// settle asks the provider, and when the payment is paid, it confirms and captures.
func (f *fakeSaga) settle(ctx context.Context, b booking.Booking) error {
	state, err := f.provider.Get(ctx, b.Payment.Reference)
	if err != nil {
		return err
	}
	state.BookingID = b.ID
	if err := f.books.Record(ctx, state); err != nil {
		return err
	}
	if b.Status != booking.StatusHeld || state.Status != booking.PaymentAuthorized {
		return nil
	}
	if _, err := f.bookings.Confirm(ctx, b.ID, booking.PaymentState{}); err != nil {
		return err
	}
	state, err = f.provider.Capture(ctx, booking.MoneyStep{
		BookingID: b.ID, Provider: "stripe", Reference: state.Reference, Amount: b.Quote.Total, Key: b.ID + "-capture"})
	if err != nil {
		return err
	}
	return f.books.Record(ctx, state)
}

func (f *fakeSaga) cancel(ctx context.Context, b booking.Booking, r *run, terms booking.CancellationQuote) error {
	defer r.ended.Store(true)
	if b.Status == booking.StatusHeld {
		return f.bookings.End(ctx, booking.Ending{BookingID: b.ID, Status: booking.StatusExpired, Detail: "Let go."})
	}
	refund := terms.Refund
	if err := f.bookings.Cancel(ctx, booking.Cancellation{BookingID: b.ID, Refund: refund}); err != nil {
		return err
	}
	state, err := f.provider.Refund(ctx, booking.MoneyStep{
		BookingID: b.ID, Provider: "stripe", Reference: b.Payment.Reference, Amount: refund, Key: b.ID + "-refund"})
	if err != nil {
		return err
	}
	return f.books.Record(ctx, state)
}

func (f *fakeSaga) Payment(ctx context.Context, id string, state booking.PaymentState) error {
	if err := f.answers(); err != nil {
		return err
	}
	r := f.run(id)
	if r == nil || r.ended.Load() {
		return saga.ErrEnded
	}
	f.mu.Lock()
	f.signals = append(f.signals, state)
	f.mu.Unlock()
	r.main.Lock()
	defer r.main.Unlock()
	b, err := f.bookings.Booking(ctx, id)
	if err != nil {
		return err
	}
	return overTheWire(f.settle(ctx, b))
}

func (f *fakeSaga) TakeUp(ctx context.Context, b booking.Booking, _ booking.Policy, state booking.PaymentState) error {
	if err := f.answers(); err != nil {
		return err
	}
	f.run(b.ID).ended.Store(false)
	return f.Payment(ctx, b.ID, state)
}

func (f *fakeSaga) LatePayment(ctx context.Context, in workflows.LatePaymentInput) error {
	if err := f.answers(); err != nil {
		return err
	}
	f.mu.Lock()
	f.late = append(f.late, in)
	f.mu.Unlock()
	state, err := f.provider.Void(ctx, booking.MoneyStep{
		BookingID: in.Payment.BookingID, Provider: "stripe", Reference: in.Payment.Reference, Key: in.Payment.Reference + "-void"})
	if err != nil {
		return err
	}
	return f.books.Record(ctx, state)
}

func (f *fakeSaga) heard() (signals []booking.PaymentState, late []workflows.LatePaymentInput) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append(signals, f.signals...), append(late, f.late...)
}

// MovedBack does what aftercare does with the provider's word: the books take it in.
func (f *fakeSaga) MovedBack(ctx context.Context, _ booking.Booking, state booking.PaymentState, _ booking.Policy) error {
	if err := f.answers(); err != nil {
		return err
	}
	return f.books.Record(ctx, state)
}

func (f *fakeSaga) GiveBack(ctx context.Context, b booking.Booking, request workflows.RefundRequest, _ booking.Policy) error {
	if err := f.answers(); err != nil {
		return err
	}
	owed, err := f.bookings.OweRefund(ctx, b.ID, request.Percent, request.Reason)
	if err != nil {
		return overTheWire(err)
	}
	after, err := f.provider.Refund(ctx, booking.MoneyStep{
		BookingID: b.ID, Provider: owed.Provider, Reference: owed.Reference, Amount: owed.Amount,
	})
	if err != nil {
		return err
	}
	return f.books.Record(ctx, after)
}

func (f *fakeSaga) RefundShow(ctx context.Context, in workflows.RefundShowInput, _ booking.ShowSummary) error {
	sold, err := f.bookings.SoldBookings(ctx, in.ShowID, "", 100)
	for _, id := range sold {
		if err == nil {
			err = f.GiveBack(ctx, booking.Booking{ID: id}, in.Request, in.Policy)
		}
	}
	return err
}
