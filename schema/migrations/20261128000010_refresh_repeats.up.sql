-- What lets a client repeat a refresh whose answer it did not get: the next token of the
-- family, sealed so that only the replaced token opens it. Rows live for seconds. It is a
-- table of its own, as session_devices is: the release before reads all columns of sessions.
CREATE TABLE session_successors (
    session_id uuid PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    successor  uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX session_successors_successor ON session_successors (successor);
CREATE INDEX session_successors_created ON session_successors (created_at);

-- What an account's owner should know of: not for the release before, which writes none.
CREATE TABLE security_events (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('refresh_reused')),
    session    uuid,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX security_events_account ON security_events (account_id, created_at);
