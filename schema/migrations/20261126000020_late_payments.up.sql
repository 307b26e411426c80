-- What a booking was paid with: "provider/reference". Empty for those that were
-- sold before there was a place for it.
ALTER TABLE bookings ADD COLUMN paid_with text NOT NULL DEFAULT '';

-- What was decided about money that came after its booking had ended.
CREATE TABLE late_payments (
    provider   text NOT NULL,
    reference  text NOT NULL,
    decision   text NOT NULL CHECK (decision IN ('rebook', 'return')),
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (provider, reference)
);
