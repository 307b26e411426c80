package workflows

import (
	"cmp"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// command is an update on its way to the main coroutine, which alone moves the
// booking. Two things that arrive together are done one after the other, so a
// cancellation during a confirmation has one end.
type command struct {
	request any
	reply   *reply
}

// reply answers a command, once: one that is accepted before it is done gets no second answer.
type reply struct {
	settle workflow.Settable
	done   bool
}

func (r *reply) answer(err error) {
	if !r.done {
		r.done = true
		r.settle.Set(nil, err)
	}
}

// checkPayment is the command of the check_payment update.
type checkPayment struct{}

type (
	// timeUp is what next answers when its timer fired.
	timeUp struct{}
	// canceled is what next answers, once, when the workflow was cancelled.
	canceled struct{}
	// abandoned is what next answers when the hold's answer was not fetched.
	abandoned struct{}
	// undoneThere is what next answers when the theater's own system has cancelled the sale.
	undoneThere struct{}
)

// next waits for one thing to happen: a command, a signal, the timer, or the
// cancellation of the workflow.
func (s *saga) next(ctx workflow.Context, timer workflow.Future) any {
	workflow.SetCurrentDetails(ctx, s.details())
	var event any
	selector := workflow.NewSelector(ctx)
	if s.cancelled != nil {
		selector.AddReceive(s.cancelled, func(workflow.ReceiveChannel, bool) {
			s.cancelled = nil
			event = canceled{}
		})
	}
	selector.AddReceive(workflow.GetSignalChannel(ctx, SignalPayment), func(c workflow.ReceiveChannel, _ bool) {
		var state booking.PaymentState
		c.Receive(ctx, &state)
		event = state
	})
	selector.AddReceive(workflow.GetSignalChannel(ctx, SignalAbandoned), func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, nil)
		event = abandoned{}
	})
	selector.AddReceive(workflow.GetSignalChannel(ctx, SignalShowCancelled), func(c workflow.ReceiveChannel, _ bool) {
		var news ShowCancelled
		c.Receive(ctx, &news)
		event = news
	})
	selector.AddReceive(workflow.GetSignalChannel(ctx, SignalShowRescheduled), func(c workflow.ReceiveChannel, _ bool) {
		var news ShowRescheduled
		c.Receive(ctx, &news)
		event = news
	})
	selector.AddReceive(workflow.GetSignalChannel(ctx, SignalTheaterCancelled), func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, nil)
		event = undoneThere{}
	})
	if s.refunds != nil {
		selector.AddReceive(s.refunds, func(c workflow.ReceiveChannel, _ bool) {
			var request RefundRequest
			c.Receive(ctx, &request)
			event = request
		})
	}
	// If a payment and the end of the hold arrive in one task, the payment counts. Commands
	// come last, so that any number of them cannot delay the end of the hold.
	if timer != nil {
		selector.AddFuture(timer, func(workflow.Future) { event = timeUp{} })
	}
	selector.AddReceive(s.commands, func(c workflow.ReceiveChannel, _ bool) {
		var cmd command
		c.Receive(ctx, &cmd)
		event = cmd
	})
	selector.Select(ctx)
	return event
}

// ask hands a command to the main coroutine and waits for its answer.
func (s *saga) ask(ctx workflow.Context, name string, request any) error {
	defer s.asked[name].begin(workflow.Now(ctx))()
	if s.closing {
		return s.over()
	}
	answer, settable := workflow.NewFuture(ctx)
	s.commands.Send(ctx, command{request, &reply{settle: settable}})
	return answer.Get(ctx, nil)
}

// refuseCommands answers commands that came too late, so that no update is left
// waiting when the workflow closes.
func (s *saga) refuseCommands() {
	s.closing = true
	s.answerHold(s.over())
	var cmd command
	for s.commands.ReceiveAsync(&cmd) {
		cmd.reply.answer(s.over())
	}
}

func (s *saga) over() error {
	return refusal(booking.CodeConflict, "This booking is over: "+string(s.state.Status)+".")
}

// answerHold answers the hold update, once: with the first outcome known.
func (s *saga) answerHold(err error) {
	if !s.answered {
		s.answered = true
		s.settleAnswer.Set(nil, err)
	}
}

// signed adds to a refused hold the hash of its request: another request with the same key
// must not take the refusal as its own.
func (s *saga) signed(err error) error {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) {
		return err
	}
	var detail booking.Refusal
	if app.HasDetails() && app.Details(&detail) != nil {
		detail = booking.Refusal{}
	}
	detail.RequestHash = s.in.RequestHash
	return temporal.NewApplicationErrorWithOptions(app.Message(), app.Type(), temporal.ApplicationErrorOptions{
		NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign, Details: []any{detail},
	})
}

// listen registers what the booking answers to.
func (s *saga) listen(ctx workflow.Context) error {
	queries := []struct {
		name, description string
		answer            any
	}{
		{QueryStatus, "Where the booking and its payment stand, and what it is waiting for.",
			func() (BookingState, error) { return s.state, nil }},
		{QueryTimeline, "What has happened to the booking so far.",
			func() ([]booking.TimelineEntry, error) { return s.timeline, nil }},
	}
	for _, q := range queries {
		options := workflow.QueryHandlerOptions{Description: q.description}
		if err := workflow.SetQueryHandlerWithOptions(ctx, q.name, q.answer, options); err != nil {
			return err
		}
	}
	if err := s.listenForUpdates(ctx); err != nil {
		return err
	}
	signals := map[string]string{
		SignalPayment:          "A payment changed at its provider. Sent by the webhook.",
		SignalAbandoned:        "The answer of the hold was not fetched. Its seats are free already.",
		SignalShowCancelled:    "The theater cancelled the show: everything comes back.",
		SignalShowRescheduled:  "The theater moved the show to a new time.",
		SignalTheaterCancelled: "The theater's own system has cancelled the sale: everything comes back.",
	}
	for _, name := range workflow.DeterministicKeys(signals) {
		workflow.GetSignalChannelWithOptions(ctx, name, workflow.SignalChannelOptions{Description: signals[name]})
	}
	return nil
}

// listenForUpdates registers the hold, whose answer is awaited, and the commands.
func (s *saga) listenForUpdates(ctx workflow.Context) error {
	err := workflow.SetUpdateHandlerWithOptions(ctx, UpdateHold, func(ctx workflow.Context) (HoldAnswer, error) {
		err := s.signed(s.holdAnswer.Get(ctx, nil))
		return HoldAnswer{BookingID: s.in.BookingID, RequestHash: s.in.RequestHash}, err
	}, workflow.UpdateHandlerOptions{
		Description: "Waits until the seats are held and the payment is open. The API sends it with the start.",
	})
	if err != nil {
		return err
	}
	err = workflow.SetUpdateHandlerWithOptions(ctx, UpdateCheck,
		func(ctx workflow.Context) error { return s.ask(ctx, UpdateCheck, checkPayment{}) },
		workflow.UpdateHandlerOptions{
			Description: "Asks the payment provider now instead of waiting for its webhook.",
			Validator:   func(ctx workflow.Context) error { return s.admit(ctx, UpdateCheck) },
		})
	return errors.Join(err,
		obey[CancelRequest](ctx, s, UpdateCancel, "The customer cancels. Refund by the cancellation policy."),
		obey[ReopenRequest](ctx, s, UpdateReopen, "Opens the payment again, with the provider named."),
		obey[ChangeDecision](ctx, s, UpdateChoose,
			"The customer of a moved show keeps the new time, moves to another show, or has the money back."),
		obey[ResendRequest](ctx, s, UpdateResend, "Staff: sends the confirmation again, over one channel or all."),
		workflow.SetUpdateHandlerWithOptions(ctx, UpdateExtend,
			func(ctx workflow.Context, r ExtendRequest) error { return s.ask(ctx, UpdateExtend, r) },
			workflow.UpdateHandlerOptions{
				Description: "Gives the customer more time to pay: staff as they decide, the customer within limits.",
				Validator: func(ctx workflow.Context, r ExtendRequest) error {
					return cmp.Or(s.admit(ctx, UpdateExtend), s.refuseExtension(ctx, r))
				},
			}),
		obey[RefundRequest](ctx, s, UpdateRefund, "Staff: cancels the booking and gives back a share of the total."),
	)
}

// obey registers an update that hands a command to the main coroutine, within the
// limits of its kind.
func obey[Request any](ctx workflow.Context, s *saga, name, description string) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, name,
		func(ctx workflow.Context, r Request) error { return s.ask(ctx, name, r) },
		workflow.UpdateHandlerOptions{
			Description: description,
			Validator:   func(ctx workflow.Context, _ Request) error { return s.admit(ctx, name) },
		})
}

// note adds to the timeline that support staff see.
func (s *saga) note(ctx workflow.Context, event booking.Event, detail string) {
	s.timeline = append(s.timeline, booking.TimelineEntry{At: workflow.Now(ctx), Event: event, Detail: detail})
	workflow.SetCurrentDetails(ctx, s.details())
}

// details is the timeline in Markdown.
func (s *saga) details() string {
	text := "**" + string(s.state.Status) + "**, payment " + string(s.state.PaymentStatus)
	if s.state.PaymentReference != "" {
		text += " (" + s.payment.Provider + " " + s.state.PaymentReference + ")"
	}
	text += "\n\nNow: " + s.state.Doing + "\n"
	for _, entry := range s.timeline {
		text += "\n- " + entry.At.UTC().Format(time.DateTime) + " **" + string(entry.Event) + "** " + entry.Detail
	}
	return text
}

func (s *saga) doing(what string) { s.state.Doing = what }

// publish updates the search attributes to the booking's current state.
func (s *saga) publish(ctx workflow.Context) {
	err := workflow.UpsertTypedSearchAttributes(ctx,
		AttrBookingStatus.ValueSet(string(s.state.Status)),
		AttrPaymentStatus.ValueSet(string(s.state.PaymentStatus)))
	if err != nil {
		s.logger.Error("cannot set the search attributes", "error", err)
	}
	workflow.SetCurrentDetails(ctx, s.details())
}
