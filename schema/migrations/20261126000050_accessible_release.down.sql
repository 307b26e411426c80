ALTER TABLE theaters DROP COLUMN accessible_release_minutes;
