ALTER TABLE ledger DROP CONSTRAINT ledger_movement_check;
ALTER TABLE ledger ADD CONSTRAINT ledger_movement_check
    CHECK (movement IN ('authorize', 'capture', 'void', 'refund')) NOT VALID;
DROP TABLE disputes;
ALTER TABLE payments DROP COLUMN refunds_failed;
