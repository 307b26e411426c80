DROP TRIGGER IF EXISTS accounts_deleted ON accounts;
DROP FUNCTION IF EXISTS note_deleted_accounts();
DROP TABLE deleted_accounts;
