DELETE FROM proofs WHERE purpose = 'link';
ALTER TABLE proofs DROP CONSTRAINT proofs_purpose_check;
ALTER TABLE proofs ADD CONSTRAINT proofs_purpose_check
    CHECK (purpose IN ('email', 'phone', 'reset', 'new_email', 'undo_email')) NOT VALID;
DROP TABLE identity_offers;
DROP TABLE oauth_starts;
DROP TABLE identities;
