-- Until when the answer of a hold waits for somebody who fetches it; null when it
-- was fetched or need not be, and when the booking has ended and its workflow knows.
-- See schema/functions/abandoned.sql.
ALTER TABLE bookings ADD COLUMN IF NOT EXISTS fetch_by timestamptz;
