-- How long before a show its wheelchair spaces and companion seats are released to
-- everybody. 0: when it begins.
ALTER TABLE theaters ADD COLUMN accessible_release_minutes integer NOT NULL DEFAULT 120
    CHECK (accessible_release_minutes BETWEEN 0 AND 10080);
