UPDATE accounts SET role = 'customer' WHERE role = 'door';
ALTER TABLE accounts DROP CONSTRAINT accounts_role_check;
ALTER TABLE accounts ADD CONSTRAINT accounts_role_check
    CHECK (role IN ('customer', 'support', 'theater_manager', 'admin'));
DROP TABLE door_theaters;
