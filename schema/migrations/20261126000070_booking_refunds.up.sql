-- The terms of cancellation that a booking was made under, so that what a customer
-- is told would come back is what comes back, also after the terms were changed. A
-- list of tiers, the earliest deadline first: [{"until": nanoseconds before the
-- show, "percent": share of the price without fees}]. An empty list gives nothing
-- back. NULL is a booking from before this column: the terms of today hold for it.
ALTER TABLE bookings ADD COLUMN refunds jsonb;
