-- What customers choose when their show was moved. As in the inventory: each
-- function is one transaction and safe to repeat. More errors of class BX:
--   BX021 no such change of this booking's show
--   BX022 nothing to choose (any more)
--   BX023 chosen already (DETAIL: what)

-- next_shows gives the shows that a customer may go to instead: of the same movie, on sale,
-- with that many seats free; the same theater's first, then the city's, by time.
CREATE OR REPLACE FUNCTION next_shows(p_show uuid, p_seats integer, p_limit integer)
RETURNS TABLE (show_id uuid, place bigint) LANGUAGE sql STABLE AS $$
    SELECT later.id, row_number() OVER ()
    FROM (
        SELECT n.id, l.capacity
        FROM shows s
        JOIN theaters t ON t.id = s.theater_id
        JOIN shows n ON n.movie_id = s.movie_id AND n.id <> s.id AND n.currency = s.currency
        JOIN theaters nt ON nt.id = n.theater_id AND nt.city_id = t.city_id
        JOIN layouts l ON l.id = n.layout_id
        WHERE s.id = p_show AND n.status = 'scheduled' AND n.starts_at > now()
          -- A theater's own system moves no booking, neither away nor in.
          AND NOT EXISTS (SELECT FROM house_shows h WHERE h.show_id IN (n.id, s.id))
          AND now() BETWEEN n.sales_open_at AND n.sales_close_at
        ORDER BY n.theater_id <> s.theater_id, n.starts_at, n.id
        -- Seats are counted in this order and only until enough shows are found.
        OFFSET 0) later
    WHERE later.capacity - (
        SELECT count(*) FROM seat_claims c
        WHERE c.show_id = later.id AND (c.state = 'sold' OR c.held_until >= now())) >= p_seats
    LIMIT p_limit;
$$;

-- take_seats sells seats that are free, or whose hold ran out: all or none.
CREATE OR REPLACE FUNCTION take_seats(p_booking uuid, p_show uuid, p_seats text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    taken   jsonb;
    claimed integer;
BEGIN
    INSERT INTO seat_claims AS c (show_id, seat, booking_id, state)
    SELECT p_show, s.seat, p_booking, 'sold' FROM unnest(p_seats) AS s (seat) ORDER BY s.seat COLLATE "C"
    ON CONFLICT (show_id, seat) DO UPDATE
        SET booking_id = excluded.booking_id, state = 'sold', held_until = NULL
        WHERE c.state = 'held' AND c.held_until < clock_timestamp();
    GET DIAGNOSTICS claimed = ROW_COUNT;
    IF claimed < cardinality(p_seats) THEN
        SELECT jsonb_agg(c.seat ORDER BY c.seat) INTO taken FROM seat_claims c
        WHERE c.show_id = p_show AND c.seat = ANY (p_seats) AND c.booking_id <> p_booking;
        RAISE EXCEPTION 'seats unavailable' USING ERRCODE = 'BX001', DETAIL = coalesce(taken, '[]')::text;
    END IF;
END $$;

-- choose_change stores a customer's choice, once, before the deadline by this clock. A move
-- happens in the same transaction: the new seats are sold, the old ones free, and the
-- ticket is new. It returns the show that the booking left.
DROP FUNCTION IF EXISTS choose_change(uuid, uuid, text, text, uuid, bigint, text[], jsonb, bigint, text);
CREATE OR REPLACE FUNCTION choose_change(
    p_booking uuid, p_change uuid, p_choice text, p_detail text,
    -- of a move, null otherwise: where to, at which terms and price, what of the
    -- money goes back in all, and the new ticket
    p_show uuid, p_terms bigint, p_seats text[], p_quote jsonb, p_refund_due bigint, p_serial text,
    -- as in hold_seats
    p_not_before timestamptz DEFAULT NULL)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    told   show_change_bookings%ROWTYPE;
    change show_changes%ROWTYPE;
    b      bookings%ROWTYPE;
    target shows%ROWTYPE;
BEGIN
    -- The row first, then the booking: the default is applied in the same order.
    SELECT * INTO told FROM show_change_bookings WHERE change_id = p_change AND booking_id = p_booking FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such change' USING ERRCODE = 'BX021';
    END IF;
    SELECT * INTO change FROM show_changes WHERE id = p_change;
    IF p_choice = 'move' AND EXISTS (SELECT FROM house_shows h WHERE h.show_id IN (p_show, change.show_id)) THEN
        RAISE EXCEPTION 'the seats are not ours to move' USING ERRCODE = 'BX002';
    END IF;
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    -- A later change of the show that is being made: either it waits and finds the booking
    -- in its new show, or its customer is notified and chooses again.
    PERFORM 1 FROM shows WHERE id = change.show_id FOR KEY SHARE;
    IF told.choice = p_choice AND (p_choice <> 'move' OR b.show_id = p_show AND b.seats <@ p_seats AND p_seats <@ b.seats) THEN
        RETURN NULL;
    END IF;
    IF told.choice <> '' THEN
        RAISE EXCEPTION 'chosen already' USING ERRCODE = 'BX023', DETAIL = told.choice;
    END IF;
    IF change.kind <> 'rescheduled' OR b.status <> 'confirmed' OR b.show_id <> change.show_id
       OR clock_timestamp() > change.decide_by OR change_is_superseded(change.id) THEN
        RAISE EXCEPTION 'nothing to choose' USING ERRCODE = 'BX022';
    END IF;
    IF p_choice <> 'keep' THEN
        PERFORM 1 FROM tickets WHERE booking_id = p_booking AND scanned_at IS NULL AND voided_at IS NULL FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'ticket was scanned' USING ERRCODE = 'BX007';
        END IF;
    END IF;

    IF p_choice = 'move' THEN
        SELECT * INTO target FROM shows WHERE id = p_show FOR SHARE;
        IF NOT FOUND OR target.status <> 'scheduled'
           OR clock_timestamp() NOT BETWEEN target.sales_open_at AND target.sales_close_at THEN
            RAISE EXCEPTION 'show not on sale' USING ERRCODE = 'BX002';
        END IF;
        IF target.terms_version <> p_terms THEN
            RAISE EXCEPTION 'terms changed' USING ERRCODE = 'BX003';
        END IF;
        IF clock_timestamp() < p_not_before THEN
            RAISE EXCEPTION 'not to be sold together yet' USING ERRCODE = 'BX031';
        END IF;
        PERFORM take_seats(p_booking, p_show, p_seats);
        PERFORM 1 FROM seat_claims WHERE booking_id = p_booking AND show_id = b.show_id ORDER BY seat FOR UPDATE;
        DELETE FROM seat_claims WHERE booking_id = p_booking AND show_id = b.show_id;
        -- total stays what was paid; refund_due says how much of it goes back.
        UPDATE bookings SET show_id = p_show, seats = p_seats, quote = p_quote, refund_due = p_refund_due
        WHERE id = p_booking;
        -- What its card may buy is counted for the show that it is for.
        UPDATE hold_records SET show_id = p_show, seats = cardinality(p_seats) WHERE booking_id = p_booking;
        -- A copy of the old ticket must not pass for the new one.
        UPDATE tickets SET serial = p_serial, issued_at = clock_timestamp() WHERE booking_id = p_booking;
    END IF;

    UPDATE show_change_bookings SET choice = p_choice, chosen_by = 'customer', chosen_at = clock_timestamp(),
        -- unless money is still to go back
        settled_at = CASE WHEN p_choice = 'keep' OR p_choice = 'move' AND p_refund_due = b.refund_due
            THEN clock_timestamp() END
    WHERE change_id = p_change AND booking_id = p_booking;
    PERFORM add_booking_event(p_booking, CASE p_choice WHEN 'move' THEN 'moved' ELSE 'chosen' END,
        p_detail, p_change::text);
    RETURN b.show_id;
END $$;
