package bookings

import (
	"context"
	"encoding/json"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// holdGrace is how long seats stay a booking's after its time to pay is over, if the
// booking does not end earlier.
const holdGrace = 30 * time.Second

// Hold claims all the seats or none, in one round trip. A repeat for the same
// booking answers with what it holds.
func (s *Store) Hold(ctx context.Context, req booking.HoldRequest) (booking.Held, error) {
	ids, err := parseRequest(req.BookingID, req.CustomerID, req.ShowID)
	if err != nil {
		return booking.Held{}, err
	}
	req.BookingID, req.CustomerID, req.ShowID = ids.booking.String(), ids.customer.String(), ids.show.String()
	var held booking.Held
	for range shows.TermsTries {
		var priced *shows.Show
		if priced, err = s.shows.Show(ctx, req.ShowID); err != nil {
			return booking.Held{}, shows.UnknownShow(err)
		}
		held, err = s.holdAt(ctx, req, priced)
		if !shows.HasState(err, shows.StateTermsChanged) {
			break
		}
		s.shows.Drop(priced)
	}
	if err != nil {
		return booking.Held{}, err
	}
	s.shows.Changed(ctx, req.ShowID, req.BookingID)
	return held, nil
}

// holdAt holds at the terms of this process's memory. The database refuses when
// they are not the current ones.
func (s *Store) holdAt(ctx context.Context, req booking.HoldRequest, at *shows.Show) (booking.Held, error) {
	quote, err := booking.NewQuote(at.Terms, req.Seats)
	if err != nil {
		return booking.Held{}, err
	}
	house, err := at.HouseTerms(quote)
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
	// What has begun goes on: a hold that is there is answered, as one whose caller has left is.
	paused := s.shows.Paused(at) && !req.TooLate
	rule := booking.AccessibleRule(at.Terms.Layout, req.Seats, req.Accessible)
	held := booking.Held{BookingID: req.BookingID, Show: at.Summary, House: house}
	var seconds float64
	var hasPhone *bool
	var priced []byte
	function, args := "hold_seats(", []any{
		req.BookingID, req.CustomerID, req.ShowID, at.Terms.Version, booking.ReadSeats(req.Seats),
		req.HoldFor, req.MaxHolds, document, quote.Total.Amount, quote.Total.Currency, req.RequestHash,
		holdGrace, refunds, at.NotBefore(rule), req.FetchWithin, req.TooLate || paused,
	}
	if req.Rules != nil {
		function, args = "hold_seats_within($17, ", append(args, req.Rules)
	}
	err = s.pool.QueryRow(ctx, `SELECT expires_at, seconds_left, has_phone, priced
		FROM `+function+`$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, nullif($15::interval, '0'), $16)`, args...).
		Scan(shows.UTC(&held.ExpiresAt), &seconds, &hasPhone, &priced)
	if shows.HasState(err, shows.StateTooEarly) {
		return booking.Held{}, at.TooEarly(rule).Wrap(err)
	}
	if err = translate("hold", err); paused && booking.CodeOf(err) == booking.CodeStartedLate && err != nil {
		return booking.Held{}, booking.TheaterPaused().Wrap(err)
	}
	if err != nil {
		return booking.Held{}, hoarded(err)
	}
	if held, err = complete(held, seconds, hasPhone, priced); err == nil && held.House != nil {
		held.House, err = s.heldThere(ctx, held, quote)
	}
	return held, err
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

// ExtendHold moves the hold's end, if it is still where the caller knows it to be;
// otherwise an earlier attempt has moved it.
func (s *Store) ExtendHold(ctx context.Context, more booking.Extension) (booking.Held, error) {
	id, err := shows.ParseID("booking", more.BookingID)
	if err != nil {
		return booking.Held{}, err
	}
	held := booking.Held{BookingID: more.BookingID}
	var showID string
	var seconds float64
	var hasPhone *bool
	var priced []byte
	err = s.pool.QueryRow(ctx, `SELECT expires_at, seconds_left, has_phone, priced, of_show::text
		FROM extend_hold($1, $2, $3, $4, $5, $6)`, id, shows.NullTime(more.Known), more.By, more.FromNow, more.AtMost, more.Unproved).
		Scan(shows.UTC(&held.ExpiresAt), &seconds, &hasPhone, &priced, &showID)
	if err != nil {
		return booking.Held{}, translate("extend hold", err)
	}
	s.shows.Changed(ctx, showID, more.BookingID)
	at, err := s.shows.Show(ctx, showID)
	if err != nil {
		return booking.Held{}, err
	}
	held.Show = at.Summary
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
	id, err := shows.ParseID("booking", bookingID)
	if err != nil {
		return err
	}
	var showID *string
	err = s.pool.QueryRow(ctx, statement, append([]any{id}, args...)...).Scan(&showID)
	if err != nil {
		return translate(name, err)
	}
	if showID != nil {
		s.shows.Changed(ctx, *showID, bookingID)
	}
	return nil
}
