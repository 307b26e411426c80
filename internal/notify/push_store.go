package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
)

// browser is a subscription that lacks a message.
type browser struct {
	NotificationID, ID, Endpoint string
	Language                     string // BCP 47, as the browser asked for it
	P256DH, Auth                 []byte
}

// awaited tells whether the customer has a browser, or the message is on its way to one.
func (s store) awaited(ctx context.Context, n booking.Notification) (bool, error) {
	var awaited bool
	err := s.pool.QueryRow(ctx, `
SELECT EXISTS (SELECT FROM push_subscriptions ps JOIN bookings b ON b.customer_id = ps.account_id WHERE b.id = $1
               AND wants(b.customer_id, 'push', $2))
    OR EXISTS (SELECT FROM notifications
               WHERE booking_id = $1 AND channel = 'push' AND notice = $2 AND sequence = $3 AND status = 'pending')`,
		n.BookingID, n.Notice, n.Sequence).Scan(&awaited)
	if err != nil {
		return false, fmt.Errorf("look for browsers of booking %s: %w", n.BookingID, err)
	}
	return awaited, nil
}

// claimBrowsers gives the browsers that lack the message, and lets this attempt alone
// send to them for a time. Without any browser there is no row at all. It sets d.id.
func (s store) claimBrowsers(ctx context.Context, d *dispatch, vendor string, within time.Duration) ([]browser, error) {
	rows, err := s.pool.Query(ctx, `
WITH browsers AS (
    SELECT ps.id, ps.endpoint, ps.language, ps.p256dh, ps.auth
    FROM push_subscriptions ps JOIN bookings b ON b.customer_id = ps.account_id WHERE b.id = $1),
note AS (
    INSERT INTO notifications AS n (booking_id, channel, notice, sequence, status, vendor, attempts, updated_at)
    SELECT $1, 'push', $2, $3, 'pending', $4, 1, clock_timestamp() WHERE EXISTS (SELECT FROM browsers)
    ON CONFLICT (booking_id, channel, notice, sequence) DO UPDATE
    SET attempts = n.attempts + 1, vendor = excluded.vendor, updated_at = clock_timestamp() WHERE n.status = 'pending'
    RETURNING n.id),
due AS (
    INSERT INTO push_deliveries AS pd (notification_id, subscription_id, try_after)
    SELECT note.id, browsers.id, clock_timestamp() + $5::interval FROM note, browsers
    ON CONFLICT (notification_id, subscription_id) DO UPDATE
    SET attempts = pd.attempts + 1, try_after = excluded.try_after
    WHERE pd.status = 'pending' AND pd.try_after <= clock_timestamp()
    RETURNING pd.subscription_id)
SELECT note.id::text, coalesce(b.id::text, ''), coalesce(b.endpoint, ''), coalesce(b.language, ''), b.p256dh, b.auth
FROM note LEFT JOIN (due JOIN browsers b ON b.id = due.subscription_id) ON true`,
		d.BookingID, d.Notice, d.Sequence, vendor, within)
	if err != nil {
		return nil, fmt.Errorf("claim %s push of booking %s: %w", d.Notice, d.BookingID, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[browser])
	if err != nil {
		return nil, fmt.Errorf("claim %s push of booking %s: %w", d.Notice, d.BookingID, err)
	}
	if len(all) > 0 {
		d.id = all[0].NotificationID
	}
	if len(all) == 1 && all[0].ID == "" { // all that lack it are being sent to, or are to wait
		return nil, nil
	}
	return all, nil
}

// recordBrowser records the outcome at one browser. A browser that is
// gone is forgotten.
func (s store) recordBrowser(ctx context.Context, d *dispatch, to browser, failure error) error {
	if outcomeOf(failure) == OutcomeGone {
		// Unless it has subscribed again meanwhile.
		_, err := s.pool.Exec(ctx, `DELETE FROM push_subscriptions WHERE id = $1 AND endpoint = $2 AND auth = $3`, to.ID, to.Endpoint, to.Auth)
		if err != nil {
			return fmt.Errorf("forget a browser of booking %s: %w", d.BookingID, err)
		}
		return nil
	}
	next, reason, wait := statusPending, "", time.Duration(0)
	var vendor *VendorError
	switch errors.As(failure, &vendor); {
	case failure == nil:
		next = statusSent
	case vendor == nil:
		reason = "outcome unknown"
	default:
		reason, wait = vendor.Error(), vendor.RetryAfter
		if vendor.Outcome == OutcomeRefused {
			next = "refused"
		}
	}
	_, err := s.pool.Exec(ctx, `
UPDATE push_deliveries SET status = $3, failure = $4, try_after = clock_timestamp() + $5::interval
WHERE notification_id = $1 AND subscription_id = $2 AND status = 'pending'`, d.id, to.ID, next, reason, wait)
	if err != nil {
		return fmt.Errorf("record %s push of booking %s as %s: %w", d.Notice, d.BookingID, next, err)
	}
	return nil
}

// pushState is how many browsers have a message, and when the next one may be tried.
type pushState struct {
	Sent, Pending int
	Seconds       float64
}

func (p pushState) wait() time.Duration {
	return max(0, time.Duration(p.Seconds*float64(time.Second)))
}

// settlePush says in the message's row how far it has come, and in the timeline that it
// was sent, if any browser has it.
func (s store) settlePush(ctx context.Context, d *dispatch, event booking.Event, detail string) (pushState, error) {
	once := fmt.Sprintf("%s %s %d", d.Channel, d.Notice, d.Sequence)
	var state pushState
	err := s.pool.QueryRow(ctx, `
WITH browsers AS (
    SELECT count(*) FILTER (WHERE pd.status = 'sent') AS sent,
           count(*) FILTER (WHERE pd.status = 'pending') AS pending,
           count(*) FILTER (WHERE pd.status = 'refused') AS refused,
           coalesce(max(pd.failure) FILTER (WHERE pd.status <> 'sent'), '') AS failure,
           min(pd.try_after) FILTER (WHERE pd.status = 'pending') AS next
    FROM push_deliveries pd JOIN push_subscriptions ps ON ps.id = pd.subscription_id
    JOIN bookings b ON b.customer_id = ps.account_id
    WHERE pd.notification_id = $1 AND b.id = $2),
note AS (
    UPDATE notifications n SET updated_at = clock_timestamp(),
        failure = CASE WHEN sent + pending + refused = 0 THEN 'no browser takes it any more' ELSE browsers.failure END,
        status = CASE WHEN pending > 0 THEN 'pending' WHEN sent > 0 THEN 'sent' WHEN refused > 0 THEN 'failed' ELSE 'skipped' END
    FROM browsers WHERE n.id = $1 AND n.status = 'pending'),
told AS (
    SELECT add_booking_event($2, $3, $4, $5) FROM browsers WHERE sent > 0)
SELECT sent, pending, coalesce(extract(epoch FROM next - clock_timestamp()), 0)::double precision
FROM browsers LEFT JOIN told ON true`,
		d.id, d.BookingID, event, detail, once).Scan(&state.Sent, &state.Pending, &state.Seconds)
	if err != nil {
		return state, fmt.Errorf("record %s push of booking %s: %w", d.Notice, d.BookingID, err)
	}
	return state, nil
}
