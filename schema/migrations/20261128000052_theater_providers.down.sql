ALTER TABLE theaters DROP COLUMN payment_providers;
