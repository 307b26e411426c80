-- The seat inventory's statements, as functions: each is one transaction and one
-- round trip, and each is safe to repeat. Errors carry a SQLSTATE of class BX:
--   BX001 seats unavailable (DETAIL: JSON array of the taken seats)
--   BX002 show not on sale     BX003 terms changed, price again
--   BX004 too many holds       BX005 the status does not allow it
--   BX006 the hold is lost     BX007 not cancellable
--   BX008 the caller of this hold no longer waits
--   BX061 the theater's own system does not sell at present
--   BX031 not to be sold together yet
--   BX051, BX052, BX053 limits against hoarding (hoarding.sql)
-- A function that touches several claims takes them in seat order, so that two of
-- them do not wait for each other. Each answers with the booking's show, whose
-- watchers must be told: a statement around the function would read it from a
-- snapshot older than what the function saw.

-- hold_seats claims the seats and stores the booking: all or none. A hold and a
-- change of its show wait for each other: the hold locks the show's key and looks
-- whether the terms are still those that it was priced by; a change of time,
-- status, screen or layout locks the whole row (raise_terms_version).
--
-- The customer's time ends at hold_expires_at. The claims stay p_grace longer: in
-- that time the booking's workflow asks the provider whether the customer has paid,
-- and ends the hold. Rivals get the seats when it has, or after the grace.
--
-- With p_fetch_within the claims last only that long at first, until a client fetches the
-- answer (abandoned.sql). With p_too_late only an existing hold is answered.
DROP FUNCTION IF EXISTS hold_seats(uuid, uuid, uuid, bigint, text[], interval, integer, jsonb, bigint, text, text);
DROP FUNCTION IF EXISTS hold_seats(uuid, uuid, uuid, bigint, text[], interval, integer, jsonb, bigint, text, text, interval);
DROP FUNCTION IF EXISTS hold_seats(uuid, uuid, uuid, bigint, text[], interval, integer, jsonb, bigint, text, text, interval, jsonb, timestamptz);
CREATE OR REPLACE FUNCTION hold_seats(
    p_booking uuid, p_customer uuid, p_show uuid, p_terms bigint, p_seats text[],
    p_hold interval, p_max_holds integer, p_quote jsonb, p_total bigint, p_currency text, p_hash text,
    p_grace interval DEFAULT '30 seconds',
    -- the terms of cancellation to keep with the booking
    p_refunds jsonb DEFAULT NULL,
    -- before this time these seats may not be sold together; null when they may
    p_not_before timestamptz DEFAULT NULL,
    -- how long the hold waits for its answer to be fetched; null is to its end
    p_fetch_within interval DEFAULT NULL,
    -- the caller of a new hold no longer waits
    p_too_late boolean DEFAULT false)
RETURNS TABLE (expires_at timestamptz, seconds_left double precision, has_phone boolean, priced jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    show    shows%ROWTYPE;
    expires timestamptz;
    wait_by timestamptz;
    -- A repeat answers with the price the seats were held at, not today's.
    price   jsonb;
    stands  text;
    taken   jsonb;
    claimed integer;
BEGIN
    -- One customer's holds follow each other, or two at once would each see room
    -- under the cap.
    PERFORM pg_advisory_xact_lock(hashtextextended(p_customer::text, 7));

    SELECT b.hold_expires_at, b.quote, b.status INTO expires, price, stands FROM bookings b WHERE b.id = p_booking;
    IF stands NOT IN ('held', 'confirmed') THEN
        -- Its seats were freed already; a repeat must not promise them.
        RAISE EXCEPTION 'booking is %', stands USING ERRCODE = 'BX006';
    END IF;
    IF stands = 'held' THEN
        -- The workflow asks again when its first answer was lost: only now can the
        -- customer's answer be on its way.
        PERFORM wait_for_fetch(p_booking, p_fetch_within, p_grace);
    END IF;
    IF stands IS NULL THEN
        IF p_too_late THEN
            RAISE EXCEPTION 'nobody waits' USING ERRCODE = 'BX008';
        END IF;
        price := p_quote;
        SELECT * INTO show FROM shows s WHERE s.id = p_show;
        IF NOT FOUND OR show.status <> 'scheduled'
           OR clock_timestamp() NOT BETWEEN show.sales_open_at AND show.sales_close_at THEN
            RAISE EXCEPTION 'show not on sale' USING ERRCODE = 'BX002';
        END IF;
        IF house_closed(p_show) THEN
            RAISE EXCEPTION 'the sale of the theater is paused' USING ERRCODE = 'BX061';
        END IF;
        IF show.terms_version <> p_terms THEN
            RAISE EXCEPTION 'terms changed' USING ERRCODE = 'BX003';
        END IF;
        IF clock_timestamp() < p_not_before THEN
            RAISE EXCEPTION 'not to be sold together yet' USING ERRCODE = 'BX031';
        END IF;
        IF (SELECT count(*) FROM bookings b
            WHERE b.customer_id = p_customer AND b.status = 'held'
              AND least(b.hold_expires_at, b.fetch_by) > clock_timestamp()) >= p_max_holds THEN
            RAISE EXCEPTION 'too many holds' USING ERRCODE = 'BX004';
        END IF;

        expires := clock_timestamp() + p_hold;
        IF p_fetch_within < p_hold THEN
            wait_by := clock_timestamp() + p_fetch_within;
        END IF;
        INSERT INTO seat_claims AS c (show_id, seat, booking_id, state, held_until)
        SELECT p_show, s.seat, p_booking, 'held', coalesce(wait_by, expires + p_grace)
        FROM unnest(p_seats) AS s (seat) ORDER BY s.seat COLLATE "C"
        ON CONFLICT (show_id, seat) DO UPDATE
            SET booking_id = excluded.booking_id, held_until = excluded.held_until
            WHERE c.state = 'held' AND c.held_until < clock_timestamp();
        GET DIAGNOSTICS claimed = ROW_COUNT;
        IF claimed < cardinality(p_seats) THEN
            SELECT jsonb_agg(c.seat ORDER BY c.seat) INTO taken FROM seat_claims c
            WHERE c.show_id = p_show AND c.seat = ANY (p_seats) AND c.booking_id <> p_booking;
            RAISE EXCEPTION 'seats unavailable' USING ERRCODE = 'BX001', DETAIL = coalesce(taken, '[]')::text;
        END IF;

        -- A change of what the seats mean waits for this lock, or made us wait.
        -- The booking's foreign key would take it anyway.
        PERFORM 1 FROM shows s WHERE s.id = p_show AND s.terms_version = p_terms FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'terms changed' USING ERRCODE = 'BX003';
        END IF;
        INSERT INTO bookings (id, customer_id, show_id, status, seats, quote, total, currency,
                              hold_expires_at, fetch_by, request_hash, version, refunds)
        VALUES (p_booking, p_customer, p_show, 'held', p_seats, p_quote, p_total, p_currency,
                expires, wait_by, p_hash, 1, p_refunds);
        INSERT INTO booking_events (booking_id, seq, event, detail)
        VALUES (p_booking, 1, 'held', array_to_string(p_seats, ', '));
    END IF;

    RETURN QUERY SELECT expires, extract(epoch FROM expires - clock_timestamp())::double precision,
        phone_of(p_customer) <> '', price;
END $$;

-- extend_hold moves the end of a hold. A caller that knows when it ends says so: a
-- repeat then finds it moved already, and moves it no further. With p_from_now the
-- new end is p_by from now instead of p_by after the old end: not after the start of the
-- show, not later than p_at_most after the seats were held, and not before the old end. Before
-- the customer has proved an address or bought a ticket, p_unproved counts in place of
-- p_at_most. Zero and null are no limit.
DROP FUNCTION IF EXISTS extend_hold(uuid, timestamptz, interval);
DROP FUNCTION IF EXISTS extend_hold(uuid, timestamptz, interval, boolean);
CREATE OR REPLACE FUNCTION extend_hold(p_booking uuid, p_known timestamptz, p_by interval, p_from_now boolean DEFAULT false,
    p_at_most interval DEFAULT NULL, p_unproved interval DEFAULT NULL)
RETURNS TABLE (expires_at timestamptz, seconds_left double precision, has_phone boolean, priced jsonb, of_show uuid)
LANGUAGE plpgsql AS $$
DECLARE
    b       bookings%ROWTYPE;
    longer  interval := '0';
    claimed integer;
    latest  timestamptz;
BEGIN
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    IF NOT FOUND OR b.status <> 'held' THEN
        RAISE EXCEPTION 'not held' USING ERRCODE = 'BX005';
    END IF;
    IF b.hold_expires_at = coalesce(p_known, b.hold_expires_at) THEN
        IF p_from_now THEN
            latest := b.created_at + nullif(p_at_most, '0');
            IF p_unproved > '0' AND NOT bought_before(b.customer_id) AND NOT account_is_verified(b.customer_id) THEN
                latest := least(latest, b.created_at + p_unproved);
            END IF;
            IF latest <= greatest(b.hold_expires_at, clock_timestamp()) THEN
                RAISE EXCEPTION 'held for long enough' USING ERRCODE = 'BX052';
            END IF;
            SELECT greatest(least(clock_timestamp() + p_by, s.starts_at, latest) - b.hold_expires_at, '0') INTO longer
            FROM shows s WHERE s.id = b.show_id;
        ELSE
            longer := greatest(b.hold_expires_at, clock_timestamp()) + p_by - b.hold_expires_at;
        END IF;
        b.hold_expires_at := b.hold_expires_at + longer;
    END IF;
    PERFORM fetch_hold(p_booking);
    PERFORM 1 FROM seat_claims WHERE booking_id = p_booking ORDER BY seat FOR UPDATE;
    -- The grace stays as long as it was, and a hold that keep_hold made endless stays so.
    UPDATE seat_claims SET held_until = held_until + longer
    WHERE booking_id = p_booking AND state = 'held';
    GET DIAGNOSTICS claimed = ROW_COUNT;
    IF claimed < cardinality(b.seats) THEN
        RAISE EXCEPTION 'hold lost' USING ERRCODE = 'BX006';
    END IF;
    UPDATE bookings SET hold_expires_at = b.hold_expires_at WHERE id = p_booking;
    PERFORM add_booking_event(p_booking, 'hold_extended', '', b.hold_expires_at::text);
    RETURN QUERY SELECT b.hold_expires_at,
        extract(epoch FROM b.hold_expires_at - clock_timestamp())::double precision,
        phone_of(b.customer_id) <> '', b.quote, b.show_id;
END $$;

-- keep_claims makes the claims of a hold of p_seats seats last without an end; the booking is
-- locked by the caller. A hold that was overtaken, even in part, is lost: its other seats must
-- not become half a hold again.
CREATE OR REPLACE FUNCTION keep_claims(p_booking uuid, p_seats integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    claimed integer;
BEGIN
    PERFORM 1 FROM seat_claims WHERE booking_id = p_booking ORDER BY seat FOR UPDATE;
    UPDATE seat_claims SET held_until = 'infinity' WHERE booking_id = p_booking AND state = 'held';
    GET DIAGNOSTICS claimed = ROW_COUNT;
    IF claimed < p_seats THEN
        RAISE EXCEPTION 'hold lost' USING ERRCODE = 'BX006';
    END IF;
    UPDATE bookings SET fetch_by = NULL WHERE id = p_booking AND fetch_by IS NOT NULL;
END $$;

-- keep_hold makes a hold last until its payment's outcome is known.
CREATE OR REPLACE FUNCTION keep_hold(p_booking uuid) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    b bookings%ROWTYPE;
BEGIN
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    IF NOT FOUND OR b.status <> 'held' THEN
        RAISE EXCEPTION 'not held' USING ERRCODE = 'BX005';
    END IF;
    PERFORM keep_claims(p_booking, cardinality(b.seats));
    PERFORM add_booking_event(p_booking, 'payment_in_doubt',
        'The payment provider has not answered yet. The seats stay reserved.', '');
    RETURN b.show_id;
END $$;

-- confirm_booking sells the seats if they are still this booking's: the fence
-- against a hold that expired and was overtaken while the money was on its way. A
-- payment that was decided to go back buys nothing (decide_late_payment).
DROP FUNCTION IF EXISTS confirm_booking(uuid, text);
CREATE OR REPLACE FUNCTION confirm_booking(p_booking uuid, p_serial text, p_provider text DEFAULT '', p_reference text DEFAULT '')
RETURNS TABLE (serial text, issued_at timestamptz, of_show uuid)
LANGUAGE plpgsql AS $$
DECLARE
    b       bookings%ROWTYPE;
    claimed integer;
BEGIN
    PERFORM lock_payment(p_provider, p_reference) WHERE p_reference <> '';
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    IF NOT FOUND OR b.status NOT IN ('held', 'confirmed') THEN
        RAISE EXCEPTION 'hold lost' USING ERRCODE = 'BX006';
    END IF;
    IF b.status = 'held' THEN
        PERFORM 1 FROM late_payments l
        WHERE l.provider = p_provider AND l.reference = p_reference AND l.decision = 'return';
        IF FOUND THEN
            RAISE EXCEPTION 'the payment goes back' USING ERRCODE = 'BX006';
        END IF;
        -- The lock makes a cancellation of the show wait, and then find this booking.
        PERFORM 1 FROM shows WHERE id = b.show_id AND status = 'scheduled' FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'show not on sale' USING ERRCODE = 'BX002';
        END IF;
        PERFORM 1 FROM seat_claims c WHERE c.booking_id = p_booking ORDER BY c.seat FOR UPDATE;
        UPDATE seat_claims c SET state = 'sold', held_until = NULL
        WHERE c.show_id = b.show_id AND c.seat = ANY (b.seats)
          AND c.booking_id = p_booking AND c.state = 'held';
        GET DIAGNOSTICS claimed = ROW_COUNT;
        IF claimed < cardinality(b.seats) THEN
            RAISE EXCEPTION 'hold lost' USING ERRCODE = 'BX006';
        END IF;
        PERFORM close_hold(p_booking, 'confirmed');
        UPDATE bookings SET status = 'confirmed', fetch_by = NULL,
            paid_with = CASE WHEN p_reference = '' THEN '' ELSE p_provider || '/' || p_reference END
        WHERE id = p_booking;
        INSERT INTO tickets (booking_id, serial) VALUES (p_booking, p_serial);
        PERFORM add_booking_event(p_booking, 'confirmed', 'Ticket ' || p_serial, '');
    END IF;
    RETURN QUERY SELECT t.serial, t.issued_at, b.show_id FROM tickets t WHERE t.booking_id = p_booking;
END $$;

-- end_booking ends a booking that was not confirmed and frees its seats.
CREATE OR REPLACE FUNCTION end_booking(p_booking uuid, p_status text, p_detail text)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    b bookings%ROWTYPE;
BEGIN
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    -- The hold may never have happened: then there is nothing to undo.
    IF NOT FOUND OR b.status = p_status THEN
        RETURN b.show_id;
    END IF;
    IF b.status <> 'held' THEN
        RAISE EXCEPTION 'booking is %', b.status USING ERRCODE = 'BX005';
    END IF;
    PERFORM 1 FROM seat_claims WHERE booking_id = p_booking ORDER BY seat FOR UPDATE;
    DELETE FROM seat_claims WHERE booking_id = p_booking AND state = 'held';
    PERFORM close_hold(p_booking, p_status);
    UPDATE bookings SET status = p_status, fetch_by = NULL WHERE id = p_booking;
    PERFORM add_booking_event(p_booking, p_status, p_detail, '');
    RETURN b.show_id;
END $$;

-- cancel_booking undoes a confirmation: seats free, ticket void, refund owed, at
-- once. The ticket is void before the money goes back, so that it cannot be
-- scanned in between. The refund is p_refund, or the full price when the theater owes it
-- (all_comes_back).
CREATE OR REPLACE FUNCTION cancel_booking(p_booking uuid, p_refund bigint, p_detail text, p_even_scanned boolean)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    b bookings%ROWTYPE;
BEGIN
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    IF FOUND AND b.status = 'cancelled' THEN
        RETURN b.show_id;
    END IF;
    IF NOT FOUND OR b.status <> 'confirmed' THEN
        RAISE EXCEPTION 'not confirmed' USING ERRCODE = 'BX007';
    END IF;
    UPDATE tickets SET voided_at = clock_timestamp()
    WHERE booking_id = p_booking AND (scanned_at IS NULL OR p_even_scanned);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'ticket was scanned' USING ERRCODE = 'BX007';
    END IF;
    PERFORM 1 FROM seat_claims WHERE booking_id = p_booking ORDER BY seat FOR UPDATE;
    DELETE FROM seat_claims WHERE booking_id = p_booking;
    -- A ticket that comes back forgives nothing.
    UPDATE hold_records SET outcome = 'returned' WHERE booking_id = p_booking AND outcome = 'paid';
    UPDATE bookings SET status = 'cancelled',
        refund_due = CASE WHEN all_comes_back(p_booking) THEN b.total ELSE p_refund END
    WHERE id = p_booking;
    PERFORM add_booking_event(p_booking, 'cancelled', p_detail, '');
    RETURN b.show_id;
END $$;
