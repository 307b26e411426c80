package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/booking"
)

// concerns tells whether news is of this booking's show: it may have moved to
// another while the news was on its way.
func (s *saga) concerns(showID string) bool { return showID == "" || showID == s.in.ShowID }

// concernsNews tells whether news of a show concerns this booking and is new.
func (s *saga) concernsNews(changeID, showID string) bool {
	if !s.concerns(showID) || s.heardOf[changeID] {
		return false
	}
	if changeID != "" {
		s.heardOf[changeID] = true
	}
	return true
}

// reschedule tells the customer of the show's new time, and what they may do.
func (s *saga) reschedule(ctx workflow.Context, news ShowRescheduled) {
	if !s.concernsNews(news.ChangeID, news.ShowID) || !s.takeIn(news) {
		return
	}
	s.note(ctx, booking.EventRescheduled, "to "+s.held.Show.LocalStart().Format("Mon 2 Jan 15:04 MST"))
	s.tellOfChange(ctx, booking.NoticeRescheduled, news.ChangeID)
}

// takeIn is false for a move that a later move has replaced, if the booking knows the later
// one already: two moves in quick succession are delivered at the same time.
func (s *saga) takeIn(news ShowRescheduled) bool {
	if news.ChangedAt.Before(s.change.ChangedAt) {
		return false
	}
	s.held.Show.StartsAt, s.held.Show.EndsAt = news.StartsAt, news.EndsAt
	s.change = news
	return true
}

// tellOfEarlierMove tells of a move that happened while the customer was paying:
// before the sale there was nothing to keep.
func (s *saga) tellOfEarlierMove(ctx workflow.Context) {
	if s.change.ChangeID != "" {
		s.tellOfChange(ctx, booking.NoticeRescheduled, s.change.ChangeID)
	}
}

// showCancelled makes a full refund. For a move that the booking knows, it says that the
// refund was the choice, or the default.
func (s *saga) showCancelled(ctx workflow.Context, news ShowCancelled) {
	switch {
	case !s.concerns(news.ShowID):
	case s.heardOf[news.ChangeID]:
		s.refundInFull(ctx, cancellation{reason: refundedForMove, notice: booking.NoticeCancelled})
	default:
		s.refundInFull(ctx, cancellation{
			reason: "The theater cancelled the show.", notice: booking.NoticeShowCancelled, changeID: news.ChangeID,
		})
	}
}

const refundedForMove = "The show was moved; the money goes back."

// wantsMoneyForMove is for a cancellation while the customer may still choose: it is the
// choice of a full refund, even if the terms of cancellation give less.
func (s *saga) wantsMoneyForMove(ctx workflow.Context) bool {
	if s.change.ChangeID == "" || s.chosen[s.change.ChangeID] || workflow.Now(ctx).After(s.change.DecideBy) {
		return false
	}
	_, err := s.writeChoice(ctx, ChangeDecision{ChangeID: s.change.ChangeID, Choice: booking.ChoiceRefund})
	return err == nil
}

// choose does what the customer of a moved show wants.
func (s *saga) choose(ctx workflow.Context, wish ChangeDecision) error {
	if s.held.House != nil && wish.Choice == booking.ChoiceMove {
		return refusal(booking.CodeValidation, "The theater's own system cannot move a booking. Keep the new time, or have the money back.")
	}
	done, err := s.writeChoice(ctx, wish)
	if err != nil || s.chosen[wish.ChangeID] {
		return err
	}
	switch wish.Choice {
	case booking.ChoiceRefund:
		err = s.cancel(ctx, cancellation{
			refund: booking.FullRefund(s.held.Quote).Refund, reason: refundedForMove, evenScanned: true,
			notice: booking.NoticeCancelled,
		})
	case booking.ChoiceMove:
		s.move(ctx, wish.ChangeID, done)
	default:
		s.note(ctx, booking.EventChosen, "keeps the new time")
	}
	s.chosen[wish.ChangeID] = err == nil
	return err
}

// writeChoice asks the database, whose clock decides whether there is time to
// choose. Durably: if the workflow lost a move after it was done, the reminder would stay
// at the old show.
func (s *saga) writeChoice(ctx workflow.Context, wish ChangeDecision) (done booking.Chosen, err error) {
	s.doing("doing what the customer chose: " + string(wish.Choice))
	err = s.ours("The customer chose: "+string(wish.Choice), seats.Choose, booking.Choice{
		BookingID: s.in.BookingID, ChangeID: wish.ChangeID, Choice: wish.Choice, ShowID: wish.ShowID, Seats: wish.Seats,
	}, &done).durably(ctx)
	return done, err
}

// move follows the booking to its other show: seats, price, reminder and all that
// comes later are that show's from now on.
func (s *saga) move(ctx workflow.Context, changeID string, to booking.Chosen) {
	s.held.Show, s.held.Seats, s.held.Quote = to.Show, to.Seats, to.Quote
	s.in.ShowID, s.in.Seats = to.Show.ID, to.Seats
	s.note(ctx, booking.EventMoved, "to "+to.Show.LocalStart().Format("Mon 2 Jan 15:04 MST")+", "+s.seats())
	if to.GivenBack.Amount > s.givenBack {
		s.givenBack = to.GivenBack.Amount
		s.refund(ctx, to.GivenBack)
	}
	s.tellOfChange(ctx, booking.NoticeMoved, changeID)
	err := workflow.UpsertTypedSearchAttributes(ctx, AttrShowID.ValueSet(to.Show.ID), AttrTheaterID.ValueSet(to.Show.TheaterID))
	if err != nil {
		s.logger.Error("cannot set the search attributes", "error", err)
	}
}
