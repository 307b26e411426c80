ALTER TABLE house_orders DROP COLUMN terms;
