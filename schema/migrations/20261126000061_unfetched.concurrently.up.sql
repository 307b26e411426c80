-- The few holds that wait to be fetched, for the look for abandoned ones.
CREATE INDEX CONCURRENTLY IF NOT EXISTS bookings_unfetched ON bookings (fetch_by) WHERE fetch_by IS NOT NULL;
