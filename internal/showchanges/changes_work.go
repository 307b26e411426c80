package showchanges

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/shows"
)

// The truth about how far a change has come is in these statements: a workflow that starts
// again at any point asks them, and goes on.

// untold are the bookings b of a change ch that are to be told: those that it concerns, and
// those whose signal was about to be sent, and may not have been. A booking made after a
// move, or that came from another show, was made for the new time.
const untold = `FROM show_changes ch JOIN bookings b ON b.show_id = ch.show_id
	LEFT JOIN show_change_bookings cb ON cb.change_id = ch.id AND cb.booking_id = b.id
	WHERE ch.id = $1 AND ch.finished_at IS NULL AND (ch.kind = 'cancelled' OR NOT change_is_superseded(ch.id))
	AND CASE WHEN cb.booking_id IS NOT NULL THEN cb.told_at IS NULL AND cb.settled_at IS NULL AND cb.failure = ''
		ELSE b.status IN ('held', 'confirmed') AND (ch.kind = 'cancelled' OR b.created_at < ch.created_at
			AND NOT EXISTS (SELECT FROM booking_events e
				WHERE e.booking_id = b.id AND e.event = 'moved' AND e.at > ch.created_at)) END`

// elsewhere is a booking cb that has gone to another show than that of the change
// ch, by the choice of another change. The changes of that show handle it.
const elsewhere = `(cb.choice <> 'move' AND (SELECT b.show_id FROM bookings b WHERE b.id = cb.booking_id) <> ch.show_id)`

// These conditions are about a booking cb that was notified of a change ch. $2 is how long
// its workflow may be busy before a check that it still exists.
const (
	atWork = `cb.told_at IS NOT NULL AND cb.settled_at IS NULL AND cb.failure = '' AND NOT ` + elsewhere
	// unasked has a refund that is due and not carried out yet. A customer's own request
	// carries out its choice, if it still runs.
	unasked = atWork + ` AND ch.kind = 'rescheduled' AND cb.choice = 'refund' AND cb.asked_at IS NULL
		AND (cb.chosen_by = 'default' OR cb.chosen_at < clock_timestamp() - $2::interval)`
	overdue = atWork + ` AND (ch.kind = 'cancelled' OR cb.choice = 'move' OR cb.choice = 'refund' AND cb.asked_at IS NOT NULL)
		AND coalesce(cb.asked_at, cb.chosen_at, cb.told_at) < clock_timestamp() - $2::interval`
	// inFlight keeps a workflow busy. A move is delivered when the customer's message is on
	// its way; a customer who cannot be reached does not delay the others for long.
	inFlight = atWork + ` AND (ch.kind = 'cancelled' OR cb.choice = 'refund' AND cb.asked_at IS NOT NULL
		OR cb.choice = '' AND cb.told_at > clock_timestamp() - interval '15 seconds'
			AND EXISTS (SELECT FROM bookings b WHERE b.id = cb.booking_id AND b.status = 'confirmed')
			AND NOT EXISTS (SELECT FROM notifications n WHERE n.booking_id = cb.booking_id
				AND n.notice = 'rescheduled' AND n.created_at >= ch.created_at))`
)

// settleTold marks the told bookings of a change for which nothing is left to do.
const settleTold = `UPDATE show_change_bookings cb
	SET settled_at = clock_timestamp(), told_at = coalesce(cb.told_at, clock_timestamp()), failure = ''
	FROM show_changes ch, bookings b
	WHERE cb.change_id = $1 AND cb.settled_at IS NULL AND ch.id = cb.change_id AND b.id = cb.booking_id
	AND (b.status NOT IN ('held', 'confirmed') AND booking_owes_nothing(b.id) OR ` + elsewhere + `
		OR ch.kind = 'rescheduled' AND (cb.choice = 'keep'
			OR cb.choice = 'move' AND b.show_id <> ch.show_id AND booking_owes_nothing(b.id)
			OR cb.choice = '' AND change_is_superseded(ch.id)))`

// CountChange says how far a change has come, after marking what is settled.
// Workflows may be busy for a while before they are due to be looked for. Code:
// not_found.
func (s *Store) CountChange(ctx context.Context, changeID string, busy time.Duration) (booking.ChangeCount, error) {
	id, err := shows.ParseID("change", changeID)
	if err != nil {
		return booking.ChangeCount{}, err
	}
	if _, err := s.pool.Exec(ctx, settleTold, id); err != nil {
		return booking.ChangeCount{}, translate("settle the change", err)
	}
	return s.countChange(ctx, id, busy)
}

func (s *Store) countChange(ctx context.Context, id uuid.UUID, busy time.Duration) (booking.ChangeCount, error) {
	var c booking.ChangeCount
	var decideIn float64
	err := s.pool.QueryRow(ctx, `SELECT (SELECT count(*) `+untold+`), t.*,
			coalesce(extract(epoch FROM ch.decide_by - clock_timestamp()), 0)::float8,
			ch.finished_at IS NOT NULL, change_is_superseded(ch.id)
		FROM show_changes ch CROSS JOIN LATERAL (SELECT count(cb.told_at), count(cb.settled_at),
			count(*) FILTER (WHERE cb.settled_at IS NULL AND cb.failure <> ''),
			count(*) FILTER (WHERE cb.settled_at IS NULL AND cb.choice = '' AND ch.kind = 'rescheduled'),
			count(*) FILTER (WHERE `+inFlight+`), count(*) FILTER (WHERE `+unasked+`), count(*) FILTER (WHERE `+overdue+`)
			FROM show_change_bookings cb WHERE cb.change_id = ch.id) t
		WHERE ch.id = $1`, id, busy).Scan(&c.Untold, &c.Told, &c.Settled, &c.Failed, &c.Undecided, &c.InFlight,
		&c.Unasked, &c.Due,
		&decideIn, &c.Finished, &c.Superseded)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, booking.E(booking.CodeNotFound, "There is no such change.")
	}
	c.DecideIn = max(time.Duration(decideIn*float64(time.Second)), 0)
	return c, translate("count the change", err)
}

// looksAtATime bounds how many overdue bookings are looked for at a time.
const looksAtATime = 200

// NextOfChange gives the next tasks: the bookings to look for, and up to the limit those to
// be asked and to be notified. A booking that is about to be notified is stored first, so
// that it is not lost when its workflow ends right after the signal.
func (s *Store) NextOfChange(ctx context.Context, changeID string, busy time.Duration, limit int) ([]booking.ChangeTask, error) {
	id, err := shows.ParseID("change", changeID)
	if err != nil {
		return nil, err
	}
	const told = ` FROM show_change_bookings cb JOIN show_changes ch ON ch.id = cb.change_id WHERE cb.change_id = $1 AND `
	ask, err := s.tasks(ctx, `
		(SELECT cb.booking_id::text, 'look', ch.kind = 'cancelled' OR cb.choice = 'refund'`+told+overdue+`
			ORDER BY cb.booking_id LIMIT $4)
		UNION ALL (SELECT cb.booking_id::text, 'refund', true`+told+unasked+` ORDER BY cb.booking_id LIMIT $3)`,
		id, busy, limit, looksAtATime)
	if err != nil {
		return nil, err
	}
	for _, task := range ask {
		if task.Kind == booking.TaskRefund {
			limit--
		}
	}
	tell, err := s.tasks(ctx, `WITH page AS (SELECT b.id, ch.kind `+untold+` ORDER BY b.id LIMIT $2),
		begun AS (INSERT INTO show_change_bookings (change_id, booking_id, told_at) SELECT $1, id, NULL FROM page
			ON CONFLICT DO NOTHING)
		SELECT id::text, 'tell', kind = 'cancelled' FROM page`, id, limit)
	return append(ask, tell...), err
}

func (s *Store) tasks(ctx context.Context, sql string, args ...any) ([]booking.ChangeTask, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, translate("next of the change", err)
	}
	tasks, err := pgx.CollectRows(rows, pgx.RowToStructByPos[booking.ChangeTask])
	return tasks, translate("next of the change", err)
}

// TaskDone stores that a booking's workflow was notified, asked or looked for.
func (s *Store) TaskDone(ctx context.Context, changeID string, task booking.ChangeTask) error {
	column := "asked_at"
	if task.Kind == booking.TaskTell {
		column = "told_at"
	}
	_, err := s.pool.Exec(ctx, `UPDATE show_change_bookings SET `+column+` = clock_timestamp()
		WHERE change_id = $1 AND booking_id = $2`, changeID, task.BookingID)
	return translate("booking was told or asked", err)
}

// ApplyDefault makes the choice for customers who made none in time. The row decides
// between it and a customer who is just in time.
func (s *Store) ApplyDefault(ctx context.Context, changeID string) error {
	_, err := s.pool.Exec(ctx, `UPDATE show_change_bookings cb
		SET choice = ch.default_choice, chosen_by = 'default', chosen_at = clock_timestamp()
		FROM show_changes ch WHERE ch.id = $1 AND cb.change_id = ch.id AND cb.choice = '' AND cb.settled_at IS NULL
		AND ch.decide_by <= clock_timestamp() AND NOT change_is_superseded(ch.id)`, changeID)
	return translate("apply the default", err)
}

// FailSettlement writes down that a booking cannot be settled without a person.
func (s *Store) FailSettlement(ctx context.Context, changeID, bookingID, why string) error {
	_, err := s.pool.Exec(ctx, `UPDATE show_change_bookings
		SET failure = $3, told_at = coalesce(told_at, clock_timestamp())
		WHERE change_id = $1 AND booking_id = $2 AND settled_at IS NULL`, changeID, bookingID, why)
	return translate("settlement failed", err)
}

// FinishChange closes a change with which nothing is left to do, and says whether
// it is closed.
func (s *Store) FinishChange(ctx context.Context, changeID string) (bool, error) {
	id, err := shows.ParseID("change", changeID)
	if err != nil {
		return false, err
	}
	_, err = s.pool.Exec(ctx, `UPDATE show_changes SET finished_at = clock_timestamp()
		WHERE id = $1 AND finished_at IS NULL AND NOT EXISTS (SELECT `+untold+`)
		AND NOT EXISTS (SELECT FROM show_change_bookings cb WHERE cb.change_id = $1 AND cb.settled_at IS NULL AND cb.failure = '')`, id)
	if err != nil {
		return false, translate("finish the change", err)
	}
	var finished bool
	err = s.pool.QueryRow(ctx, `SELECT finished_at IS NOT NULL FROM show_changes WHERE id = $1`, id).Scan(&finished)
	return finished, translate("finish the change", err)
}

// Settlement says what is left to do for a booking of a changed show whose
// workflow is gone. Code: not_found.
func (s *Store) Settlement(ctx context.Context, changeID, bookingID string) (booking.Settlement, error) {
	b, err := s.bookings.Booking(ctx, bookingID)
	if err != nil {
		return booking.Settlement{}, err
	}
	left := booking.Settlement{Status: b.Status, House: b.House}
	err = s.pool.QueryRow(ctx, `SELECT b.total, b.currency, `+elsewhere+`,
			b.status = 'cancelled' AND EXISTS (SELECT FROM booking_events e
				WHERE e.booking_id = b.id AND e.event = 'cancelled' AND e.at > ch.created_at),
			(SELECT count(*) FROM show_change_bookings earlier
				JOIN show_changes m ON m.id = earlier.change_id AND m.kind = 'rescheduled' AND m.created_at < ch.created_at
				WHERE earlier.booking_id = b.id)
		FROM show_change_bookings cb JOIN show_changes ch ON ch.id = cb.change_id JOIN bookings b ON b.id = cb.booking_id
		WHERE b.id = $1 AND ch.id = $2`, b.ID, changeID).
		Scan(&left.Total.Amount, &left.Total.Currency, &left.Elsewhere, &left.CancelledSince, &left.Moves)
	if errors.Is(err, pgx.ErrNoRows) {
		return left, booking.E(booking.CodeNotFound, "This change does not concern this booking.")
	}
	if err != nil {
		return left, translate("settlement", err)
	}
	rows, err := s.pool.Query(ctx, `SELECT provider, reference, captured, refunded FROM payments
		WHERE booking_id = $1 AND (captured > refunded OR status IN ('open', 'failed', 'in_doubt', 'authorized'))
		ORDER BY attempt, reference`, b.ID)
	if err != nil {
		return left, translate("settlement", err)
	}
	step := booking.MoneyStep{BookingID: b.ID}
	var captured, refunded int64
	_, err = pgx.ForEachRow(rows, []any{&step.Provider, &step.Reference, &captured, &refunded}, func() error {
		switch {
		case captured == 0 || b.Ticket == nil:
			// Nothing was sold for it, or nothing taken.
			left.GiveBack = append(left.GiveBack, step)
		case b.Refund != nil && refunded < b.Refund.Amount.Amount:
			refund := step
			refund.Amount = b.Refund.Amount
			left.Refund = &refund
		}
		return nil
	})
	return left, translate("settlement", err)
}
