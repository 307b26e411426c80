-- What an account's owner sees of a session, one row beside each refresh token. It is a
-- table of its own, as suspensions are: the release before reads all columns of sessions
-- and accounts, and refuses those that it does not know.
CREATE TABLE session_devices (
    session_id uuid PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    browser    text NOT NULL DEFAULT '',
    system     text NOT NULL DEFAULT '',
    began_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE suspensions (
    account_id   uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    suspended_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE push_subscriptions ADD COLUMN session uuid;
