CREATE TABLE passkey_users (
    account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    handle     bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE passkey_users IS 'What passkeys know an account by: the user handle of WebAuthn. It is kept in people''s password managers and their exports, so it is not the account''s id.';
COMMENT ON COLUMN passkey_users.account_id IS 'Whose it is.';
COMMENT ON COLUMN passkey_users.handle IS '64 random bytes.';
COMMENT ON COLUMN passkey_users.created_at IS 'When the account began to add its first passkey.';

CREATE TABLE passkeys (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    public_key    bytea NOT NULL,
    algorithm     integer NOT NULL,
    flags         smallint NOT NULL CHECK (flags BETWEEN 0 AND 255),
    sign_count    bigint NOT NULL,
    transports    text[] NOT NULL,
    aaguid        uuid NOT NULL,
    name          text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_used_at  timestamptz
);
CREATE INDEX passkeys_account ON passkeys (account_id, created_at);
COMMENT ON TABLE passkeys IS 'Passkeys of accounts (WebAuthn level 3). A public key is no secret.';
COMMENT ON COLUMN passkeys.id IS 'The passkey''s identity to us.';
COMMENT ON COLUMN passkeys.account_id IS 'Whose it is.';
COMMENT ON COLUMN passkeys.credential_id IS 'The authenticator''s name of it.';
COMMENT ON COLUMN passkeys.public_key IS 'What checks its signatures, as a COSE key (RFC 9052).';
COMMENT ON COLUMN passkeys.algorithm IS 'The COSE number of the signatures'' algorithm: -7, -8 or -257.';
COMMENT ON COLUMN passkeys.flags IS 'The flags of its last use, as the authenticator sent them: the byte of WebAuthn, section 6.1. Bit 3, backup eligible, never changes.';
COMMENT ON COLUMN passkeys.sign_count IS 'The highest count of signatures that was seen; 0 for one that does not count.';
COMMENT ON COLUMN passkeys.transports IS 'How a browser reaches it.';
COMMENT ON COLUMN passkeys.aaguid IS 'The make of the authenticator, as it says itself: not proven. All zero is not told.';
COMMENT ON COLUMN passkeys.name IS 'What its owner calls it.';
COMMENT ON COLUMN passkeys.created_at IS 'When it was added.';
COMMENT ON COLUMN passkeys.last_used_at IS 'When it was last used; null before.';

CREATE TABLE passkey_challenges (
    challenge  text PRIMARY KEY,
    purpose    text NOT NULL CHECK (purpose IN ('add', 'confirm', 'log_in')),
    account_id uuid REFERENCES accounts ON DELETE CASCADE,
    family     uuid,
    browser    bytea,
    ceremony   jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    CHECK (CASE purpose WHEN 'log_in' THEN browser IS NOT NULL AND account_id IS NULL
        ELSE account_id IS NOT NULL AND family IS NOT NULL END)
);
CREATE INDEX passkey_challenges_account ON passkey_challenges (account_id);
CREATE INDEX passkey_challenges_expiry ON passkey_challenges (expires_at);
COMMENT ON TABLE passkey_challenges IS 'What passkeys are asked to sign. The first answer deletes its row, right or wrong.';
COMMENT ON COLUMN passkey_challenges.challenge IS '256 random bits in base64url. It comes back inside of what is signed.';
COMMENT ON COLUMN passkey_challenges.purpose IS 'What the answer does: add a passkey, confirm a session, or log in.';
COMMENT ON COLUMN passkey_challenges.account_id IS 'Whose answer counts; null at a log-in, which knows no account yet.';
COMMENT ON COLUMN passkey_challenges.family IS 'From which session it counts, as sessions.family has it; null at a log-in.';
COMMENT ON COLUMN passkey_challenges.browser IS 'SHA-256 of the cookie of the browser from which a log-in counts; null otherwise.';
COMMENT ON COLUMN passkey_challenges.ceremony IS 'What the library wants to know again when the answer comes (SessionData).';
COMMENT ON COLUMN passkey_challenges.expires_at IS 'When it stops working.';

-- NOT VALID: the rows that are there were checked before, and are not read again.
ALTER TABLE session_factors DROP CONSTRAINT session_factors_way_check;
ALTER TABLE session_factors ADD CONSTRAINT session_factors_way_check
    CHECK (way IN ('totp', 'recovery_code', 'passkey')) NOT VALID;
COMMENT ON COLUMN session_factors.way IS 'What was shown last: totp, recovery_code or passkey.';

ALTER TABLE security_events DROP CONSTRAINT security_events_kind_check;
ALTER TABLE security_events ADD CONSTRAINT security_events_kind_check
    CHECK (kind IN ('refresh_reused', 'passkey_copied')) NOT VALID;
