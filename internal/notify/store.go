package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/alerts"
)

// status is where one notification stands; the migration explains each.
type status string

const (
	statusPending     status = "pending"
	statusSending     status = "sending"
	statusSent        status = "sent"
	statusUnconfirmed status = "unconfirmed"
	statusFailed      status = "failed"
	statusSkipped     status = "skipped"
)

// dispatch is everything about one notification: its row as it was read, the
// recipient, and what the message says.
type dispatch struct {
	booking.Notification

	id          string // empty until there is a row
	status      status
	vendor      string
	attempts    int
	failure     string
	attemptedAt time.Time
	age         time.Duration // since attemptedAt, by the database's clock

	name, email, phone string
	wanted             bool // by the customer's choice

	bookingStatus booking.Status
	show          booking.ShowSummary
	seats         []string
	total         booking.Money
	refund        booking.Money
	returned      booking.Money // the latest refund; zero without one
	ticket        string
	movieSlug     string
	customerID    string
	cityID        string
	// Of a theater that sells from its own system: its number, and its codes by seat.
	number string
	codes  map[string]string

	change change
	offers []offer
	more   []MoreMovie
}

// change is what happened to the show, when the message is about that; otherwise it has no
// id.
type change struct {
	id         string
	reason     string
	from, to   time.Time
	decideBy   time.Time // zero when there is nothing to choose
	byDefault  booking.ChangeChoice
	superseded bool // the show was changed again
	left       bool // the booking has moved to another show
}

// offer is a show that the customer may like instead.
type offer struct {
	ShowID   string    `json:"show_id"`
	Theater  string    `json:"theater"`
	Same     bool      `json:"same"` // theater
	StartsAt time.Time `json:"starts_at"`
	TimeZone string    `json:"time_zone"`
}

// offersShown is how many shows a message offers.
const offersShown = 3

// event is what the timeline calls the sending of it.
func (d *dispatch) event() booking.Event {
	if d.Notice == booking.NoticeReminder {
		return booking.EventReminded
	}
	return booking.EventNotified
}

// reasonToSkip says why there is no recipient, or why the message is no longer true.
func (d *dispatch) reasonToSkip(configured bool) string {
	switch {
	case d.Channel == booking.ChannelSMS && d.phone == "":
		return "no confirmed phone"
	case d.Channel == booking.ChannelEmail && d.email == "":
		return "no e-mail address"
	case !d.wanted && !(d.Channel == booking.ChannelEmail && d.Notice != booking.NoticeReminder):
		return "the customer does not want it"
	case d.Channel == booking.ChannelSMS && d.Notice == booking.NoticeExpired:
		// It would cost money for a customer who paid nothing, and as often as one holds seats.
		return "no text message for a hold that ended"
	case !configured:
		return "no vendor for this channel"
	}
	switch d.Notice {
	case booking.NoticeConfirmed, booking.NoticeReminder, booking.NoticeRescheduled, booking.NoticeMoved:
		// A message that had to wait for its vendor may be overtaken by the
		// cancellation, which sends its own.
		if d.bookingStatus != booking.StatusConfirmed {
			return "overtaken: the booking is " + string(d.bookingStatus)
		}
		if d.Notice == booking.NoticeRescheduled && (d.change.superseded || d.change.left) {
			return "overtaken: the show or the booking has moved on"
		}
	}
	return ""
}

// store has the statements of this package.
type store struct{ pool *pgxpool.Pool }

const loadSQL = `
SELECT coalesce(n.id::text, ''), coalesce(n.status, 'pending'), coalesce(n.vendor, ''),
       coalesce(n.attempts, 0), coalesce(n.failure, ''), coalesce(n.updated_at, now()),
       coalesce(extract(epoch FROM clock_timestamp() - n.updated_at), 0)::double precision,
       a.name, mail_of(a.id), phone_of(a.id), wants(a.id, $2, $3),
       b.status, b.seats, b.total, b.currency, b.refund_due,
       m.title, t.name, t.address, sc.name, s.starts_at, s.ends_at, t.time_zone, s.format, s.language,
       coalesce(k.serial, ''), coalesce(p.amount, 0), coalesce(p.currency, ''),
       m.slug, coalesce(n.offers, '[]'), coalesce(ch.id::text, ''), coalesce(ch.reason, ''),
       ch.old_starts_at, ch.new_starts_at, ch.decide_by, coalesce(ch.default_choice, ''),
       ch.id IS NOT NULL AND change_is_superseded(ch.id), ch.id IS NOT NULL AND ch.show_id <> b.show_id,
       coalesce(ho.number, ''), coalesce(ho.codes, '{}'), b.customer_id::text, t.city_id::text
FROM bookings b
JOIN accounts a ON a.id = b.customer_id
LEFT JOIN show_changes ch ON ch.id = nullif($5, '')::uuid
-- A move is told of the show that was moved, also when the booking has left it: a
-- vendor that did not answer is asked for that very text.
JOIN shows s ON s.id = CASE WHEN $3 = 'rescheduled' AND ch.id IS NOT NULL THEN ch.show_id ELSE b.show_id END
JOIN movies m ON m.id = s.movie_id
JOIN theaters t ON t.id = s.theater_id
JOIN screens sc ON sc.id = s.screen_id
LEFT JOIN tickets k ON k.booking_id = b.id
LEFT JOIN house_orders ho ON ho.booking_id = b.id AND ho.show_id = b.show_id
LEFT JOIN notifications n
    ON n.booking_id = b.id AND n.channel = $2 AND n.notice = $3 AND n.sequence = $4
LEFT JOIN LATERAL (
    SELECT p.amount, p.currency FROM payments p
    WHERE $3 = 'payment_returned' AND p.booking_id = b.id AND p.status IN ('voided', 'refunded')
    ORDER BY p.updated_at DESC LIMIT 1) p ON true
WHERE b.id = $1`

// load reads the notification with its booking, show and customer.
func (s store) load(ctx context.Context, n booking.Notification) (*dispatch, error) {
	d := &dispatch{Notification: n}
	var age float64
	var from, to, decideBy *time.Time
	err := s.pool.QueryRow(ctx, loadSQL, n.BookingID, n.Channel, n.Notice, n.Sequence, n.ChangeID).Scan(
		&d.id, &d.status, &d.vendor, &d.attempts, &d.failure, &d.attemptedAt, &age,
		&d.name, &d.email, &d.phone, &d.wanted,
		&d.bookingStatus, &d.seats, &d.total.Amount, &d.total.Currency, &d.refund.Amount,
		&d.show.MovieTitle, &d.show.TheaterName, &d.show.Address, &d.show.ScreenName,
		&d.show.StartsAt, &d.show.EndsAt, &d.show.TimeZone, &d.show.Format, &d.show.Language,
		&d.ticket, &d.returned.Amount, &d.returned.Currency,
		&d.movieSlug, &d.offers, &d.change.id, &d.change.reason,
		&from, &to, &decideBy, &d.change.byDefault, &d.change.superseded, &d.change.left, &d.number, &d.codes, &d.customerID, &d.cityID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, booking.E(booking.CodeNotFound, "There is no such booking.")
	}
	if err != nil {
		return nil, fmt.Errorf("read booking %s for its %s %s: %w", n.BookingID, n.Notice, n.Channel, err)
	}
	d.refund.Currency = d.total.Currency
	d.age = time.Duration(age * float64(time.Second))
	d.change.from, d.change.to, d.change.decideBy = orZero(from), orZero(to), orZero(decideBy)
	if n.Notice == booking.NoticeShowCancelled && d.status == statusPending {
		// A message that was handed over keeps its offers: the vendor may be asked for
		// exactly that text.
		d.offers, err = s.nextShows(ctx, n.BookingID)
	}
	return d, err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// nextShows gives what is on sale instead of a booking's show, now.
func (s store) nextShows(ctx context.Context, bookingID string) ([]offer, error) {
	rows, err := s.pool.Query(ctx, `
SELECT s.id::text, t.name, t.id = was.theater_id, s.starts_at, t.time_zone
FROM bookings b JOIN shows was ON was.id = b.show_id
CROSS JOIN LATERAL next_shows(b.show_id, cardinality(b.seats), $2) next
JOIN shows s ON s.id = next.show_id
JOIN theaters t ON t.id = s.theater_id
WHERE b.id = $1 ORDER BY next.place`, bookingID, offersShown)
	if err != nil {
		return nil, fmt.Errorf("find shows instead of that of booking %s: %w", bookingID, err)
	}
	offers, err := pgx.CollectRows(rows, pgx.RowToStructByPos[offer])
	if err != nil {
		return nil, fmt.Errorf("find shows instead of that of booking %s: %w", bookingID, err)
	}
	return offers, nil
}

// claim lets this attempt call the vendor, unless the row has changed since it was read.
// Every claim raises attempts, so the number tells one attempt's outcome from another's.
func (s store) claim(ctx context.Context, d *dispatch, vendor string) (bool, error) {
	offers := d.offers
	if offers == nil {
		offers = []offer{} // [] rather than null
	}
	err := s.pool.QueryRow(ctx, `
INSERT INTO notifications AS n (booking_id, channel, notice, sequence, status, vendor, offers, attempts, updated_at)
VALUES ($1, $2, $3, $4, 'sending', $5, $8, 1, clock_timestamp())
ON CONFLICT (booking_id, channel, notice, sequence) DO UPDATE
SET status = 'sending', vendor = excluded.vendor, offers = excluded.offers, attempts = n.attempts + 1, failure = '', updated_at = clock_timestamp()
WHERE n.status = $6 AND n.attempts = $7
RETURNING n.id, n.attempts`,
		d.BookingID, d.Channel, d.Notice, d.Sequence, vendor, d.status, d.attempts, offers).Scan(&d.id, &d.attempts)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("claim %s %s of booking %s: %w", d.Notice, d.Channel, d.BookingID, err)
	}
	return true, nil
}

// sent records the vendor's acceptance and tells the customer's timeline. It
// also corrects an attempt that was given up a moment too early.
func (s store) sent(ctx context.Context, d *dispatch, vendorID string, event booking.Event, detail string) error {
	once := fmt.Sprintf("%s %s %d", d.Channel, d.Notice, d.Sequence)
	_, err := s.pool.Exec(ctx, `
WITH done AS (
    UPDATE notifications SET status = 'sent', vendor_id = $3, failure = '', updated_at = clock_timestamp()
    WHERE id = $1 AND attempts = $2 AND status IN ('sending', 'unconfirmed')
    RETURNING booking_id)
SELECT add_booking_event(booking_id, $4, $5, $6) FROM done`,
		d.id, d.attempts, vendorID, event, detail, once)
	if err != nil {
		return fmt.Errorf("record %s %s of booking %s as sent: %w", d.Notice, d.Channel, d.BookingID, err)
	}
	return nil
}

// failed records a failed call; next is sending when its outcome is unknown.
func (s store) failed(ctx context.Context, d *dispatch, next status, failure string) error {
	_, err := s.pool.Exec(ctx, `
UPDATE notifications SET status = $3, failure = $4, updated_at = clock_timestamp()
WHERE id = $1 AND attempts = $2 AND status = 'sending'`, d.id, d.attempts, next, failure)
	if err != nil {
		return fmt.Errorf("record %s %s of booking %s as %s: %w", d.Notice, d.Channel, d.BookingID, next, err)
	}
	return nil
}

// unconfirmed gives up, and tells staff in the same transaction.
func (s store) unconfirmed(ctx context.Context, d *dispatch, failure, detail string) error {
	var opened int
	err := s.pool.QueryRow(ctx, `
WITH done AS (
    UPDATE notifications SET status = 'unconfirmed', failure = $3, updated_at = clock_timestamp()
    WHERE id = $1 AND attempts = $2 AND status = 'sending'
    RETURNING booking_id),
`+alerts.Opening(`SELECT booking_id, $5::text, $4::text FROM done`)+`
SELECT count(*) FROM opened`, d.id, d.attempts, failure, alerts.Detail(detail), booking.AlertMessageUnconfirmed).Scan(&opened)
	if err != nil {
		return fmt.Errorf("record %s %s of booking %s as unconfirmed: %w", d.Notice, d.Channel, d.BookingID, err)
	}
	if opened > 0 {
		alerts.Opened(ctx, booking.Alert{BookingID: d.BookingID, Kind: booking.AlertMessageUnconfirmed})
	}
	return nil
}

// skip records that there is no recipient for this.
func (s store) skip(ctx context.Context, n booking.Notification, reason string) error {
	_, err := s.pool.Exec(ctx, `
INSERT INTO notifications AS n (booking_id, channel, notice, sequence, status, failure)
VALUES ($1, $2, $3, $4, 'skipped', $5)
ON CONFLICT (booking_id, channel, notice, sequence) DO UPDATE
SET status = 'skipped', failure = excluded.failure, updated_at = clock_timestamp()
WHERE n.status = 'pending'`, n.BookingID, n.Channel, n.Notice, n.Sequence, reason)
	if err != nil {
		return fmt.Errorf("record %s %s of booking %s as skipped: %w", n.Notice, n.Channel, n.BookingID, err)
	}
	return nil
}

// isOthers tells whether the vendor's message belongs to another notification of
// the same booking.
func (s store) isOthers(ctx context.Context, d *dispatch, vendorID string) (bool, error) {
	var known bool
	err := s.pool.QueryRow(ctx, `
SELECT EXISTS (SELECT 1 FROM notifications
               WHERE booking_id = $1 AND id <> $2 AND vendor = $3 AND vendor_id = $4)`,
		d.BookingID, d.id, d.vendor, vendorID).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("look up message of booking %s: %w", d.BookingID, err)
	}
	return known, nil
}

// alertDenied tells staff that a vendor does not let us in. The alert belongs to
// no booking; one that was resolved and comes back opens again.
func (s store) alertDenied(ctx context.Context, detail string) error {
	return alerts.Raise(ctx, s.pool, booking.Alert{Kind: booking.AlertMessageVendorDenied, Detail: detail})
}
