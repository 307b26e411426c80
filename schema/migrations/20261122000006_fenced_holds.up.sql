-- A hold and a change of its show meet: a hold under way read the show before the
-- change and commits after it. Until now the customer then had seats of a layout
-- that the show no longer has, or of a time that it had left, and whoever looked
-- for bookings to tell did not see this one. From now on one waits for the other:
-- a hold locks the show's key before it stands, and looks whether the terms are
-- still those that it was priced by; a change of time, status, screen or layout
-- locks the whole row, so every hold of before is visible when the update is done.
CREATE OR REPLACE FUNCTION raise_terms_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.starts_at, NEW.status, NEW.sales_open_at, NEW.sales_close_at, NEW.currency,
        NEW.prices, NEW.fee_per_seat, NEW.tax_basis_points, NEW.layout_id)
       IS DISTINCT FROM
       (OLD.starts_at, OLD.status, OLD.sales_open_at, OLD.sales_close_at, OLD.currency,
        OLD.prices, OLD.fee_per_seat, OLD.tax_basis_points, OLD.layout_id) THEN
        NEW.terms_version := OLD.terms_version + 1;
    END IF;
    IF (NEW.starts_at, NEW.status, NEW.screen_id, NEW.layout_id)
       IS DISTINCT FROM (OLD.starts_at, OLD.status, OLD.screen_id, OLD.layout_id) THEN
        PERFORM 1 FROM shows WHERE id = OLD.id FOR UPDATE;
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION hold_seats(
    p_booking uuid, p_customer uuid, p_show uuid, p_terms bigint, p_seats text[],
    p_hold interval, p_max_holds integer, p_quote jsonb, p_total bigint, p_currency text, p_hash text)
RETURNS TABLE (expires_at timestamptz, seconds_left double precision, has_phone boolean, priced jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    show    shows%ROWTYPE;
    expires timestamptz;
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
    IF stands IS NULL THEN
        price := p_quote;
        SELECT * INTO show FROM shows s WHERE s.id = p_show;
        IF NOT FOUND OR show.status <> 'scheduled'
           OR clock_timestamp() NOT BETWEEN show.sales_open_at AND show.sales_close_at THEN
            RAISE EXCEPTION 'show not on sale' USING ERRCODE = 'BX002';
        END IF;
        IF show.terms_version <> p_terms THEN
            RAISE EXCEPTION 'terms changed' USING ERRCODE = 'BX003';
        END IF;
        IF (SELECT count(*) FROM bookings b
            WHERE b.customer_id = p_customer AND b.status = 'held'
              AND b.hold_expires_at > clock_timestamp()) >= p_max_holds THEN
            RAISE EXCEPTION 'too many holds' USING ERRCODE = 'BX004';
        END IF;

        expires := clock_timestamp() + p_hold;
        INSERT INTO seat_claims AS c (show_id, seat, booking_id, state, held_until)
        SELECT p_show, s.seat, p_booking, 'held', expires
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

        -- Whoever changes what the seats mean waits for this lock, or made us wait.
        -- The booking's foreign key would take it anyway.
        PERFORM 1 FROM shows s WHERE s.id = p_show AND s.terms_version = p_terms FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'terms changed' USING ERRCODE = 'BX003';
        END IF;
        INSERT INTO bookings (id, customer_id, show_id, status, seats, quote, total, currency,
                              hold_expires_at, request_hash, version)
        VALUES (p_booking, p_customer, p_show, 'held', p_seats, p_quote, p_total, p_currency,
                expires, p_hash, 1);
        INSERT INTO booking_events (booking_id, seq, event, detail)
        VALUES (p_booking, 1, 'held', array_to_string(p_seats, ', '));
    END IF;

    RETURN QUERY SELECT expires, extract(epoch FROM expires - clock_timestamp())::double precision,
        (SELECT a.phone <> '' FROM accounts a WHERE a.id = p_customer), price;
END $$;
