-- Money that comes after its booking had ended. Errors:
--   BX009 not decided yet: the booking has not ended

-- paid_for tells whether a booking was sold for this payment. For a booking that was sold
-- before this was stored, it is the payment whose money we have, or the latest.
CREATE OR REPLACE FUNCTION paid_for(p_booking uuid, p_provider text, p_reference text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN b.paid_with <> '' THEN b.paid_with = p_provider || '/' || p_reference
        ELSE EXISTS (SELECT FROM (SELECT p.provider, p.reference FROM payments p WHERE p.booking_id = b.id
                ORDER BY p.captured > p.refunded DESC, p.captured > 0 DESC, p.attempt DESC, p.created_at DESC LIMIT 1) paid
            WHERE paid.provider = p_provider AND paid.reference = p_reference) END
    FROM bookings b JOIN tickets k ON k.booking_id = b.id WHERE b.id = p_booking;
$$;

-- capture_unasked tells whether a capture of a payment, if there is one, is one that we did not
-- ask for, and that was not reported yet. We capture after a booking was sold for the payment: a capture
-- is another's when nothing was sold for it, or when our books have it from before the sale.
-- p_known: our books have the payment. Old bookings do not say which payment they were sold for,
-- and without the payment nothing does.
CREATE OR REPLACE FUNCTION capture_unasked(p_booking uuid, p_provider text, p_reference text, p_known boolean)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM reconciliation_findings f
            WHERE f.provider = p_provider AND f.reference = p_reference AND f.kind = 'capture_unasked')
        AND (NOT EXISTS (SELECT FROM tickets k WHERE k.booking_id = b.id)
            OR (p_known OR b.paid_with <> '') AND NOT coalesce(paid_for(b.id, p_provider, p_reference), false)
            OR EXISTS (SELECT FROM ledger l JOIN booking_events v ON v.booking_id = b.id AND v.event = 'confirmed'
                WHERE l.provider = p_provider AND l.reference = p_reference AND l.movement = 'capture' AND l.at < v.at))
    FROM bookings b WHERE b.id = p_booking;
$$;

-- decide_late_payment decides about a payment whose booking's workflow has ended: 'settled'
-- when it is what the booking was sold for, otherwise 'rebook' (if asked for, and the
-- booking ran out) or 'return'. It stores its decision once: confirm_booking refuses a
-- payment that goes back, so a payment never both buys a ticket and goes back. p_rebook
-- false turns 'rebook' into 'return', unless the new booking was sold for it.
CREATE OR REPLACE FUNCTION decide_late_payment(p_provider text, p_reference text, p_booking uuid, p_rebook boolean)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    owner   uuid;
    stands  text;
    decided text;
BEGIN
    PERFORM lock_payment(p_provider, p_reference);
    -- The payment may have moved to the booking that was made for it.
    SELECT booking_id INTO owner FROM payments WHERE provider = p_provider AND reference = p_reference;
    owner := coalesce(owner, p_booking);
    SELECT status INTO stands FROM bookings WHERE id = owner FOR UPDATE;
    IF paid_for(owner, p_provider, p_reference) THEN
        RETURN 'settled';
    END IF;
    SELECT decision INTO decided FROM late_payments WHERE provider = p_provider AND reference = p_reference;
    IF decided = 'return' OR decided = 'rebook' AND p_rebook THEN
        RETURN decided;
    END IF;
    IF stands = 'held' AND decided IS NULL THEN
        RAISE EXCEPTION 'booking % has not ended', owner USING ERRCODE = 'BX009';
    END IF;
    decided := CASE WHEN p_rebook AND stands = 'expired' THEN 'rebook' ELSE 'return' END;
    INSERT INTO late_payments AS l (provider, reference, decision) VALUES (p_provider, p_reference, decided)
    ON CONFLICT (provider, reference) DO UPDATE SET decision = excluded.decision, decided_at = clock_timestamp();
    RETURN decided;
END $$;
