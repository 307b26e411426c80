-- An order keeps the house's words that it was made in: the layout of its show may change.
ALTER TABLE house_orders ADD COLUMN terms jsonb;
COMMENT ON COLUMN house_orders.terms IS 'The order as it was made: show, seats and prices in the house''s words (booking.HouseTerms).';
