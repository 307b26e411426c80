-- Limits against hoarding: seats that are held and not paid. docs/hoarding.md has the rules
-- in words. The numbers come with each call, as JSON (booking.HoldRules). Errors:
--   BX051 the hold is refused (DETAIL: JSON, booking.HoldRefusal)
--   BX052 the hold may last no longer
--   BX053 the card has bought as many seats of the show as it may
-- A hold counts for its account, for the device and, until the customer has bought a ticket,
-- for the networks that the request came from. Locks are taken in that order, all before the
-- first seat: so holds that have one of them in common follow each other, and no two wait for
-- each other.

-- bought_before tells whether a customer has a ticket that was paid.
CREATE OR REPLACE FUNCTION bought_before(p_customer uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM bookings b WHERE b.customer_id = p_customer AND b.status = 'confirmed');
END $$;

-- hold_standing counts what a key did lately. A strike is a hold that ended unpaid since the
-- last one that was paid, or p_small small ones: holds let go at once, or declined payments.
-- A sale does not forgive declines: a program that tries stolen cards finds one that works.
CREATE OR REPLACE FUNCTION hold_standing(p_key bytea, p_memory interval, p_small integer)
RETURNS TABLE (strikes bigint, last_end timestamptz, kept interval) LANGUAGE sql VOLATILE AS $$
    WITH recent AS (
        SELECT r.* FROM hold_records r WHERE r.key = p_key AND r.began_at > clock_timestamp() - p_memory
        ORDER BY r.began_at DESC LIMIT 500),
    paid AS (SELECT coalesce(max(r.ended_at), '-infinity') AS at FROM recent r WHERE r.outcome = 'paid')
    SELECT count(*) FILTER (WHERE r.outcome = 'unpaid' AND r.ended_at > paid.at)
            + count(*) FILTER (WHERE r.outcome = 'let_go' AND r.ended_at > paid.at) / p_small
            + coalesce(sum(r.declines), 0) / p_small,
        max(r.ended_at) FILTER (WHERE r.outcome IN ('unpaid', 'let_go')),
        (array_agg(r.ended_at - r.began_at ORDER BY r.ended_at DESC) FILTER (WHERE r.outcome = 'unpaid' AND r.ended_at > paid.at))[1]
    FROM recent r, paid
$$;

-- open_holds counts the holds of a key that still wait for their payment. A hold that was not
-- fetched in time does not count, because its seats are free to others.
CREATE OR REPLACE FUNCTION open_holds(p_key bytea, p_show uuid)
RETURNS TABLE (holds bigint, seats bigint, here bigint) LANGUAGE sql VOLATILE AS $$
    SELECT count(*), coalesce(sum(r.seats), 0), coalesce(sum(r.seats) FILTER (WHERE r.show_id = p_show), 0)
    FROM hold_records r JOIN bookings b ON b.id = r.booking_id
    WHERE r.key = p_key AND r.outcome = 'held' AND b.status = 'held'
      AND least(b.hold_expires_at, b.fetch_by) > clock_timestamp()
$$;

CREATE OR REPLACE FUNCTION refuse_hold(p_reason text, p_seats bigint, p_wait interval DEFAULT '0') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'hoarding: %', p_reason USING ERRCODE = 'BX051', DETAIL = jsonb_build_object(
        'reason', p_reason, 'seats', greatest(p_seats, 0), 'seconds', ceil(extract(epoch FROM p_wait)));
END $$;

-- refuse_hoarding raises BX051 when a customer may not hold so many seats more. Without the
-- locks of hold_seats_within the answer is only good for the moment.
CREATE OR REPLACE FUNCTION refuse_hoarding(p_customer uuid, p_show uuid, p_seats integer, p_rules jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known    boolean := bought_before(p_customer);
    proved   boolean := known OR account_is_verified(p_customer);
    memory   interval := make_interval(secs => (p_rules ->> 'memory')::integer);
    holder   record;
    standing record;
    open     record;
    step     jsonb;
    beyond   bigint;
    most     bigint;
    wait     interval;
BEGIN
    FOR holder IN SELECT k.kind, k.key FROM (VALUES (1, 'account', uuid_send(p_customer)),
            (2, 'device', decode(p_rules ->> 'device', 'hex'))) AS k (n, kind, key) WHERE k.key <> '' ORDER BY k.n LOOP
        SELECT * INTO standing FROM hold_standing(holder.key, memory, (p_rules ->> 'small')::integer);
        beyond := greatest(0, standing.strikes - (p_rules ->> 'free')::integer);
        step := p_rules -> 'steps' -> least(beyond, jsonb_array_length(p_rules -> 'steps') - 1)::integer;
        IF beyond > 0 THEN
            -- Never shorter than the seats were kept: else more time to pay would be a way around.
            wait := standing.last_end - clock_timestamp()
                + greatest(make_interval(secs => (step ->> 'wait')::integer), standing.kept);
            IF wait > '0' AND (step ->> 'wait')::integer > 0 THEN
                PERFORM refuse_hold('unpaid', 0, wait);
            END IF;
        END IF;
        SELECT * INTO open FROM open_holds(holder.key, p_show);
        IF holder.kind = 'account' AND NOT proved THEN
            most := (step ->> 'unproved')::bigint;
            IF open.holds >= (p_rules ->> 'holds')::integer THEN
                PERFORM refuse_hold('holds', (p_rules ->> 'holds')::bigint);
            END IF;
            IF open.seats + p_seats > most THEN
                PERFORM refuse_hold('confirm_email', most);
            END IF;
        END IF;
        most := (step ->> 'seats')::bigint;
        IF open.seats + p_seats > most THEN
            PERFORM refuse_hold('seats', most);
        END IF;
        IF open.here + p_seats > (p_rules ->> 'of_show')::bigint THEN
            PERFORM refuse_hold('show', (p_rules ->> 'of_show')::bigint);
        END IF;
    END LOOP;
    IF NOT known THEN
        PERFORM refuse_network(p_show, p_seats, memory, p_rules);
    END IF;
END $$;

-- refuse_network bounds the seats that customers who have bought nothing yet hold from one
-- network. Holds that end unpaid there make it less, seat by seat; those that are paid give
-- twice as many back: so a network of customers keeps its room, and one of programs loses it.
CREATE OR REPLACE FUNCTION refuse_network(p_show uuid, p_seats integer, p_memory interval, p_rules jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    network record;
    lost    bigint;
    most    bigint;
    open    record;
BEGIN
    FOR network IN SELECT decode(n.value ->> 'key', 'hex') AS key, (n.value ->> 'share')::bigint AS share
            FROM jsonb_array_elements(p_rules -> 'networks') WITH ORDINALITY AS n ORDER BY n.ordinality LOOP
        SELECT greatest(0, coalesce(sum(CASE r.outcome WHEN 'unpaid' THEN r.seats WHEN 'paid' THEN -2 * r.seats ELSE 0 END), 0))
        INTO lost FROM (SELECT h.outcome, h.seats FROM hold_records h
            WHERE h.key = network.key AND h.began_at > clock_timestamp() - p_memory
            ORDER BY h.began_at DESC LIMIT 2000) r;
        most := greatest(network.share * (p_rules ->> 'network_least')::bigint, network.share * (p_rules ->> 'network')::bigint - lost);
        SELECT * INTO open FROM open_holds(network.key, p_show);
        IF open.seats + p_seats > most THEN
            PERFORM refuse_hold('network', most, '2 minutes');
        END IF;
    END LOOP;
END $$;

-- hold_seats_within is hold_seats under the limits of p_rules, in the same transaction: so
-- requests at once cannot exceed them. A repeat for the same booking is never refused.
CREATE OR REPLACE FUNCTION hold_seats_within(
    p_rules jsonb, p_booking uuid, p_customer uuid, p_show uuid, p_terms bigint, p_seats text[],
    p_hold interval, p_max_holds integer, p_quote jsonb, p_total bigint, p_currency text, p_hash text,
    p_grace interval, p_refunds jsonb, p_not_before timestamptz, p_fetch_within interval, p_too_late boolean)
RETURNS TABLE (expires_at timestamptz, seconds_left double precision, has_phone boolean, priced jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    fresh   boolean := false;
    known   boolean;
    network text;
BEGIN
    IF NOT p_too_late THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(p_customer::text, 7));
        fresh := NOT EXISTS (SELECT FROM bookings b WHERE b.id = p_booking);
    END IF;
    IF fresh THEN
        IF p_rules ->> 'device' <> '' THEN
            PERFORM pg_advisory_xact_lock(hashtextextended(p_rules ->> 'device', 8));
        END IF;
        known := bought_before(p_customer);
        IF NOT known THEN
            -- Smaller networks first, in every hold.
            FOR network IN SELECT n.value ->> 'key' FROM jsonb_array_elements(p_rules -> 'networks') WITH ORDINALITY AS n
                    ORDER BY n.ordinality LOOP
                PERFORM pg_advisory_xact_lock(hashtextextended(network, 9));
            END LOOP;
        END IF;
        PERFORM refuse_hoarding(p_customer, p_show, cardinality(p_seats), p_rules);
    END IF;
    RETURN QUERY SELECT * FROM hold_seats(p_booking, p_customer, p_show, p_terms, p_seats, p_hold, p_max_holds, p_quote,
        p_total, p_currency, p_hash, p_grace, p_refunds, p_not_before, p_fetch_within, p_too_late);
    IF fresh THEN
        INSERT INTO hold_records (booking_id, kind, key, show_id, seats)
        SELECT p_booking, k.kind, k.key, p_show, cardinality(p_seats) FROM (
            SELECT 'account' AS kind, uuid_send(p_customer) AS key
            UNION ALL SELECT 'device', decode(p_rules ->> 'device', 'hex') WHERE p_rules ->> 'device' <> ''
            UNION ALL SELECT 'network', decode(n ->> 'key', 'hex') FROM jsonb_array_elements(p_rules -> 'networks') n WHERE NOT known) k;
    END IF;
END $$;

-- close_hold notes how a hold ended. It runs before the booking's row is changed.
CREATE OR REPLACE FUNCTION close_hold(p_booking uuid, p_status text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE hold_records r SET ended_at = clock_timestamp(), outcome = CASE
        WHEN p_status = 'confirmed' THEN 'paid'
        -- The theater ended it, the money came too late, the provider was away, or we were.
        WHEN s.status <> 'scheduled' OR EXISTS (SELECT FROM ledger l WHERE l.booking_id = b.id) THEN 'ours'
        WHEN p_status = 'payment_failed' AND NOT EXISTS (SELECT FROM payments p WHERE p.booking_id = b.id) THEN 'ours'
        WHEN p_status = 'expired' AND clock_timestamp() < least(b.hold_expires_at, b.fetch_by) THEN 'ours'
        WHEN p_status = 'cancelled' AND clock_timestamp() < r.began_at + interval '1 minute' THEN 'let_go'
        ELSE 'unpaid' END
    FROM bookings b JOIN shows s ON s.id = b.show_id
    WHERE r.booking_id = p_booking AND b.id = p_booking AND r.outcome = 'held';
END $$;

-- sell_to_card is confirm_booking for a card that may have only so many seats of a show.
CREATE OR REPLACE FUNCTION sell_to_card(
    p_booking uuid, p_serial text, p_provider text, p_reference text, p_card bytea, p_most integer)
RETURNS TABLE (serial text, issued_at timestamptz, of_show uuid) LANGUAGE plpgsql AS $$
DECLARE
    b bookings%ROWTYPE;
BEGIN
    -- Payment before booking, as everywhere: the record of the card locks the booking.
    IF p_reference <> '' THEN
        PERFORM lock_payment(p_provider, p_reference);
    END IF;
    SELECT * INTO b FROM bookings WHERE id = p_booking;
    IF b.status = 'held' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(encode(p_card, 'hex') || b.show_id, 10));
        IF cardinality(b.seats) + (SELECT coalesce(sum(r.seats), 0) FROM hold_records r JOIN bookings o ON o.id = r.booking_id
                WHERE r.key = p_card AND r.show_id = b.show_id AND o.status = 'confirmed' AND o.id <> p_booking) > p_most THEN
            RAISE EXCEPTION 'too many seats for one card' USING ERRCODE = 'BX053';
        END IF;
        INSERT INTO hold_records (booking_id, kind, key, show_id, seats, ended_at, outcome)
        VALUES (p_booking, 'card', p_card, b.show_id, cardinality(b.seats), clock_timestamp(), 'paid')
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN QUERY SELECT c.serial, c.issued_at, c.of_show FROM confirm_booking(p_booking, p_serial, p_provider, p_reference) c;
END $$;
