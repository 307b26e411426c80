DROP FUNCTION adopt_payment, mark_payment_in_doubt, record_payment, touch_booking,
    next_payment_status, payment_rank, lock_payment;
