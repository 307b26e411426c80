-- The timeline of a booking.

-- add_booking_event appends to the timeline and raises the booking's version. A
-- repeat (same booking, event and once) changes nothing.
CREATE OR REPLACE FUNCTION add_booking_event(p_booking uuid, p_event text, p_detail text, p_once text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    next bigint;
BEGIN
    -- The row lock makes events of one booking follow each other.
    SELECT version + 1 INTO next FROM bookings WHERE id = p_booking FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO booking_events (booking_id, seq, event, detail, once)
    VALUES (p_booking, next, p_event, p_detail, p_once)
    ON CONFLICT (booking_id, event, once) DO NOTHING;
    IF FOUND THEN
        UPDATE bookings SET version = next, updated_at = now() WHERE id = p_booking;
    END IF;
END $$;
