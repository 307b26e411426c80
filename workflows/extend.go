package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// extend gives the customer more time to pay. The open payment stays as it is: a hold
// that runs out closes it, and not the provider.
func (s *saga) extend(ctx workflow.Context, request ExtendRequest) error {
	if err := s.refuseExtension(ctx, request); err != nil || s.repeats(ctx, request) {
		return err
	}
	request, err := s.extendAtHouse(ctx, request)
	if err != nil {
		return err
	}
	var held booking.Held
	err = s.ours("Give the customer more time", seats.ExtendHold, booking.Extension{
		BookingID: s.in.BookingID, Known: s.held.ExpiresAt, By: request.By, FromNow: request.Customer,
		AtMost: s.in.Policy.HoldAtMost, Unproved: s.in.Policy.UnprovedAtMost,
	}, &held).durably(ctx)
	if err != nil {
		return lostTo(request, err)
	}
	if request.Customer {
		s.extensions++
	}
	s.held.ExpiresAt, s.state.HoldExpiresAt = held.ExpiresAt, held.ExpiresAt
	s.startHoldTimer(ctx, held.ExpiresIn)
	s.note(ctx, booking.EventHoldExtended, "until "+held.ExpiresAt.UTC().Format("15:04:05")+" UTC")
	return nil
}

// refuseExtension says why the customer gets no more time; staff decide for themselves. It
// only reads, so the validator asks it, too: a refusal then leaves no trace in the history.
func (s *saga) refuseExtension(ctx workflow.Context, request ExtendRequest) error {
	starts := s.held.Show.StartsAt
	switch {
	case !request.Customer:
		return nil
	case s.state.Status != booking.StatusHeld, s.state.PaymentStatus == booking.PaymentInDoubt:
		return notExtendable(booking.ReasonNotHeld)
	case s.repeats(ctx, request):
		return nil
	case s.extensions >= request.Times:
		return notExtendable(booking.ReasonLimitReached)
	case !starts.IsZero() && workflow.Now(ctx).Add(request.By).After(starts):
		return notExtendable(booking.ReasonShowStartsSoon)
	default:
		return nil
	}
}

func (s *saga) repeats(ctx workflow.Context, request ExtendRequest) bool {
	return request.Repeats(s.runsOut.Sub(workflow.Now(ctx)))
}

// lostTo says in the customer's words that the database has no such hold any more.
func lostTo(request ExtendRequest, err error) error {
	if c := code(err); request.Customer && (c == booking.CodeConflict || c == booking.CodeHoldLost) {
		return notExtendable(booking.ReasonNotHeld)
	}
	return err
}

func notExtendable(reason string) error {
	e := booking.NotExtendable(reason)
	return temporal.NewApplicationErrorWithOptions(e.Message, string(e.Code), temporal.ApplicationErrorOptions{
		NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign,
		Details: []any{booking.Refusal{Reason: e.Reason}},
	})
}
