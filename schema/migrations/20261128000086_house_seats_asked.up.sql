-- Many processes show the seats of a show, and one of them asks the house.
ALTER TABLE house_shows ADD COLUMN seats_asked_at timestamptz;
COMMENT ON COLUMN house_shows.seats_asked_at IS 'When a process last set out to ask which seats are taken; null before.';
