-- What our books do with a provider's answer, as functions: each is one
-- transaction and one round trip, and each is safe to repeat. Errors:
--   BX008 no such booking or payment
-- Locks are taken in one order, payment before booking, and a payment's lock is
-- advisory because the first record of a payment has no row to lock yet.

CREATE OR REPLACE FUNCTION lock_payment(p_provider text, p_reference text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(p_provider || '/' || p_reference, 8));
$$;

-- payment_rank is how far a payment has come. Open and failed are equally far: a declined
-- card may be tried again on the same payment.
CREATE OR REPLACE FUNCTION payment_rank(p_status text, p_authorized boolean) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_status
        WHEN 'in_doubt' THEN CASE WHEN p_authorized THEN 2 ELSE 1 END
        WHEN 'authorized' THEN 2
        WHEN 'captured' THEN 3
        WHEN 'refunded' THEN 4
        ELSE 1
    END;
$$;

-- next_payment_status: voided is reached from anything that has taken no money, and only money that
-- was taken leaves it: where a provider cannot void, a capture that was under way may win, and an
-- order may be paid afterward. The rest only moves forward, so a late state changes nothing.
CREATE OR REPLACE FUNCTION next_payment_status(p_now text, p_authorized boolean, p_said text)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_now IS NULL THEN p_said
        WHEN p_now = 'voided' THEN
            CASE WHEN p_said IN ('captured', 'refunded') THEN p_said ELSE p_now END
        WHEN p_said = 'voided' THEN
            CASE WHEN payment_rank(p_now, p_authorized) <= 2 THEN p_said ELSE p_now END
        WHEN payment_rank(p_said, p_authorized) >= payment_rank(p_now, p_authorized) THEN p_said
        ELSE p_now
    END;
$$;

-- touch_booking raises the version for a change that left no entry in the timeline, so that
-- clients who compare versions see it.
CREATE OR REPLACE FUNCTION touch_booking(p_booking uuid, p_seen bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE bookings SET version = version + 1, updated_at = now() WHERE id = p_booking AND version = p_seen;
$$;

-- record_payment stores what a provider said of one payment: its row, a ledger
-- row for every movement of money that is not there yet, and the timeline's
-- entries (p_details holds their texts by event). It returns the booking when
-- something changed.
--
-- States may arrive in any order, so the ledger is built from totals, and what a later
-- state implies (captured implies authorized) is written with it.
--
-- Refunds may fail after they were made. p_refunded is what is back and has stayed so,
-- p_refunds_failed the running total of what came to us again: their sum only grows,
-- and so an old answer changes nothing. p_disputes are all disputes of the payment
-- (record_disputes).
--
-- p_after_void: the provider could not close the payment, and the customer paid it after we
-- had closed it unpaid. Then it is open again here.
DROP FUNCTION IF EXISTS record_payment(uuid, integer, text, text, text, bigint, bigint, bigint, bigint, text, text, text, text, jsonb);
DROP FUNCTION IF EXISTS record_payment(uuid, integer, text, text, text, bigint, bigint, bigint, bigint, text, text, text, text, jsonb, bigint, jsonb);
CREATE OR REPLACE FUNCTION record_payment(
    p_booking uuid, p_attempt integer, p_provider text, p_reference text, p_status text,
    p_amount bigint, p_authorized bigint, p_captured bigint, p_refunded bigint, p_currency text,
    p_client_secret text, p_checkout_url text, p_failure text, p_details jsonb,
    p_refunds_failed bigint DEFAULT 0, p_disputes jsonb DEFAULT '[]', p_after_void boolean DEFAULT false)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    old      payments%ROWTYPE;
    new      payments%ROWTYPE;
    seen     bigint;
    now_at   bigint;
    reserved bigint; -- what was authorized, null when nothing was
    given    bigint; -- every refund that was made, also those that failed later
    given_before bigint;
    declined boolean;
BEGIN
    PERFORM lock_payment(p_provider, p_reference);
    SELECT * INTO old FROM payments WHERE provider = p_provider AND reference = p_reference;
    SELECT amount INTO reserved FROM ledger
    WHERE provider = p_provider AND reference = p_reference AND movement = 'authorize';
    IF p_after_void AND old.status = 'voided' AND reserved IS NULL THEN
        old.status := 'open';
    END IF;
    -- A payment that was adopted keeps naming its first booking at the provider.
    new := old;
    new.booking_id := coalesce(old.booking_id, p_booking);
    SELECT version INTO seen FROM bookings WHERE id = new.booking_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no booking %', new.booking_id USING ERRCODE = 'BX008';
    END IF;

    new.status := next_payment_status(old.status, reserved IS NOT NULL, p_status);
    new.attempt := greatest(old.attempt, p_attempt);
    new.amount := p_amount;
    new.captured := greatest(old.captured, p_captured);
    given_before := coalesce(old.refunded + old.refunds_failed, 0);
    given := greatest(given_before, p_refunded + p_refunds_failed);
    new.refunds_failed := greatest(old.refunds_failed, p_refunds_failed);
    new.refunded := given - new.refunds_failed;
    IF new.status IN ('captured', 'refunded') THEN
        -- A refund that failed makes the payment one that we keep again.
        new.status := CASE WHEN new.captured > 0 AND new.refunded >= new.captured THEN 'refunded' ELSE 'captured' END;
    END IF;
    new.client_secret := coalesce(nullif(p_client_secret, ''), old.client_secret, '');
    new.checkout_url := coalesce(nullif(p_checkout_url, ''), old.checkout_url, '');
    new.failure := CASE WHEN new.status <> 'failed' THEN '' WHEN p_status = 'failed' THEN p_failure ELSE old.failure END;
    declined := p_status = 'failed' AND new.status = 'failed'
        AND (old.status IS DISTINCT FROM 'failed' OR old.failure <> p_failure);

    IF old.id IS NULL THEN
        INSERT INTO payments (booking_id, attempt, provider, reference, status, amount, currency,
                              captured, refunded, refunds_failed, client_secret, checkout_url, failure)
        VALUES (new.booking_id, new.attempt, p_provider, p_reference, new.status, new.amount, p_currency,
                new.captured, new.refunded, new.refunds_failed, new.client_secret, new.checkout_url, new.failure);
        PERFORM add_booking_event(new.booking_id, 'payment_opened', p_details ->> 'payment_opened', p_reference);
    ELSIF new IS DISTINCT FROM old THEN
        UPDATE payments SET status = new.status, attempt = new.attempt, amount = new.amount,
            captured = new.captured, refunded = new.refunded, refunds_failed = new.refunds_failed, client_secret = new.client_secret,
            checkout_url = new.checkout_url, failure = new.failure, updated_at = now()
        WHERE id = old.id;
    END IF;

    IF declined THEN
        UPDATE hold_records SET declines = declines + 1 WHERE booking_id = new.booking_id AND kind <> 'card';
        PERFORM add_booking_event(new.booking_id, 'declined', p_details ->> 'declined',
            p_reference || '#' || (SELECT count(*) + 1 FROM booking_events
                WHERE booking_id = new.booking_id AND event = 'declined' AND starts_with(once, p_reference || '#')));
    END IF;
    IF reserved IS NULL AND (p_status = 'authorized' OR p_captured > 0) THEN
        reserved := CASE WHEN p_authorized > 0 THEN p_authorized ELSE p_amount END;
        INSERT INTO ledger (booking_id, provider, reference, movement, amount, total, currency)
        VALUES (new.booking_id, p_provider, p_reference, 'authorize', reserved, reserved, p_currency);
        PERFORM add_booking_event(new.booking_id, 'authorized', p_details ->> 'authorized', p_reference);
    END IF;
    IF new.captured > coalesce(old.captured, 0) THEN
        INSERT INTO ledger (booking_id, provider, reference, movement, amount, total, currency)
        VALUES (new.booking_id, p_provider, p_reference, 'capture',
                new.captured - coalesce(old.captured, 0), new.captured, p_currency);
        PERFORM add_booking_event(new.booking_id, 'captured', p_details ->> 'captured', p_reference);
    END IF;
    IF new.status = 'voided' THEN
        -- Voiding a payment that was never authorized moves no money.
        INSERT INTO ledger (booking_id, provider, reference, movement, amount, total, currency)
        SELECT new.booking_id, p_provider, p_reference, 'void', reserved, reserved, p_currency
        WHERE reserved IS NOT NULL
        ON CONFLICT (provider, reference, movement, total) DO NOTHING;
        PERFORM add_booking_event(new.booking_id, 'voided',
            p_details ->> CASE WHEN reserved IS NULL THEN 'closed' ELSE 'voided' END, p_reference);
    END IF;
    IF given > given_before THEN
        INSERT INTO ledger (booking_id, provider, reference, movement, amount, total, currency)
        VALUES (new.booking_id, p_provider, p_reference, 'refund', given - given_before, given, p_currency);
        PERFORM add_booking_event(new.booking_id, 'refunded', p_details ->> 'refunded', p_reference || ':' || given);
    END IF;
    IF new.refunds_failed > coalesce(old.refunds_failed, 0) THEN
        INSERT INTO ledger (booking_id, provider, reference, movement, amount, total, currency)
        VALUES (new.booking_id, p_provider, p_reference, 'refund_failed',
                new.refunds_failed - coalesce(old.refunds_failed, 0), new.refunds_failed, p_currency);
        PERFORM add_booking_event(new.booking_id, 'refund_failed', p_details ->> 'refund_failed',
            p_reference || ':' || new.refunds_failed);
    END IF;
    PERFORM record_disputes(new.booking_id, p_provider, p_reference, p_currency, p_disputes, p_details)
    WHERE jsonb_array_length(p_disputes) > 0;
    -- More than was owed was refunded, at the provider's own dashboard: the booking costs
    -- the customer that much less.
    UPDATE bookings SET refund_due = new.refunded
    WHERE id = new.booking_id AND refund_due < new.refunded AND paid_for(id, p_provider, p_reference);

    IF new IS DISTINCT FROM old THEN
        PERFORM touch_booking(new.booking_id, seen);
    END IF;
    SELECT version INTO now_at FROM bookings WHERE id = new.booking_id;
    RETURN CASE WHEN now_at > seen THEN new.booking_id END;
END $$;

-- dispute_rank is how far a dispute has come.
CREATE OR REPLACE FUNCTION dispute_rank(p_status text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_status WHEN 'inquiry' THEN 1 WHEN 'closed' THEN 2 WHEN 'open' THEN 3 WHEN 'lost' THEN 4 ELSE 5 END;
$$;

-- record_disputes stores the disputes of a payment, which only move forward, and the
-- money that a bank took (chargeback) and brought again (chargeback_reversed). The
-- caller has the payment's lock and the booking's. A won dispute of which the provider says that
-- it never took money (untaken), and which our books do not have as one that did, moves none:
-- its amount is 0.
CREATE OR REPLACE FUNCTION record_disputes(
    p_booking uuid, p_provider text, p_reference text, p_currency text, p_disputes jsonb, p_details jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    d      record;
    before text;
    moved  boolean;
    taken  bigint;
    again  bigint;
BEGIN
    FOR d IN SELECT * FROM jsonb_to_recordset(p_disputes) AS x (reference text, status text, amount bigint, reason text, untaken boolean) LOOP
        SELECT status INTO before FROM disputes WHERE provider = p_provider AND dispute = d.reference;
        CONTINUE WHEN before IS NOT NULL AND dispute_rank(d.status) <= dispute_rank(before);
        moved := d.status IN ('open', 'lost', 'won')
            AND (NOT coalesce(d.untaken, false) OR d.status <> 'won' OR coalesce(before, '') IN ('open', 'lost'));
        INSERT INTO disputes AS o (provider, dispute, reference, status, amount, currency, reason)
        VALUES (p_provider, d.reference, p_reference, d.status, CASE WHEN d.status = 'won' AND NOT moved THEN 0 ELSE d.amount END,
            p_currency, coalesce(d.reason, ''))
        ON CONFLICT (provider, dispute) DO UPDATE
            SET status = excluded.status, reason = excluded.reason, updated_at = clock_timestamp(),
                -- What was taken comes back: the provider does not say any more how much that was.
                amount = CASE WHEN d.untaken AND o.status IN ('open', 'lost') THEN o.amount ELSE excluded.amount END;
        IF moved AND coalesce(before, '') NOT IN ('open', 'lost', 'won') THEN
            PERFORM add_booking_event(p_booking, 'disputed', p_details ->> 'disputed', d.reference);
        END IF;
        IF moved AND d.status IN ('lost', 'won') THEN
            PERFORM add_booking_event(p_booking, 'dispute_' || d.status, p_details ->> ('dispute_' || d.status), d.reference);
        END IF;
    END LOOP;

    SELECT coalesce(sum(amount) FILTER (WHERE status IN ('open', 'lost', 'won')), 0),
           coalesce(sum(amount) FILTER (WHERE status = 'won'), 0)
    INTO taken, again FROM disputes WHERE provider = p_provider AND reference = p_reference;
    INSERT INTO ledger (booking_id, provider, reference, movement, amount, total, currency)
    SELECT p_booking, p_provider, p_reference, m.movement, m.total - m.before, m.total, p_currency
    FROM (SELECT v.movement, v.total, coalesce((SELECT max(l.total) FROM ledger l
              WHERE l.provider = p_provider AND l.reference = p_reference AND l.movement = v.movement), 0) AS before
          FROM (VALUES ('chargeback', taken), ('chargeback_reversed', again)) AS v (movement, total)) m
    WHERE m.total > m.before;
END $$;

-- mark_payment_in_doubt says that the provider has not answered. A payment whose
-- money has moved, or that has ended, is not in doubt any more.
CREATE OR REPLACE FUNCTION mark_payment_in_doubt(p_provider text, p_reference text, p_detail text)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    owner uuid;
    seen  bigint;
BEGIN
    PERFORM lock_payment(p_provider, p_reference);
    SELECT booking_id INTO owner FROM payments
    WHERE provider = p_provider AND reference = p_reference AND status IN ('open', 'failed', 'authorized');
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT version INTO seen FROM bookings WHERE id = owner FOR UPDATE;
    UPDATE payments SET status = 'in_doubt', updated_at = now()
    WHERE provider = p_provider AND reference = p_reference;
    -- keep_hold may have made the same entry: a booking shows one.
    PERFORM add_booking_event(owner, 'payment_in_doubt', p_detail, '');
    PERFORM touch_booking(owner, seen);
    RETURN owner;
END $$;

-- adopt_payment moves a payment, its ledger and the entries about its money to
-- the booking made for it. It returns the bookings that changed.
CREATE OR REPLACE FUNCTION adopt_payment(p_provider text, p_reference text, p_booking uuid)
RETURNS SETOF uuid LANGUAGE plpgsql AS $$
DECLARE
    former uuid;
    seen   bigint;
    entry  record;
BEGIN
    PERFORM lock_payment(p_provider, p_reference);
    SELECT booking_id INTO former FROM payments WHERE provider = p_provider AND reference = p_reference;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no payment % at %', p_reference, p_provider USING ERRCODE = 'BX008';
    END IF;
    IF former = p_booking THEN
        RETURN;
    END IF;
    PERFORM 1 FROM bookings WHERE id IN (former, p_booking) ORDER BY id FOR UPDATE;
    SELECT version INTO seen FROM bookings WHERE id = p_booking;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no booking %', p_booking USING ERRCODE = 'BX008';
    END IF;
    UPDATE payments SET booking_id = p_booking, updated_at = now()
    WHERE provider = p_provider AND reference = p_reference;
    UPDATE ledger SET booking_id = p_booking WHERE provider = p_provider AND reference = p_reference;
    FOR entry IN SELECT event, detail, once FROM booking_events
        WHERE booking_id = former AND once = p_reference AND event IN ('authorized', 'captured') ORDER BY seq
    LOOP
        PERFORM add_booking_event(p_booking, entry.event, entry.detail, entry.once);
    END LOOP;
    PERFORM touch_booking(p_booking, seen);
    UPDATE bookings SET version = version + 1, updated_at = now() WHERE id = former;
    RETURN QUERY SELECT unnest(ARRAY[former, p_booking]);
END $$;

-- booking_owes_nothing: nothing of a booking's money is to move any more when none is reserved and the
-- ledger has given back what is owed. A sold booking may keep what no refund was promised
-- for; a booking that was never sold keeps nothing.
CREATE OR REPLACE FUNCTION booking_owes_nothing(p_booking uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM payments p WHERE p.booking_id = b.id AND p.status IN ('authorized', 'in_doubt'))
        AND coalesce((SELECT sum(CASE WHEN l.movement IN ('capture', 'refund_failed') THEN l.amount ELSE -l.amount END)
                FROM ledger l WHERE l.booking_id = b.id AND l.movement IN ('capture', 'refund', 'refund_failed')), 0)
            <= CASE WHEN EXISTS (SELECT FROM tickets k WHERE k.booking_id = b.id) THEN b.total - b.refund_due ELSE 0 END
    FROM bookings b WHERE b.id = p_booking;
$$;
