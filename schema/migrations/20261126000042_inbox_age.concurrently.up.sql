CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_inbox_age ON webhook_inbox (received_at);
