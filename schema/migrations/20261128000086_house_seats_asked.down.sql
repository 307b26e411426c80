ALTER TABLE house_shows DROP COLUMN seats_asked_at;
