package bookings

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// HouseHeld records that the theater's own system holds the seats, and ends our own hold no
// later than left from now. Code: hold_lost.
func (s *Store) HouseHeld(ctx context.Context, order booking.HouseOrder, left time.Duration) (booking.HouseHold, error) {
	id, err := shows.ParseID("booking", order.BookingID)
	if err != nil {
		return booking.HouseHold{}, err
	}
	terms, err := json.Marshal(order.Terms)
	if err != nil {
		return booking.HouseHold{}, err
	}
	hold := booking.HouseHold{Reference: order.Reference}
	var seconds float64
	total := order.Terms.Total()
	err = s.pool.QueryRow(ctx, `SELECT expires_at, seconds_left FROM house_held($1, $2, $3, $4, $5, $6, $7)`,
		id, order.Attempt, order.Reference, total.Amount, total.Currency, left, terms).Scan(shows.UTC(&hold.ExpiresAt), &seconds)
	hold.ExpiresIn = time.Duration(seconds * float64(time.Second))
	return hold, translate("house held", err)
}

// HouseAsked makes our own hold last until the theater's system has decided about the sale.
// Codes: hold_lost, show_not_on_sale.
func (s *Store) HouseAsked(ctx context.Context, order booking.HouseOrder) error {
	return s.step(ctx, "house asked", order.BookingID, `SELECT house_asked($1, $2)::text`, order.Attempt)
}

// HouseSold records the sale of the theater's own system, with the codes that open its doors.
func (s *Store) HouseSold(ctx context.Context, order booking.HouseOrder, sale booking.HouseSale) error {
	id, err := shows.ParseID("booking", order.BookingID)
	if err != nil {
		return err
	}
	codes, err := json.Marshal(sale.Codes)
	if err != nil {
		return err
	}
	terms, err := json.Marshal(order.Terms)
	if err != nil {
		return err
	}
	total := order.Terms.Total()
	_, err = s.pool.Exec(ctx, `SELECT write_house_order($1, $2, 'confirmed', $3, $4, $5, $6, $7, $8)`,
		id, order.Attempt, sale.Reference, total.Amount, total.Currency, sale.Number, codes, terms)
	return translate("house sold", err)
}

// HouseUndone tells staff that the theater's own system has cancelled its sale, if the booking
// is sold here: its customer has seen the ticket.
func (s *Store) HouseUndone(ctx context.Context, bookingID string) error {
	id, err := shows.ParseID("booking", bookingID)
	if err != nil {
		return err
	}
	var number string
	err = s.pool.QueryRow(ctx, `SELECT coalesce(o.number, '') FROM bookings b LEFT JOIN house_orders o ON o.booking_id = b.id
		WHERE b.id = $1 AND b.status = 'confirmed'`, id).Scan(&number)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return translate("house undone", err)
	}
	return s.Alert(ctx, booking.Alert{BookingID: bookingID, Kind: booking.AlertHouseSaleMissing,
		Detail: "The theater has cancelled its sale " + number + ". The customer had the ticket; the money goes back."})
}

// HouseLeft records that the theater's own system neither holds nor sells the order any more.
// Seats that were kept back for it are free.
func (s *Store) HouseLeft(ctx context.Context, order booking.HouseOrder) error {
	return s.step(ctx, "house left", order.BookingID, `SELECT house_left($1, $2)::text`, order.Attempt)
}

// Confirming tells the customer that the theater has not decided about the sale.
func (s *Store) Confirming(ctx context.Context, bookingID string) error {
	return s.addEvent(ctx, bookingID, booking.EventConfirming, "The theater is confirming the seats. They stay reserved.")
}

// CancelAsked tells the customer that the cancellation waits for the theater.
func (s *Store) CancelAsked(ctx context.Context, bookingID string) error {
	return s.addEvent(ctx, bookingID, booking.EventCancelAsked, "The theater has not answered yet. The money goes back when it has.")
}

// CancelRefused tells the customer that the theater has refused the cancellation.
func (s *Store) CancelRefused(ctx context.Context, bookingID string) error {
	return s.addEvent(ctx, bookingID, booking.EventCancelRefused, "The theater does not take the tickets back. We look into it.")
}

// MayCancel tells whether a customer may cancel a sold booking. Code: not_cancellable once its
// ticket was scanned, or when it is not sold.
func (s *Store) MayCancel(ctx context.Context, bookingID string) error {
	id, err := shows.ParseID("booking", bookingID)
	if err != nil {
		return err
	}
	var may bool
	err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM bookings b JOIN tickets t ON t.booking_id = b.id
		WHERE b.id = $1 AND b.status = 'confirmed' AND t.scanned_at IS NULL)`, id).Scan(&may)
	if err == nil && !may {
		return booking.E(booking.CodeNotCancellable, "This booking can no longer be cancelled.")
	}
	return translate("may cancel", err)
}

// addEvent adds to a booking's timeline, once.
func (s *Store) addEvent(ctx context.Context, bookingID string, event booking.Event, detail string) error {
	id, err := shows.ParseID("booking", bookingID)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `SELECT add_booking_event($1, $2, $3, '')`, id, event, detail)
	return translate("add to the timeline", err)
}

// heldThere gives the words in which the theater's own system is asked for a hold whose quote
// would be now. A repeat may come after the prices have changed: it is asked in the words of
// before, because the customer pays those prices. Code: show_not_on_sale.
func (s *Store) heldThere(ctx context.Context, held booking.Held, now booking.Quote) (*booking.HouseTerms, error) {
	if reflect.DeepEqual(held.Quote.Seats, now.Seats) {
		return held.House, nil
	}
	order, err := s.houseOrder(ctx, booking.Booking{ID: held.BookingID, Show: held.Show, Quote: held.Quote})
	if err == nil && order == nil {
		err = shows.NotOnSale() // its seats have no place there any more
	}
	if err != nil {
		return nil, err
	}
	return &order.Terms, nil
}

// houseOrder is a booking's order at the theater's own system, in the words that it was made
// in. It is nil when the seats are ours to sell, and when no order is in our books and the seats
// have no place there any more: without their addresses nothing can be asked about them.
func (s *Store) houseOrder(ctx context.Context, b booking.Booking) (*booking.HouseOrder, error) {
	at, err := s.shows.Show(ctx, b.Show.ID)
	if err != nil || !at.Remote() {
		return nil, err
	}
	order := booking.HouseOrder{BookingID: b.ID, Attempt: 1}
	var made []byte
	err = s.pool.QueryRow(ctx, `SELECT attempt, reference, terms FROM house_orders WHERE booking_id = $1`, b.ID).
		Scan(&order.Attempt, &order.Reference, &made)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, translate("house order", err)
	}
	if made != nil {
		return &order, json.Unmarshal(made, &order.Terms)
	}
	// The house was not asked yet, or has not answered.
	terms, err := at.HouseTerms(b.Quote)
	if err != nil {
		return nil, nil // the program has changed since: that must not hide the booking
	}
	order.Terms = *terms
	return &order, nil
}
