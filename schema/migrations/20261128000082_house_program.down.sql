DROP TABLE house_findings;
ALTER TABLE house_shows DROP COLUMN pending, DROP COLUMN pending_at;
ALTER TABLE houses DROP COLUMN program_full_at;
