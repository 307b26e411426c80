-- The orders of our bookings at theaters that sell from their own system (houses), beside the
-- seats that they are for. Each function is one transaction and safe to repeat. The seats of
-- seat_claims whose booking_id is the nil UUID are the house's.

-- house_closed tells whether a show is not sold because of its house.
CREATE OR REPLACE FUNCTION house_closed(p_show uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM house_shows s JOIN houses h USING (theater_id)
        WHERE s.show_id = p_show AND (h.paused_at IS NOT NULL OR s.unsellable <> ''));
$$;

-- write_house_order keeps where an order stands. It never goes back from its end.
CREATE OR REPLACE FUNCTION write_house_order(p_booking uuid, p_attempt integer, p_status text, p_reference text,
    p_total bigint DEFAULT 0, p_currency text DEFAULT '', p_number text DEFAULT '', p_codes jsonb DEFAULT '{}',
    p_terms jsonb DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO house_orders AS o (booking_id, theater_id, show_id, attempt, status, reference, total, currency, number, codes, terms)
    SELECT b.id, h.theater_id, b.show_id, p_attempt, p_status, p_reference, p_total, p_currency, p_number, p_codes, p_terms
    FROM bookings b JOIN house_shows h ON h.show_id = b.show_id WHERE b.id = p_booking
    ON CONFLICT (booking_id) DO UPDATE SET
        attempt = excluded.attempt, status = excluded.status, updated_at = clock_timestamp(),
        reference = coalesce(nullif(excluded.reference, ''), o.reference),
        total = CASE WHEN excluded.currency = '' THEN o.total ELSE excluded.total END,
        currency = coalesce(nullif(excluded.currency, ''), o.currency),
        number = coalesce(nullif(excluded.number, ''), o.number),
        codes = CASE WHEN excluded.codes = '{}' THEN o.codes ELSE excluded.codes END,
        terms = coalesce(excluded.terms, o.terms)
    WHERE o.status NOT IN ('cancelled', 'lapsed') OR excluded.status IN ('cancelled', 'lapsed') OR excluded.attempt > o.attempt;
$$;

-- house_held writes down that the house holds the seats, and ends our own hold no later than
-- p_left from now: ours must end first.
CREATE OR REPLACE FUNCTION house_held(p_booking uuid, p_attempt integer, p_reference text, p_total bigint, p_currency text, p_left interval,
    p_terms jsonb)
RETURNS TABLE (expires_at timestamptz, seconds_left double precision) LANGUAGE plpgsql AS $$
DECLARE
    b       bookings%ROWTYPE;
    earlier interval;
BEGIN
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    IF NOT FOUND OR b.status <> 'held' THEN
        RAISE EXCEPTION 'not held' USING ERRCODE = 'BX006';
    END IF;
    earlier := b.hold_expires_at - least(b.hold_expires_at, clock_timestamp() + p_left);
    IF earlier > '0' THEN
        b.hold_expires_at := b.hold_expires_at - earlier;
        UPDATE bookings SET hold_expires_at = b.hold_expires_at WHERE id = p_booking;
        PERFORM 1 FROM seat_claims WHERE booking_id = p_booking ORDER BY seat FOR UPDATE;
        -- A hold whose answer waits to be fetched ends earlier already.
        UPDATE seat_claims SET held_until = held_until - earlier
        WHERE booking_id = p_booking AND state = 'held' AND held_until > b.hold_expires_at;
    END IF;
    PERFORM write_house_order(p_booking, p_attempt, 'held', p_reference, p_total, p_currency, p_terms => p_terms);
    RETURN QUERY SELECT b.hold_expires_at, extract(epoch FROM b.hold_expires_at - clock_timestamp())::double precision;
END $$;

-- house_asked makes a hold last until the house has decided about the sale. One that is lost is
-- refused: the house must not sell what is not ours.
CREATE OR REPLACE FUNCTION house_asked(p_booking uuid, p_attempt integer) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    b bookings%ROWTYPE;
BEGIN
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    IF NOT FOUND OR b.status NOT IN ('held', 'confirmed') THEN
        RAISE EXCEPTION 'hold lost' USING ERRCODE = 'BX006';
    END IF;
    IF b.status = 'held' THEN
        PERFORM 1 FROM shows WHERE id = b.show_id AND status = 'scheduled';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'show not on sale' USING ERRCODE = 'BX002';
        END IF;
        PERFORM keep_claims(p_booking, cardinality(b.seats));
        PERFORM write_house_order(p_booking, p_attempt, 'confirming', '');
    END IF;
    RETURN b.show_id;
END $$;

-- house_left writes down that the house neither holds nor sells the order any more. The seats
-- that were kept back for it are free.
CREATE OR REPLACE FUNCTION house_left(p_booking uuid, p_attempt integer) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    b bookings%ROWTYPE;
BEGIN
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM write_house_order(p_booking, p_attempt,
        CASE WHEN EXISTS (SELECT FROM house_orders WHERE booking_id = p_booking AND status = 'confirmed') THEN 'cancelled' ELSE 'lapsed' END, '');
    IF b.status NOT IN ('held', 'confirmed') THEN
        PERFORM 1 FROM seat_claims WHERE show_id = b.show_id AND seat = ANY (b.seats) ORDER BY seat FOR UPDATE;
        DELETE FROM seat_claims WHERE show_id = b.show_id AND seat = ANY (b.seats)
            AND booking_id = '00000000-0000-0000-0000-000000000000' AND state = 'held';
    END IF;
    RETURN b.show_id;
END $$;

-- end_house_booking is end_booking for seats that the house has a say in: those that it has
-- sold elsewhere become its own, and the others stay off sale for p_keeps, because it may
-- still hold them for us.
CREATE OR REPLACE FUNCTION end_house_booking(p_booking uuid, p_status text, p_detail text, p_sold text[], p_keeps interval)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    b bookings%ROWTYPE;
    of_show uuid;
BEGIN
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    of_show := end_booking(p_booking, p_status, p_detail);
    IF b.status = 'held' THEN
        INSERT INTO seat_claims (show_id, seat, booking_id, state, held_until)
        SELECT b.show_id, s.seat, '00000000-0000-0000-0000-000000000000',
            CASE WHEN s.seat = ANY (p_sold) THEN 'sold' ELSE 'held' END,
            CASE WHEN s.seat = ANY (p_sold) THEN NULL ELSE clock_timestamp() + p_keeps END
        FROM unnest(b.seats) AS s (seat)
        WHERE s.seat = ANY (p_sold) OR p_keeps > '0' AND NOT EXISTS ( -- the house may have let them go already
            SELECT FROM house_orders o WHERE o.booking_id = p_booking AND o.status IN ('cancelled', 'lapsed'))
        ORDER BY s.seat COLLATE "C"
        ON CONFLICT (show_id, seat) DO NOTHING;
    END IF;
    RETURN of_show;
END $$;
