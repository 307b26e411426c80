DROP TABLE released_money;
-- NOT VALID: there may be rows of the wider rules.
ALTER TABLE reconciliation_findings DROP CONSTRAINT reconciliation_findings_kind_check;
ALTER TABLE reconciliation_findings ADD CONSTRAINT reconciliation_findings_kind_check
    CHECK (kind IN ('lost_payment', 'lost_capture', 'lost_refund', 'refund_outside', 'refund_failed', 'dispute', 'amount_differs',
        'unknown_at_provider', 'stray_payment', 'late_payment')) NOT VALID;
ALTER TABLE reconciliation_findings DROP CONSTRAINT reconciliation_findings_done_check;
ALTER TABLE reconciliation_findings ADD CONSTRAINT reconciliation_findings_done_check
    CHECK (done IN ('alerted', 'recorded', 'give_back')) NOT VALID;
COMMENT ON COLUMN reconciliation_findings.done IS 'alerted; recorded, in our books, by what the provider says; give_back, handed to the workflow of late payments.';
COMMENT ON COLUMN reconciliation_findings.day IS 'The day, in UTC, of the run that found it first.';
COMMENT ON COLUMN reconciliation_findings.run IS 'The Temporal workflow and run that found it first.';
COMMENT ON COLUMN disputes.amount IS 'The disputed amount, in minor units.';
