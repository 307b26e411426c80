CREATE TABLE reconciliation_findings (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider   text NOT NULL,
    reference  text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('lost_payment', 'lost_capture', 'lost_refund', 'refund_outside', 'refund_failed',
                   'dispute', 'amount_differs', 'unknown_at_provider', 'stray_payment', 'late_payment')),
    once       text NOT NULL DEFAULT '',
    booking_id uuid REFERENCES bookings,
    currency   text NOT NULL,
    ours       bigint,
    theirs     bigint,
    done       text NOT NULL DEFAULT 'alerted' CHECK (done IN ('alerted', 'recorded', 'give_back')),
    day        date NOT NULL,
    run        text NOT NULL,
    found_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (provider, reference, kind, once)
);
CREATE INDEX reconciliation_findings_day ON reconciliation_findings (day, provider);
COMMENT ON TABLE reconciliation_findings IS 'What the lists of payment providers and our books did not agree on, each once. docs/payments.md says what each kind means.';
COMMENT ON COLUMN reconciliation_findings.id IS 'The order in which they were found.';
COMMENT ON COLUMN reconciliation_findings.provider IS 'The payment provider.';
COMMENT ON COLUMN reconciliation_findings.reference IS 'The provider''s id of the payment.';
COMMENT ON COLUMN reconciliation_findings.kind IS 'What was found.';
COMMENT ON COLUMN reconciliation_findings.once IS 'What tells two findings of one kind and payment apart, for example the running total of its refunds.';
COMMENT ON COLUMN reconciliation_findings.booking_id IS 'The booking of the payment; null when it names none of ours.';
COMMENT ON COLUMN reconciliation_findings.currency IS 'Of both amounts, ISO 4217.';
COMMENT ON COLUMN reconciliation_findings.ours IS 'The amount in our books at that time, in minor units; null without such a payment.';
COMMENT ON COLUMN reconciliation_findings.theirs IS 'The amount at the provider, in minor units; null when the provider does not know the payment.';
COMMENT ON COLUMN reconciliation_findings.done IS 'alerted; recorded, in our books, by what the provider says; give_back, handed to the workflow of late payments.';
COMMENT ON COLUMN reconciliation_findings.day IS 'The day, in UTC, of the run that found it first.';
COMMENT ON COLUMN reconciliation_findings.run IS 'The Temporal workflow and run that found it first.';
COMMENT ON COLUMN reconciliation_findings.found_at IS 'When.';

CREATE TABLE reconciliation_payments (
    provider  text NOT NULL,
    day       date NOT NULL,
    reference text NOT NULL,
    listed    boolean NOT NULL,
    PRIMARY KEY (provider, day, reference)
);
COMMENT ON TABLE reconciliation_payments IS 'The payments of a reconciliation that runs: what the provider listed, and what of ours moved on the day. Deleted at its end.';
COMMENT ON COLUMN reconciliation_payments.provider IS 'The payment provider.';
COMMENT ON COLUMN reconciliation_payments.day IS 'The day, in UTC.';
COMMENT ON COLUMN reconciliation_payments.reference IS 'The provider''s id of the payment.';
COMMENT ON COLUMN reconciliation_payments.listed IS 'Whether the provider''s list has it.';

CREATE TABLE payment_fees (
    provider  text NOT NULL,
    reference text NOT NULL,
    fee       bigint NOT NULL CHECK (fee >= 0),
    currency  text NOT NULL,
    told_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (provider, reference)
);
COMMENT ON TABLE payment_fees IS 'What a provider keeps of a payment, as far as it tells. A payment without a row is one whose fee is unknown.';
COMMENT ON COLUMN payment_fees.provider IS 'The payment provider.';
COMMENT ON COLUMN payment_fees.reference IS 'The provider''s id of the payment.';
COMMENT ON COLUMN payment_fees.fee IS 'In minor units of the currency.';
COMMENT ON COLUMN payment_fees.currency IS 'The payment''s currency, ISO 4217.';
COMMENT ON COLUMN payment_fees.told_at IS 'When the provider last told.';
