-- A hold whose answer is not fetched must not keep its seats. bookings.fetch_by is
-- until when the answer of a hold waits; null when it was fetched, or need not be.
-- Until it is fetched the claims last until then, and no longer: after that they
-- count as free, and the next hold overtakes them. What happens here is decided
-- under the booking's row lock, by the database's clock.

-- wait_for_fetch gives the claims of a hold that is not fetched yet another
-- stretch of time or, with null, all of the hold's and its grace. A hold that lost seats to
-- another booking is lost (BX006): its other seats must not be held again.
CREATE OR REPLACE FUNCTION wait_for_fetch(p_booking uuid, p_within interval, p_grace interval DEFAULT '30 seconds') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    b       bookings%ROWTYPE;
    until   timestamptz;
    claimed integer;
BEGIN
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    IF b.status = 'expired' THEN
        -- Also when its workflow was told already: no answer may say that it is held.
        RAISE EXCEPTION 'not fetched in time' USING ERRCODE = 'BX006';
    END IF;
    IF b.fetch_by IS NULL OR b.status <> 'held' THEN
        RETURN;
    END IF;
    until := clock_timestamp() + p_within;
    IF until >= b.hold_expires_at THEN
        until := NULL;
    END IF;
    PERFORM 1 FROM seat_claims WHERE booking_id = p_booking ORDER BY seat FOR UPDATE;
    UPDATE seat_claims SET held_until = greatest(held_until, coalesce(until, b.hold_expires_at + p_grace))
    WHERE booking_id = p_booking AND state = 'held';
    GET DIAGNOSTICS claimed = ROW_COUNT;
    IF claimed < cardinality(b.seats) THEN
        RAISE EXCEPTION 'hold lost' USING ERRCODE = 'BX006';
    END IF;
    UPDATE bookings SET fetch_by = until WHERE id = p_booking;
END $$;

-- fetch_hold notes that the customer has the answer: the claims last as long as the
-- hold. It fails with BX006 when the hold was lost before.
CREATE OR REPLACE FUNCTION fetch_hold(p_booking uuid, p_grace interval DEFAULT '30 seconds') RETURNS void LANGUAGE sql AS $$
    SELECT wait_for_fetch(p_booking, NULL, p_grace);
$$;

-- end_abandoned_hold ends a hold that was not fetched for so long after its time
-- was up. fetch_by stays, until the workflow was told. It gives the booking's show,
-- null when there was nothing to end.
CREATE OR REPLACE FUNCTION end_abandoned_hold(p_booking uuid, p_after interval) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    b bookings%ROWTYPE;
BEGIN
    SELECT * INTO b FROM bookings WHERE id = p_booking AND status = 'held' FOR UPDATE;
    IF NOT FOUND OR b.fetch_by IS NULL OR b.fetch_by > clock_timestamp() - p_after THEN
        RETURN NULL;
    END IF;
    PERFORM end_booking(p_booking, 'expired', 'The answer was not fetched in time. The seats are free again.');
    UPDATE bookings SET fetch_by = b.fetch_by WHERE id = p_booking;
    RETURN b.show_id;
END $$;
