DROP TABLE show_change_bookings, show_changes;
