DROP FUNCTION booking_is_settled(uuid), change_is_superseded(uuid);
DROP TABLE show_change_bookings, show_changes;
