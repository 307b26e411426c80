DROP TABLE push_deliveries;
DROP TABLE push_subscriptions;
DELETE FROM notifications WHERE channel = 'push';
ALTER TABLE notifications DROP CONSTRAINT notifications_channel_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_channel_check CHECK (channel IN ('email', 'sms'));
COMMENT ON COLUMN notifications.channel IS 'email or sms.';
