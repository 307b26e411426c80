CREATE TABLE reconciliations (
    provider    text NOT NULL,
    day         date NOT NULL,
    began_at    timestamptz NOT NULL,
    finished_at timestamptz,
    listed      integer NOT NULL DEFAULT 0,
    unlisted    integer NOT NULL DEFAULT 0,
    asked       integer NOT NULL DEFAULT 0,
    given_back  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (day, provider)
);
COMMENT ON TABLE reconciliations IS 'The days whose lists of a payment provider were compared with our books. reconciliation_findings has what was found.';
COMMENT ON COLUMN reconciliations.provider IS 'The payment provider.';
COMMENT ON COLUMN reconciliations.day IS 'The day, in UTC.';
COMMENT ON COLUMN reconciliations.began_at IS 'When the last run for the day began.';
COMMENT ON COLUMN reconciliations.finished_at IS 'When the last run came to its end; null while it runs, or cannot go on.';
COMMENT ON COLUMN reconciliations.listed IS 'Entries of the provider''s lists, by the last run that came to its end.';
COMMENT ON COLUMN reconciliations.unlisted IS 'Payments of ours that moved, or are to be back, and that these lists lack.';
COMMENT ON COLUMN reconciliations.asked IS 'Payments that were asked for one by one.';
COMMENT ON COLUMN reconciliations.given_back IS 'Payments that were handed to the workflow of late payments.';
-- The days of which only the findings are known.
INSERT INTO reconciliations (provider, day, began_at, finished_at)
SELECT provider, day, min(found_at), max(found_at) FROM reconciliation_findings GROUP BY provider, day;
