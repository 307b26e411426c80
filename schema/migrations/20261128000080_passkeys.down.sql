DELETE FROM security_events WHERE kind = 'passkey_copied';
ALTER TABLE security_events DROP CONSTRAINT security_events_kind_check;
ALTER TABLE security_events ADD CONSTRAINT security_events_kind_check CHECK (kind IN ('refresh_reused'));
DELETE FROM session_factors WHERE way = 'passkey';
ALTER TABLE session_factors DROP CONSTRAINT session_factors_way_check;
ALTER TABLE session_factors ADD CONSTRAINT session_factors_way_check CHECK (way IN ('totp', 'recovery_code'));
COMMENT ON COLUMN session_factors.way IS 'What was shown last: totp or recovery_code.';
DROP TABLE passkey_challenges, passkeys, passkey_users;
