-- Log-ins by identity providers (OpenID Connect).
CREATE TABLE identities (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    provider   text NOT NULL,
    issuer     text NOT NULL,
    subject    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_account ON identities (account_id);
COMMENT ON TABLE identities IS 'Who a person is at an identity provider, and which account that person logs in to.';
COMMENT ON COLUMN identities.id IS 'The identity of the link, for its owner.';
COMMENT ON COLUMN identities.account_id IS 'Whose log-in it is.';
COMMENT ON COLUMN identities.provider IS 'The provider''s id in OIDC_PROVIDERS when it was linked.';
COMMENT ON COLUMN identities.issuer IS 'The issuer, in one spelling. Together with the subject it names the person; an e-mail address does not.';
COMMENT ON COLUMN identities.subject IS 'What the issuer calls the person.';
COMMENT ON COLUMN identities.created_at IS 'When it was linked.';
COMMENT ON COLUMN identities.used_at IS 'When its person logged in with it last.';

CREATE TABLE oauth_starts (
    state_hash   bytea PRIMARY KEY,
    browser_hash bytea NOT NULL,
    provider     text NOT NULL,
    issuer       text NOT NULL,
    nonce        text NOT NULL,
    verifier     text NOT NULL,
    return_to    text NOT NULL,
    account_id   uuid REFERENCES accounts ON DELETE CASCADE,
    family       uuid,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX oauth_starts_account ON oauth_starts (account_id);
CREATE INDEX oauth_starts_expiry ON oauth_starts (expires_at);
COMMENT ON TABLE oauth_starts IS 'Log-ins that wait for the answer of an identity provider. The answer deletes its row.';
COMMENT ON COLUMN oauth_starts.state_hash IS 'SHA-256 of the 256 random bits of the parameter state.';
COMMENT ON COLUMN oauth_starts.browser_hash IS 'SHA-256 of the cookie of the browser that began. No other may bring the answer.';
COMMENT ON COLUMN oauth_starts.provider IS 'The provider''s id.';
COMMENT ON COLUMN oauth_starts.issuer IS 'The issuer that was asked.';
COMMENT ON COLUMN oauth_starts.nonce IS 'What the ID token must repeat.';
COMMENT ON COLUMN oauth_starts.verifier IS 'What proves that we asked (PKCE). Without the code of the answer it is worth nothing.';
COMMENT ON COLUMN oauth_starts.return_to IS 'The place of our pages that the log-in returns to.';
COMMENT ON COLUMN oauth_starts.account_id IS 'The account that an identity is to be linked to; null for a log-in.';
COMMENT ON COLUMN oauth_starts.family IS 'The session that links; for a log-in the one that the browser had, which it replaces.';
COMMENT ON COLUMN oauth_starts.expires_at IS 'When it stops working.';

CREATE TABLE identity_offers (
    browser_hash   bytea PRIMARY KEY,
    account_id     uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    provider       text NOT NULL,
    issuer         text NOT NULL,
    subject        text NOT NULL,
    email          text NOT NULL,
    name           text NOT NULL,
    challenge_hash bytea UNIQUE,
    expires_at     timestamptz NOT NULL
);
CREATE INDEX identity_offers_account ON identity_offers (account_id);
CREATE INDEX identity_offers_expiry ON identity_offers (expires_at);
COMMENT ON TABLE identity_offers IS 'Identities whose address has an account already. They are linked when their person proves to be its owner.';
COMMENT ON COLUMN identity_offers.browser_hash IS 'SHA-256 of the cookie of the browser that may prove it.';
COMMENT ON COLUMN identity_offers.account_id IS 'The account with the address.';
COMMENT ON COLUMN identity_offers.provider IS 'The provider''s id.';
COMMENT ON COLUMN identity_offers.issuer IS 'The issuer, as identities.issuer.';
COMMENT ON COLUMN identity_offers.subject IS 'What the issuer calls the person.';
COMMENT ON COLUMN identity_offers.email IS 'The address that the issuer has verified.';
COMMENT ON COLUMN identity_offers.name IS 'The name that the issuer gave; some give it once.';
COMMENT ON COLUMN identity_offers.challenge_hash IS 'The second step that has to pass first, as factor_challenges.hash; null while the code is awaited.';
COMMENT ON COLUMN identity_offers.expires_at IS 'When it stops working.';

ALTER TABLE proofs DROP CONSTRAINT proofs_purpose_check;
-- NOT VALID: the rows that are there were checked before, and are not read again.
ALTER TABLE proofs ADD CONSTRAINT proofs_purpose_check
    CHECK (purpose IN ('email', 'phone', 'reset', 'new_email', 'undo_email', 'link')) NOT VALID;
