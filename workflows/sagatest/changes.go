package sagatest

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/workflows"
)

// The ids of the world's other show of the same movie, and of the move of the first.
const (
	otherShowID = "0b5c9f8e-6a36-4c58-9a4e-2f1a7f0f1a05"
	changeID    = "0b5c9f8e-6a36-4c58-9a4e-2f1a7f0f1a06"
)

// otherPrice is what two seats of the other show cost.
const otherPrice = 40_000

// MoveShow moves the show, and gives the news of it.
func (w *World) MoveShow(later, decideIn time.Duration) workflows.ShowRescheduled {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.show.StartsAt, w.show.EndsAt = w.show.StartsAt.Add(later), w.show.EndsAt.Add(later)
	w.decideBy = w.now().Add(decideIn)
	return workflows.ShowRescheduled{
		ChangeID: changeID, ShowID: ShowID, Reason: "A late print.", StartsAt: w.show.StartsAt, EndsAt: w.show.EndsAt,
		DecideBy: w.decideBy, Default: booking.ChoiceKeep, ChangedAt: w.now(),
	}
}

// CloseChoice ends the time to choose by the database's clock.
func (w *World) CloseChoice() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.decideBy = time.Time{}
}

// otherShow is the show to which a booking may move, a second after the first.
func (w *World) otherShow() booking.ShowSummary {
	other := w.show
	other.ID = otherShowID
	other.StartsAt, other.EndsAt = w.show.StartsAt.Add(time.Second), w.show.EndsAt.Add(time.Second)
	return other
}

// Seats of the other show are claimed under its name.
func ofOther(seat string) string { return "other " + seat }

func (i *inventory) Choose(ctx context.Context, c booking.Choice) (chosen booking.Chosen, err error) {
	err = i.call(ctx, "choose", func(w *World) error {
		b := w.bookings[c.BookingID]
		switch {
		case w.chosen == c.Choice: // a repeat
		case w.chosen != "", w.now().After(w.decideBy), b.Status != booking.StatusConfirmed:
			return booking.E(booking.CodeChoiceClosed, "There is nothing to choose any more.")
		case c.Choice != booking.ChoiceMove:
			w.chosen = c.Choice
		default:
			if err := w.moveBooking(b, c); err != nil {
				return err
			}
			w.chosen = c.Choice
		}
		chosen = booking.Chosen{Show: b.Show, Seats: b.Seats, Quote: b.Quote,
			GivenBack: booking.Money{Amount: w.givenBack, Currency: "INR"}}
		return nil
	})
	return chosen, err
}

func (w *World) moveBooking(b *booking.Booking, c booking.Choice) error {
	var taken []string
	for _, seat := range c.Seats {
		if w.claims[ofOther(seat)] != "" {
			taken = append(taken, seat)
		}
	}
	if len(taken) > 0 {
		return booking.SeatsUnavailable(taken)
	}
	w.free(b.ID)
	for _, seat := range c.Seats {
		w.claims[ofOther(seat)] = b.ID
	}
	b.Show, b.Seats = w.otherShow(), c.Seats
	w.givenBack = b.Quote.Total.Amount - otherPrice
	b.Quote.Total.Amount = otherPrice
	return nil
}
