ALTER TABLE push_subscriptions DROP COLUMN session;
DROP TABLE suspensions;
DROP TABLE session_devices;
