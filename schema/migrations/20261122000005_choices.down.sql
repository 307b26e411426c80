ALTER TABLE notifications DROP COLUMN offers;
DROP TRIGGER show_change_bookings_told ON show_change_bookings;
DROP FUNCTION note_new_time();
DROP FUNCTION choose_change(uuid, uuid, text, text, uuid, bigint, text[], jsonb, bigint, text);
DROP FUNCTION take_seats(uuid, uuid, text[]);
DROP FUNCTION next_shows(uuid, integer, integer);
