package showchanges

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// alternativesShown bounds the other shows that a customer is offered.
const alternativesShown = 10

// BookingChange is what happened to a booking's show, and what its customer may still
// choose. Local times are on the theater's wall clock.
type BookingChange struct {
	ID           string               `json:"id"`
	Kind         booking.ChangeKind   `json:"kind"`
	Reason       string               `json:"reason"`
	ShowID       string               `json:"show_id"`
	TimeZone     string               `json:"time_zone"`
	OldStartsAt  time.Time            `json:"old_starts_at"`
	OldLocalTime string               `json:"old_local_time"`
	NewStartsAt  *time.Time           `json:"new_starts_at,omitempty"`
	NewLocalTime string               `json:"new_local_time,omitempty"`
	DecideBy     *time.Time           `json:"decide_by,omitempty"`
	DecideLocal  string               `json:"decide_by_local_time,omitempty"`
	Default      booking.ChangeChoice `json:"default,omitempty"`
	Choice       booking.ChangeChoice `json:"choice,omitempty"`
	ChosenBy     string               `json:"chosen_by,omitempty"`
	ChosenAt     *time.Time           `json:"chosen_at,omitempty"`
	// Open tells whether the customer may choose now.
	Open bool `json:"open"`
	// Alternatives are shows with room for the booking. It can move to them or, when its
	// show was cancelled, its customer may like them instead.
	Alternatives []booking.ShowSummary `json:"alternatives"`
}

// The change told last; a show may be changed more than once.
const readChange = `SELECT ch.id::text, ch.kind, ch.reason, ch.show_id::text, t.time_zone, ch.old_starts_at, ch.new_starts_at,
		ch.decide_by, ch.default_choice, told.choice, told.chosen_by, told.chosen_at, cardinality(b.seats),
		ch.kind = 'rescheduled' AND told.choice = '' AND b.status = 'confirmed' AND b.show_id = ch.show_id
			AND clock_timestamp() <= ch.decide_by AND NOT change_is_superseded(ch.id)
	FROM show_change_bookings told
	JOIN show_changes ch ON ch.id = told.change_id
	JOIN bookings b ON b.id = told.booking_id
	JOIN shows s ON s.id = ch.show_id
	JOIN theaters t ON t.id = s.theater_id
	WHERE b.id = $1
	ORDER BY ch.created_at DESC LIMIT 1`

const readAlternatives = `SELECT ` + shows.SummaryColumns + `
	FROM next_shows($1, $2, $3) next JOIN ` + shows.SummaryTables + ` ON s.id = next.show_id
	ORDER BY next.place`

// BookingChange reads the latest change of a booking's show. Code: not_found.
func (s *Store) BookingChange(ctx context.Context, bookingID string) (BookingChange, error) {
	id, err := shows.ParseID("booking", bookingID)
	if err != nil {
		return BookingChange{}, err
	}
	c := BookingChange{Alternatives: []booking.ShowSummary{}}
	var seats int
	err = s.pool.QueryRow(ctx, readChange, id).Scan(&c.ID, &c.Kind, &c.Reason, &c.ShowID, &c.TimeZone,
		shows.UTC(&c.OldStartsAt), shows.MaybeUTC(&c.NewStartsAt), shows.MaybeUTC(&c.DecideBy), &c.Default,
		&c.Choice, &c.ChosenBy, shows.MaybeUTC(&c.ChosenAt), &seats, &c.Open)
	if errors.Is(err, pgx.ErrNoRows) {
		return BookingChange{}, booking.E(booking.CodeNotFound, "This booking's show was not changed.")
	}
	if err != nil {
		return BookingChange{}, translate("read change", err)
	}
	c.OldLocalTime, c.NewLocalTime, c.DecideLocal = c.local(&c.OldStartsAt), c.local(c.NewStartsAt), c.local(c.DecideBy)
	if c.Open || c.Kind == booking.ChangeCancelled {
		c.Alternatives, err = s.nextShows(ctx, c.ShowID, seats, alternativesShown)
	}
	return c, err
}

// AllComesBack tells whether a cancellation gives a full refund under all terms, because
// the theater cancelled the show, or moved it and the customer has not been told yet.
func (s *Store) AllComesBack(ctx context.Context, bookingID string) (bool, error) {
	id, err := shows.ParseID("booking", bookingID)
	if err != nil {
		return false, err
	}
	var all bool
	err = s.pool.QueryRow(ctx, `SELECT coalesce(all_comes_back($1), false)`, id).Scan(&all)
	return all, translate("does all come back", err)
}

// Changed tells whether a booking's show was cancelled or moved after the booking
// was made.
func (s *Store) Changed(ctx context.Context, bookingID string) (bool, error) {
	id, err := shows.ParseID("booking", bookingID)
	if err != nil {
		return false, err
	}
	var changed bool
	err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM show_changes ch JOIN bookings b ON b.show_id = ch.show_id
		WHERE b.id = $1 AND ch.created_at > b.created_at)`, id).Scan(&changed)
	return changed, translate("was the show changed", err)
}

func (c BookingChange) local(at *time.Time) string {
	if at == nil {
		return ""
	}
	return booking.ShowSummary{StartsAt: *at, TimeZone: c.TimeZone}.LocalStart().Format("2006-01-02T15:04:05")
}

func (s *Store) nextShows(ctx context.Context, showID string, seats, most int) ([]booking.ShowSummary, error) {
	rows, err := s.pool.Query(ctx, readAlternatives, showID, seats, most)
	if err != nil {
		return nil, translate("next shows", err)
	}
	found := []booking.ShowSummary{}
	var next booking.ShowSummary
	_, err = pgx.ForEachRow(rows, shows.SummaryFields(&next), func() error {
		found = append(found, next)
		return nil
	})
	return found, translate("next shows", err)
}

// Choose stores a customer's choice about a moved show, once, and moves the booking if that
// is the choice. Codes: not_found, choice_closed, not_cancellable, and of a move
// validation_failed, show_not_on_sale, seats_unavailable.
func (s *Store) Choose(ctx context.Context, c booking.Choice) (booking.Chosen, error) {
	before, err := s.bookings.Booking(ctx, c.BookingID)
	if err != nil {
		return booking.Chosen{}, err
	}
	if _, err = shows.ParseID("change", c.ChangeID); err != nil {
		return booking.Chosen{}, err
	}
	c.Seats = booking.ReadSeats(c.Seats)
	left := "" // the show that was left
	for range shows.TermsTries {
		var to destination
		if to, err = s.plan(ctx, before, c); err != nil {
			return booking.Chosen{}, err
		}
		left, err = s.choose(ctx, c, to)
		if shows.HasState(err, shows.StateTermsChanged) {
			s.shows.Drop(to.show)
		} else if !shows.HasState(err, shows.StateUnique) { // a serial that exists is drawn again
			break
		}
	}
	if err != nil {
		return booking.Chosen{}, err
	}
	if left != "" && c.Choice == booking.ChoiceMove {
		s.shows.Changed(ctx, left, c.BookingID)
	}
	after, err := s.bookings.Booking(ctx, c.BookingID)
	if err != nil {
		return booking.Chosen{}, err
	}
	s.shows.Changed(ctx, after.Show.ID, after.ID)
	return booking.Chosen{Show: after.Show, Seats: after.Seats, Quote: after.Quote, GivenBack: givenBack(after)}, nil
}

// destination is where a booking goes, at which price. Its zero value is nowhere.
type destination struct {
	show   *shows.Show
	quote  booking.Quote
	refund int64 // of what was paid, in all
	detail string
	rule   booking.SeatRule
}

// plan prices a move. The database decides whether it happens.
func (s *Store) plan(ctx context.Context, b booking.Booking, c booking.Choice) (destination, error) {
	switch c.Choice {
	case booking.ChoiceKeep:
		return destination{detail: "You keep the new time."}, nil
	case booking.ChoiceRefund:
		return destination{detail: "You get all your money back."}, nil
	case booking.ChoiceMove:
	default:
		return destination{}, booking.Invalid(booking.FieldError{Field: "choice", Message: "Must be keep, move or refund."})
	}
	target, err := s.shows.Show(ctx, c.ShowID)
	if err != nil {
		return destination{}, shows.UnknownShow(err)
	}
	if b.Show.ID == target.Summary.ID && slices.Equal(b.Seats, c.Seats) {
		return destination{show: target, quote: b.Quote, refund: givenBack(b).Amount}, nil // done before, maybe
	}
	if b.Show.ID == target.Summary.ID {
		return destination{}, booking.Invalid(booking.FieldError{Field: "show_id", Message: "This is the show that you have."})
	}
	if b.Show.MovieID != target.Summary.MovieID {
		return destination{}, booking.Invalid(booking.FieldError{
			Field: "show_id", Message: fmt.Sprintf("Choose a show of %s.", b.Show.MovieTitle)})
	}
	next, err := booking.NewQuote(target.Terms, c.Seats)
	if err != nil {
		return destination{}, err
	}
	quote, err := booking.MovedQuote(b.Quote, next)
	if err != nil {
		return destination{}, err
	}
	return destination{
		show: target, quote: quote, rule: booking.AccessibleRule(target.Terms.Layout, c.Seats, nil),
		refund: givenBack(b).Amount + b.Quote.Total.Amount - quote.Total.Amount,
		detail: fmt.Sprintf("To %s, %s, %s, seats %s.", target.Summary.LocalStart().Format("Mon 2 Jan 15:04"),
			target.Summary.TheaterName, target.Summary.ScreenName, strings.Join(booking.ReadSeats(c.Seats), ", ")),
	}, nil
}

func (s *Store) choose(ctx context.Context, c booking.Choice, to destination) (left string, err error) {
	args := []any{c.BookingID, c.ChangeID, c.Choice, to.detail, nil, nil, nil, nil, nil, nil, nil}
	if to.show != nil {
		document, err := json.Marshal(to.quote)
		if err != nil {
			return "", err
		}
		args = append(args[:4], to.show.Summary.ID, to.show.Terms.Version, c.Seats, document, to.refund, shows.NewSerial(), to.show.NotBefore(to.rule))
	}
	var from *string
	err = s.pool.QueryRow(ctx, `SELECT choose_change($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)::text`, args...).Scan(&from)
	if shows.HasState(err, shows.StateTooEarly) {
		return "", to.show.TooEarly(to.rule).Wrap(err)
	}
	if err != nil {
		return "", translate("choose", err)
	}
	if from != nil {
		left = *from
	}
	return left, nil
}

// givenBack is the part of a booking's price whose refund was promised.
func givenBack(b booking.Booking) booking.Money {
	if b.Refund == nil {
		return booking.Money{Currency: b.Quote.Total.Currency}
	}
	return b.Refund.Amount
}
