CREATE TABLE service_keys (
    id           uuid PRIMARY KEY,
    hash         bytea NOT NULL CHECK (length(hash) = 32),
    name         text NOT NULL,
    partner      text NOT NULL,
    scopes       text[] NOT NULL CHECK (cardinality(scopes) > 0),
    theater_ids  uuid[] NOT NULL DEFAULT '{}',
    per_minute   integer NOT NULL CHECK (per_minute > 0),
    created_by   uuid NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    revoked_by   uuid,
    -- A day more than the longest that is given: the clocks of two machines differ.
    CHECK (expires_at <= created_at + interval '366 days')
);
CREATE INDEX service_keys_newest ON service_keys (created_at DESC, id DESC);
COMMENT ON TABLE service_keys IS 'Keys with which the programs of partners call the API. Rows stay when a key is over, so that the audit log can be read.';
COMMENT ON COLUMN service_keys.id IS 'The part of the key that is no secret.';
COMMENT ON COLUMN service_keys.hash IS 'SHA-256 of the whole key. It has 256 random bits, which cannot be tried.';
COMMENT ON COLUMN service_keys.name IS 'What the key is for, as its maker wrote it.';
COMMENT ON COLUMN service_keys.partner IS 'Which company has it.';
COMMENT ON COLUMN service_keys.scopes IS 'What it opens, for example catalog:read.';
COMMENT ON COLUMN service_keys.theater_ids IS 'The theaters that it is limited to; none is no limit.';
COMMENT ON COLUMN service_keys.per_minute IS 'How many requests it may make in a minute, all together.';
COMMENT ON COLUMN service_keys.created_by IS 'The account of the administrator who made it.';
COMMENT ON COLUMN service_keys.created_at IS 'When it was made.';
COMMENT ON COLUMN service_keys.expires_at IS 'From when on it is refused.';
COMMENT ON COLUMN service_keys.last_used_at IS 'When it was used last, to the minute; null before its first use.';
COMMENT ON COLUMN service_keys.revoked_at IS 'When it was revoked; null while it was not.';
COMMENT ON COLUMN service_keys.revoked_by IS 'The account of the administrator who revoked it.';
