-- The staff desk lists alerts by time, and counts the open ones by kind.
CREATE INDEX CONCURRENTLY IF NOT EXISTS alerts_recent ON alerts (created_at DESC, id DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS alerts_unresolved ON alerts (kind) WHERE resolved_at IS NULL;
