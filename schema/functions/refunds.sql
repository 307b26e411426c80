-- Refunds that staff promise after a booking's workflow has ended. Errors as in
-- inventory.sql:
--   BX007 the booking was never sold

-- owe_refund promises a share of what was paid, in all, rounded down to a multiple of
-- p_unit. It changes nothing when as much was promised before, and it does not undo
-- the sale: the film has begun. It answers with the payment that is to give it back.
CREATE OR REPLACE FUNCTION owe_refund(p_booking uuid, p_percent bigint, p_unit bigint, p_detail text)
RETURNS TABLE (due bigint, provider text, reference text, refunded bigint, promise bigint, of_show uuid)
LANGUAGE plpgsql AS $$
DECLARE
    b    bookings%ROWTYPE;
    paid payments%ROWTYPE;
    owed bigint;
BEGIN
    SELECT * INTO b FROM bookings WHERE id = p_booking FOR UPDATE;
    SELECT p.* INTO paid FROM payments p
    WHERE p.booking_id = p_booking AND paid_for(p_booking, p.provider, p.reference) AND p.captured > 0;
    IF NOT FOUND OR b.status NOT IN ('confirmed', 'cancelled') THEN
        RAISE EXCEPTION 'never sold' USING ERRCODE = 'BX007';
    END IF;
    owed := b.total * p_percent / 100;
    owed := owed - owed % p_unit;
    IF owed > b.refund_due THEN
        UPDATE bookings SET refund_due = owed WHERE id = p_booking;
        PERFORM add_booking_event(p_booking, 'refund_owed', p_detail, owed::text);
    END IF;
    RETURN QUERY SELECT greatest(owed, b.refund_due), paid.provider, paid.reference, paid.refunded,
        (SELECT count(*) FROM booking_events e WHERE e.booking_id = p_booking AND e.event = 'refund_owed'), b.show_id;
END $$;
