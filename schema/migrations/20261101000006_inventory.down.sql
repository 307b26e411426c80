DROP FUNCTION cancel_booking, end_booking, confirm_booking, keep_hold, extend_hold, hold_seats;
