-- Money: one row per payment at a provider, one ledger row per movement, and the
-- inbox of webhooks.
CREATE TABLE payments (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    booking_id    uuid NOT NULL REFERENCES bookings,
    attempt       integer NOT NULL,
    provider      text NOT NULL,
    reference     text NOT NULL,
    status        text NOT NULL CHECK (status IN ('open', 'failed', 'in_doubt', 'authorized', 'captured', 'voided', 'refunded')),
    amount        bigint NOT NULL CHECK (amount >= 0),
    currency      text NOT NULL,
    captured      bigint NOT NULL DEFAULT 0,
    refunded      bigint NOT NULL DEFAULT 0,
    client_secret text NOT NULL DEFAULT '',
    checkout_url  text NOT NULL DEFAULT '',
    failure       text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider, reference),
    CHECK (refunded <= captured)
);
CREATE INDEX payments_booking ON payments (booking_id, attempt);

-- captured − refunded over this table is what confirmed bookings paid, per
-- currency and provider. total is the running total after the movement, which
-- makes a repeated record of the same movement recognizable.
CREATE TABLE ledger (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings,
    provider   text NOT NULL,
    reference  text NOT NULL,
    movement   text NOT NULL CHECK (movement IN ('authorize', 'capture', 'void', 'refund')),
    amount     bigint NOT NULL CHECK (amount >= 0),
    total      bigint NOT NULL,
    currency   text NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (provider, reference, movement, total)
);
CREATE INDEX ledger_booking ON ledger (booking_id);

CREATE TABLE webhook_inbox (
    provider     text NOT NULL,
    event_id     text NOT NULL,
    type         text NOT NULL,
    reference    text NOT NULL DEFAULT '',
    booking_id   uuid,
    received_at  timestamptz NOT NULL DEFAULT now(),
    -- null until its effect was handed on; a repeat before that is worked again
    processed_at timestamptz,
    outcome      text NOT NULL DEFAULT '',
    PRIMARY KEY (provider, event_id)
);
