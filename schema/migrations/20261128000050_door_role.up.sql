-- People at the door of a theater. Their theaters are a table of their own: the release
-- before takes every row of theater_managers for a right to run the house. That release
-- knows no role "door" and refuses it everywhere but in what customers may do.
CREATE TABLE door_theaters (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    theater_id uuid NOT NULL REFERENCES theaters,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, theater_id)
);
CREATE INDEX door_theaters_theater ON door_theaters (theater_id);

ALTER TABLE accounts DROP CONSTRAINT accounts_role_check;
-- NOT VALID: the rows that are there were checked before, and are not read again.
ALTER TABLE accounts ADD CONSTRAINT accounts_role_check
    CHECK (role IN ('customer', 'door', 'support', 'theater_manager', 'admin')) NOT VALID;
