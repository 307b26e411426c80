-- Events for recommendations are made of the bookings that changed since the last look. BRIN: a
-- B-tree on a column that every change sets would make each change of a booking write all of its
-- indexes.
CREATE INDEX CONCURRENTLY IF NOT EXISTS bookings_changed ON bookings USING brin (updated_at) WITH (pages_per_range = 16, autosummarize = on);
