-- What a cancelled or moved show means for its bookings.

-- change_is_superseded: a later change of the same show takes the place of one that is
-- under way: its customers choose again, or get a refund.
CREATE OR REPLACE FUNCTION change_is_superseded(p_change uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM show_changes ch JOIN show_changes later
        ON later.show_id = ch.show_id AND later.created_at > ch.created_at WHERE ch.id = p_change);
$$;

-- all_comes_back tells whether the theater owes the customer a full refund, even if the
-- terms of a cancellation give less: the show was cancelled, or it was moved and the
-- customer, who has a choice then, was not notified yet. Bookings are notified one after
-- the other, so many customers know of a change before that.
CREATE OR REPLACE FUNCTION all_comes_back(p_booking uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT s.status = 'cancelled' OR EXISTS (
        SELECT FROM show_changes ch
        LEFT JOIN show_change_bookings told ON told.change_id = ch.id AND told.booking_id = b.id
        WHERE ch.show_id = b.show_id AND ch.kind = 'rescheduled' AND ch.created_at > b.created_at
          AND ch.finished_at IS NULL AND NOT change_is_superseded(ch.id)
          AND told.told_at IS NULL AND coalesce(told.choice, '') = ''
          AND NOT EXISTS (SELECT FROM booking_events e
              WHERE e.booking_id = b.id AND e.event = 'moved' AND e.at > ch.created_at))
    FROM bookings b JOIN shows s ON s.id = b.show_id WHERE b.id = p_booking;
$$;

-- note_new_time: a customer reads of a move in the timeline as soon as the booking
-- was told.
CREATE OR REPLACE FUNCTION note_new_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_booking_event(NEW.booking_id, 'rescheduled',
        CASE WHEN ch.old_starts_at = ch.new_starts_at THEN 'To another screen, at the same time.'
        ELSE format('From %s to %s.',
            to_char(ch.old_starts_at AT TIME ZONE t.time_zone, 'Dy FMDD Mon HH24:MI'),
            to_char(ch.new_starts_at AT TIME ZONE t.time_zone, 'Dy FMDD Mon HH24:MI')) END,
        ch.id::text)
    FROM show_changes ch JOIN shows s ON s.id = ch.show_id JOIN theaters t ON t.id = s.theater_id
    WHERE ch.id = NEW.change_id AND ch.kind = 'rescheduled';
    RETURN NULL;
END $$;
