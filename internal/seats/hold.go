package seats

import (
	"context"
	"encoding/json"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// termsTries is how often a hold is priced anew when the terms of sale change
// under it.
const termsTries = 3

// Hold claims all the seats or none, in one round trip. A repeat for the same
// booking answers with what it holds.
func (s *Store) Hold(ctx context.Context, req booking.HoldRequest) (booking.Held, error) {
	ids, err := parseRequest(req.BookingID, req.CustomerID, req.ShowID)
	if err != nil {
		return booking.Held{}, err
	}
	req.BookingID, req.CustomerID, req.ShowID = ids.booking.String(), ids.customer.String(), ids.show.String()
	var held booking.Held
	for range termsTries {
		var priced *show
		if priced, err = s.shows.get(ctx, req.ShowID); err != nil {
			return booking.Held{}, unknownShow(err)
		}
		held, err = s.holdAt(ctx, req, priced)
		if !hasState(err, stateTermsChanged) {
			break
		}
		s.shows.drop(priced)
	}
	if err != nil {
		return booking.Held{}, err
	}
	s.changed(ctx, req.ShowID, req.BookingID)
	return held, nil
}

// holdAt holds at the terms of this process's memory. The database refuses when
// they are not the current ones.
func (s *Store) holdAt(ctx context.Context, req booking.HoldRequest, at *show) (booking.Held, error) {
	quote, err := booking.NewQuote(at.terms, req.Seats)
	if err != nil {
		return booking.Held{}, err
	}
	document, err := json.Marshal(quote)
	if err != nil {
		return booking.Held{}, err
	}
	var refunds []byte // NULL for none
	if req.Refunds != nil {
		if refunds, err = json.Marshal(req.Refunds); err != nil {
			return booking.Held{}, err
		}
	}
	rule := booking.AccessibleRule(at.terms.Layout, req.Seats, req.Accessible)
	held := booking.Held{BookingID: req.BookingID, Show: at.summary}
	var seconds float64
	var hasPhone *bool
	var priced []byte
	err = s.pool.QueryRow(ctx, `SELECT expires_at, seconds_left, has_phone, priced
		FROM hold_seats($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, nullif($15::interval, '0'), $16)`,
		req.BookingID, req.CustomerID, req.ShowID, at.terms.Version, booking.ReadSeats(req.Seats),
		req.HoldFor, req.MaxHolds, document, quote.Total.Amount, quote.Total.Currency, req.RequestHash,
		booking.HoldGrace, refunds, at.notBefore(rule), req.FetchWithin, req.TooLate,
	).Scan((*utc)(&held.ExpiresAt), &seconds, &hasPhone, &priced)
	if hasState(err, stateTooEarly) {
		return booking.Held{}, at.tooEarly(rule).Wrap(err)
	}
	if err != nil {
		return booking.Held{}, translate("hold", err)
	}
	return complete(held, seconds, hasPhone, priced)
}

// complete fills in what a hold's answer derives from.
func complete(held booking.Held, seconds float64, hasPhone *bool, priced []byte) (booking.Held, error) {
	if err := json.Unmarshal(priced, &held.Quote); err != nil {
		return booking.Held{}, err
	}
	held.Seats = make([]string, len(held.Quote.Seats))
	for i, seat := range held.Quote.Seats {
		held.Seats[i] = seat.Seat
	}
	held.ExpiresIn = time.Duration(seconds * float64(time.Second))
	held.Channels = []booking.Channel{booking.ChannelEmail}
	if hasPhone != nil && *hasPhone {
		held.Channels = append(held.Channels, booking.ChannelSMS)
	}
	return held, nil
}

// ExtendHold moves the hold's end, unless it is not where the caller knows it to
// be: then an earlier try moved it. A zero known always moves it.
func (s *Store) ExtendHold(ctx context.Context, bookingID string, known time.Time, by time.Duration) (booking.Held, error) {
	id, err := parseID("booking", bookingID)
	if err != nil {
		return booking.Held{}, err
	}
	held := booking.Held{BookingID: bookingID}
	var showID string
	var seconds float64
	var hasPhone *bool
	var priced []byte
	err = s.pool.QueryRow(ctx, `SELECT expires_at, seconds_left, has_phone, priced, of_show::text
		FROM extend_hold($1, $2, $3)`, id, nullTime(known), by).Scan((*utc)(&held.ExpiresAt), &seconds, &hasPhone, &priced, &showID)
	if err != nil {
		return booking.Held{}, translate("extend hold", err)
	}
	s.changed(ctx, showID, bookingID)
	at, err := s.shows.get(ctx, showID)
	if err != nil {
		return booking.Held{}, err
	}
	held.Show = at.summary
	return complete(held, seconds, hasPhone, priced)
}

// KeepHold makes a hold last until its payment's outcome is known. It is refused
// as lost when any of its seats was overtaken.
func (s *Store) KeepHold(ctx context.Context, bookingID string) error {
	return s.step(ctx, "keep hold", bookingID, `SELECT keep_hold($1)::text`)
}

// step runs one of the inventory's functions on a booking. It gives the booking's
// show, null when there is no such booking.
func (s *Store) step(ctx context.Context, name, bookingID, statement string, args ...any) error {
	id, err := parseID("booking", bookingID)
	if err != nil {
		return err
	}
	var showID *string
	err = s.pool.QueryRow(ctx, statement, append([]any{id}, args...)...).Scan(&showID)
	if err != nil {
		return translate(name, err)
	}
	if showID != nil {
		s.changed(ctx, *showID, bookingID)
	}
	return nil
}

// unknownShow makes a show that a request names and that is not there a problem
// of the request.
func unknownShow(err error) error {
	if booking.CodeOf(err) == booking.CodeNotFound {
		return booking.Invalid(booking.FieldError{Field: "show_id", Message: "There is no such show."})
	}
	return err
}
