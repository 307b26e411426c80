DROP TABLE house_allotments, house_orders, house_shows, houses;
DROP FUNCTION IF EXISTS house_show_changes_terms(), house_pause_changes_terms(), raise_house_version(),
    house_allotment_changes_terms();
DELETE FROM seat_claims WHERE booking_id = '00000000-0000-0000-0000-000000000000';
