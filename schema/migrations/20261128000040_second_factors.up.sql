CREATE TABLE totp_factors (
    account_id   uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    secret       bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,
    last_step    bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE totp_factors IS 'The app that shows an account''s codes by time (RFC 6238).';
COMMENT ON COLUMN totp_factors.account_id IS 'Whose codes they are.';
COMMENT ON COLUMN totp_factors.secret IS 'The secret that app and platform share, sealed with FACTOR_KEYS for this account.';
COMMENT ON COLUMN totp_factors.created_at IS 'When the secret was made.';
COMMENT ON COLUMN totp_factors.confirmed_at IS 'When the first code came back; null before, when the factor counts for nothing.';
COMMENT ON COLUMN totp_factors.last_step IS 'The step, of 30 seconds since 1970, of the last code that was taken. It never goes back: only codes of later steps are taken.';

CREATE TABLE recovery_codes (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    hash       bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz,
    PRIMARY KEY (account_id, hash)
);
COMMENT ON TABLE recovery_codes IS 'Codes on paper for an account whose other factors are lost.';
COMMENT ON COLUMN recovery_codes.account_id IS 'Whose code it is.';
COMMENT ON COLUMN recovery_codes.hash IS 'SHA-256 of the code. It has 120 random bits, which cannot be tried.';
COMMENT ON COLUMN recovery_codes.created_at IS 'When it was handed out.';
COMMENT ON COLUMN recovery_codes.used_at IS 'When it was used; null before. It works once.';

CREATE TABLE factor_tries (
    account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    tries      integer NOT NULL DEFAULT 1,
    next_at    timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON TABLE factor_tries IS 'How often codes by time were tried since the last right one. A row is counted up before a code is compared.';
COMMENT ON COLUMN factor_tries.account_id IS 'Whose codes are tried. A new log-in does not begin a new count.';
COMMENT ON COLUMN factor_tries.tries IS 'How many tries there were.';
COMMENT ON COLUMN factor_tries.next_at IS 'No code is compared before.';

CREATE TABLE factor_challenges (
    hash       bytea PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    keeper     text NOT NULL,
    tries      integer NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL
);
CREATE INDEX factor_challenges_account ON factor_challenges (account_id);
CREATE INDEX factor_challenges_expiry ON factor_challenges (expires_at);
COMMENT ON TABLE factor_challenges IS 'Log-ins that wait for their second step. One that was passed is deleted.';
COMMENT ON COLUMN factor_challenges.hash IS 'SHA-256 of the 256 random bits that the client has.';
COMMENT ON COLUMN factor_challenges.account_id IS 'Whose it is.';
COMMENT ON COLUMN factor_challenges.keeper IS 'Who keeps the refresh token, as refresh tokens begin: empty for apps, b. for browsers. The second step is taken from there only.';
COMMENT ON COLUMN factor_challenges.tries IS 'How many answers were sent; five at most.';
COMMENT ON COLUMN factor_challenges.expires_at IS 'When it stops working.';

CREATE TABLE session_factors (
    family     uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    way        text NOT NULL CHECK (way IN ('totp', 'recovery_code')),
    passed_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX session_factors_account ON session_factors (account_id);
COMMENT ON TABLE session_factors IS 'Sessions whose owner showed more than a password.';
COMMENT ON COLUMN session_factors.family IS 'The session, as sessions.family has it.';
COMMENT ON COLUMN session_factors.account_id IS 'Whose session it is.';
COMMENT ON COLUMN session_factors.way IS 'What was shown last: totp or recovery_code.';
COMMENT ON COLUMN session_factors.passed_at IS 'When it was shown last.';
