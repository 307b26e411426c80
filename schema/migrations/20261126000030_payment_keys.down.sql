DROP TABLE payment_keys;
