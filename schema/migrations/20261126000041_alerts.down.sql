ALTER TABLE alerts DROP COLUMN openings, DROP COLUMN taken_by, DROP COLUMN taken_at, DROP COLUMN resolved_by, DROP COLUMN note;
