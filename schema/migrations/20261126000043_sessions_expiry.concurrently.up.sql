CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_expiry ON sessions (expires_at);
