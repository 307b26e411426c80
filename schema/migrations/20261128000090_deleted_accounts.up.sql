CREATE TABLE deleted_accounts (
    account_id uuid PRIMARY KEY,
    deleted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX deleted_accounts_age ON deleted_accounts (deleted_at);
COMMENT ON TABLE deleted_accounts IS 'Accounts that are gone and of which the document store may still know something. A row goes when it has forgotten them.';
COMMENT ON COLUMN deleted_accounts.account_id IS 'The id of the account that was.';
COMMENT ON COLUMN deleted_accounts.deleted_at IS 'When it was deleted.';
