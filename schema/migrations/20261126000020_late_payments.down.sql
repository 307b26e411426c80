DROP TABLE late_payments;
ALTER TABLE bookings DROP COLUMN paid_with;
