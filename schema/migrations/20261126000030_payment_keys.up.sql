-- How many idempotency keys of a step of a payment are spent: the provider answered
-- that it failed, keeps that answer under the key, and did nothing. The next
-- attempt starts with the next key. A step that never failed has no row.
CREATE TABLE payment_keys (
    step       text        NOT NULL PRIMARY KEY,
    spent      integer     NOT NULL CHECK (spent > 0),
    updated_at timestamptz NOT NULL DEFAULT now()
);
