DROP FUNCTION add_booking_event;
DROP TABLE alerts, idempotency_keys, tickets, booking_events, seat_claims, bookings;
