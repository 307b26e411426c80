-- Money that moves back: refunds that fail after they were made, and banks that take
-- a payment back. refunded stays what the customer has got and kept.
ALTER TABLE payments ADD COLUMN refunds_failed bigint NOT NULL DEFAULT 0;

CREATE TABLE disputes (
    provider   text NOT NULL,
    -- the provider's id of the dispute
    dispute    text NOT NULL,
    -- the provider's id of the payment
    reference  text NOT NULL,
    status     text NOT NULL CHECK (status IN ('inquiry', 'closed', 'open', 'lost', 'won')),
    amount     bigint NOT NULL CHECK (amount >= 0),
    currency   text NOT NULL,
    reason     text NOT NULL DEFAULT '',
    opened_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (provider, dispute)
);
CREATE INDEX disputes_payment ON disputes (provider, reference);

-- NOT VALID: the rows that are there satisfied the narrower rule.
ALTER TABLE ledger DROP CONSTRAINT ledger_movement_check;
ALTER TABLE ledger ADD CONSTRAINT ledger_movement_check CHECK (movement IN
    ('authorize', 'capture', 'void', 'refund', 'refund_failed', 'chargeback', 'chargeback_reversed')) NOT VALID;
