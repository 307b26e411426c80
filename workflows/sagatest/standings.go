package sagatest

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// standings is the world as activities.Standings.
type standings World

func (s *standings) Suspects(context.Context, booking.Status, string, time.Duration, int) ([]booking.LostBooking, error) {
	return nil, nil
}

func (s *standings) Standing(ctx context.Context, id string) (at booking.Standing, err error) {
	w := (*World)(s)
	err = w.call(ctx, "standing", func() error {
		b := w.bookings[id]
		if b == nil {
			return booking.E(booking.CodeNotFound, "There is no such booking.")
		}
		at = booking.Standing{
			Status: b.Status, CreatedAt: w.now().Add(-time.Hour), RefundDue: booking.Money{Currency: Total().Currency},
			Held: booking.Held{
				BookingID: id, Show: w.show, Seats: b.Seats, Quote: b.Quote, ExpiresAt: b.HoldExpiresAt,
				ExpiresIn: b.HoldExpiresAt.Sub(w.now()), Channels: w.channels,
			},
			Told: map[booking.Notice]int{},
		}
		if b.Refund != nil {
			at.RefundDue = b.Refund.Amount
		}
		for _, p := range w.payments {
			if p.BookingID == id && p.Attempt >= at.Payment.Attempt {
				at.Payment = *p
			}
		}
		for _, m := range w.messages {
			at.Told[m.Notice] = max(at.Told[m.Notice], m.Sequence+1)
		}
		return nil
	})
	return at, err
}

// Leave makes the world one in which the booking's workflow was terminated after
// it held the seats and opened the payment.
func (w *World) Leave(ctx context.Context, in booking.HoldRequest) error {
	if _, err := (*inventory)(w).Hold(ctx, in); err != nil {
		return err
	}
	_, err := (*provider)(w).Open(ctx, booking.PaymentRequest{
		BookingID: in.BookingID, Provider: Provider, Attempt: 1, Amount: Total(), Key: in.BookingID + "-open-1",
	})
	return err
}

// LeaveSold is Leave after the sale; the money is only reserved.
func (w *World) LeaveSold(ctx context.Context, in booking.HoldRequest) error {
	if err := w.Leave(ctx, in); err != nil {
		return err
	}
	_, err := (*inventory)(w).Confirm(ctx, in.BookingID, w.Authorize("pi_1"))
	return err
}
