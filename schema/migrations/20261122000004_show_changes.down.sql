DROP FUNCTION booking_owes_nothing(uuid), change_is_superseded(uuid);
DROP TABLE show_change_bookings, show_changes;
