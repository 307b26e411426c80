ALTER TABLE bookings DROP COLUMN refunds;
