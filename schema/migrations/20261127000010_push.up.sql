-- Browsers that take messages by web push, and what each of them was sent.
CREATE TABLE push_subscriptions (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id   uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    -- two accounts on one browser: it belongs to the one that registered it last
    endpoint     text NOT NULL UNIQUE,
    p256dh       bytea NOT NULL CHECK (octet_length(p256dh) = 65),
    auth         bytea NOT NULL CHECK (octet_length(auth) = 16),
    language     text NOT NULL DEFAULT 'en',
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX push_subscriptions_account ON push_subscriptions (account_id, last_seen_at);

-- A message by push is one row of notifications and one of these for each browser.
CREATE TABLE push_deliveries (
    notification_id uuid NOT NULL REFERENCES notifications ON DELETE CASCADE,
    subscription_id uuid NOT NULL REFERENCES push_subscriptions ON DELETE CASCADE,
    -- pending: not accepted yet; sent: the push service has it; refused: it never takes it
    status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'refused')),
    attempts        integer NOT NULL DEFAULT 1,
    -- while an attempt is under way it is the end of its time
    try_after       timestamptz NOT NULL DEFAULT now(),
    failure         text NOT NULL DEFAULT '',
    PRIMARY KEY (notification_id, subscription_id)
);
CREATE INDEX push_deliveries_subscription ON push_deliveries (subscription_id);

COMMENT ON TABLE push_deliveries IS 'A message by web push on its way to one browser.';
COMMENT ON COLUMN push_deliveries.notification_id IS 'The message.';
COMMENT ON COLUMN push_deliveries.subscription_id IS 'The browser.';
COMMENT ON COLUMN push_deliveries.status IS 'pending, sent or refused.';
COMMENT ON COLUMN push_deliveries.attempts IS 'How many times it was handed over.';
COMMENT ON COLUMN push_deliveries.try_after IS 'It is not handed over again before.';
COMMENT ON COLUMN push_deliveries.failure IS 'Why the last attempt failed, without personal data.';

ALTER TABLE notifications DROP CONSTRAINT notifications_channel_check;
-- NOT VALID: the rows that are there were checked before, and are not read again.
ALTER TABLE notifications ADD CONSTRAINT notifications_channel_check CHECK (channel IN ('email', 'sms', 'push')) NOT VALID;
COMMENT ON COLUMN notifications.channel IS 'email, sms or push.';
