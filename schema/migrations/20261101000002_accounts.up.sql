-- Who may do what: accounts with a role, and the refresh tokens of their
-- sessions, stored hashed and rotated within a family.
CREATE TABLE accounts (
    id            uuid PRIMARY KEY,
    email         text NOT NULL,
    password_hash text NOT NULL,
    name          text NOT NULL,
    phone         text NOT NULL DEFAULT '',
    role          text NOT NULL DEFAULT 'customer'
                  CHECK (role IN ('customer', 'support', 'theater_manager', 'admin')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));

CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    family       uuid NOT NULL,
    account_id   uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    refresh_hash bytea NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    rotated_at   timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX sessions_family ON sessions (family);
CREATE INDEX sessions_account ON sessions (account_id);
