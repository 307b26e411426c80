-- NOT VALID: the rows that are there satisfied the narrower rules.
ALTER TABLE reconciliation_findings DROP CONSTRAINT reconciliation_findings_kind_check;
ALTER TABLE reconciliation_findings ADD CONSTRAINT reconciliation_findings_kind_check
    CHECK (kind IN ('lost_payment', 'lost_capture', 'lost_refund', 'refund_outside', 'refund_failed', 'dispute', 'amount_differs',
        'unknown_at_provider', 'stray_payment', 'late_payment', 'not_back', 'capture_unasked')) NOT VALID;
ALTER TABLE reconciliation_findings DROP CONSTRAINT reconciliation_findings_done_check;
ALTER TABLE reconciliation_findings ADD CONSTRAINT reconciliation_findings_done_check
    CHECK (done IN ('alerted', 'recorded', 'give_back', 'came_back')) NOT VALID;
COMMENT ON COLUMN reconciliation_findings.done IS 'alerted; recorded, in our books, by what the provider says; give_back, handed to the workflow of late payments; came_back, the provider gave back what was released.';
COMMENT ON COLUMN reconciliation_findings.day IS 'The day, in UTC, of the run that found it first, or of the event that told of it.';
COMMENT ON COLUMN reconciliation_findings.run IS 'The Temporal workflow and run that found it first, or the provider''s event that told of it.';

CREATE TABLE released_money (
    provider    text NOT NULL,
    reference   text NOT NULL,
    amount      bigint NOT NULL CHECK (amount > 0),
    currency    text NOT NULL,
    due_at      timestamptz NOT NULL,
    released_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    back_at     timestamptz,
    PRIMARY KEY (provider, reference)
);
CREATE INDEX released_money_due ON released_money (provider, due_at) WHERE back_at IS NULL;
COMMENT ON TABLE released_money IS 'Money that we released, and that the provider gives back only when the time for its capture has passed.';
COMMENT ON COLUMN released_money.provider IS 'The payment provider.';
COMMENT ON COLUMN released_money.reference IS 'The provider''s id of the payment.';
COMMENT ON COLUMN released_money.amount IS 'What was reserved and released, in minor units.';
COMMENT ON COLUMN released_money.currency IS 'Of the amount, ISO 4217.';
COMMENT ON COLUMN released_money.due_at IS 'When the time for the capture has passed. A day later it has to be back.';
COMMENT ON COLUMN released_money.released_at IS 'When we released it.';
COMMENT ON COLUMN released_money.back_at IS 'When we learned that the provider has given all of it back; null until then.';
COMMENT ON COLUMN disputes.amount IS 'The disputed amount, in minor units; 0 of one that was won and took nothing.';
