-- Reconciliation and settlement read the movements of some days.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ledger_at ON ledger (at);
