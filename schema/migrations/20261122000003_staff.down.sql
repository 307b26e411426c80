DROP TABLE imports, audit_log, price_cards, theater_managers;
DROP FUNCTION refuse_change;
