-- Bookings and the seats they claim. seat_claims is the one truth about who has
-- a seat: only claimed seats have rows, and the primary key sells each once.
CREATE TABLE bookings (
    id              uuid PRIMARY KEY,
    customer_id     uuid NOT NULL REFERENCES accounts,
    show_id         uuid NOT NULL REFERENCES shows,
    status          text NOT NULL CHECK (status IN ('held', 'confirmed', 'cancelled', 'expired', 'payment_failed')),
    seats           text[] NOT NULL CHECK (cardinality(seats) BETWEEN 1 AND 10),
    quote           jsonb NOT NULL,
    total           bigint NOT NULL CHECK (total >= 0),
    currency        text NOT NULL,
    hold_expires_at timestamptz NOT NULL,
    request_hash    text NOT NULL,
    refund_due      bigint NOT NULL DEFAULT 0,
    version         bigint NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX bookings_customer ON bookings (customer_id, created_at DESC, id DESC);
CREATE INDEX bookings_recent ON bookings (created_at DESC, id DESC);
CREATE INDEX bookings_show ON bookings (show_id);
CREATE INDEX bookings_holds ON bookings (customer_id) WHERE status = 'held';

CREATE TABLE seat_claims (
    show_id    uuid NOT NULL,
    seat       text COLLATE "C" NOT NULL,
    booking_id uuid NOT NULL,
    state      text NOT NULL CHECK (state IN ('held', 'sold')),
    -- null when sold; infinity while a payment is in doubt
    held_until timestamptz,
    PRIMARY KEY (show_id, seat),
    CHECK ((state = 'held') = (held_until IS NOT NULL))
);
CREATE INDEX seat_claims_booking ON seat_claims (booking_id);

CREATE TABLE booking_events (
    booking_id uuid NOT NULL REFERENCES bookings,
    seq        bigint NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    event      text NOT NULL,
    detail     text NOT NULL DEFAULT '',
    -- what makes a repeat of a step recognizable, for example a payment reference
    once       text NOT NULL DEFAULT '',
    PRIMARY KEY (booking_id, seq),
    UNIQUE (booking_id, event, once)
);

CREATE TABLE tickets (
    booking_id uuid PRIMARY KEY REFERENCES bookings,
    serial     text NOT NULL UNIQUE,
    issued_at  timestamptz NOT NULL DEFAULT now(),
    voided_at  timestamptz,
    scanned_at timestamptz
);

-- The stored answers of requests that carried an Idempotency-Key.
CREATE TABLE idempotency_keys (
    customer_id  uuid NOT NULL,
    key          text NOT NULL,
    request_hash text NOT NULL,
    status       integer NOT NULL,
    body         bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- A person has to look at these.
CREATE TABLE alerts (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking_id  uuid,
    kind        text NOT NULL,
    detail      text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (booking_id, kind, detail)
);

-- add_booking_event appends to the timeline and raises the booking's version. A
-- repeat (same booking, event and once) changes nothing.
CREATE FUNCTION add_booking_event(p_booking uuid, p_event text, p_detail text, p_once text)
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
