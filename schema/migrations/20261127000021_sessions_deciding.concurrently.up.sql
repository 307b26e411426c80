-- The few tokens that tell whether a session goes on: a family has hundreds.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_deciding ON sessions (family) WHERE rotated_at IS NULL OR revoked_at IS NOT NULL;
