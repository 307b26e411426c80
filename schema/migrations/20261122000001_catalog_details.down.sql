ALTER TABLE shows DROP CONSTRAINT shows_one_at_a_time;
DROP TRIGGER shows_occupy ON shows;
DROP FUNCTION occupy_screen;
ALTER TABLE shows DROP COLUMN clean_at, DROP COLUMN relaxed, DROP COLUMN audio_description, DROP COLUMN captions;
DROP TRIGGER layouts_catalog_version ON layouts;
ALTER TABLE layouts DROP COLUMN wheelchair_spaces;
ALTER TABLE screens DROP COLUMN retired_at, DROP COLUMN cleaning_minutes;
ALTER TABLE theaters DROP COLUMN retired_at, DROP COLUMN accessibility;
ALTER TABLE movies DROP CONSTRAINT movies_runtime_minutes_check;
ALTER TABLE movies DROP COLUMN retired_at, DROP COLUMN poster_url, DROP COLUMN trailer_url,
    ADD CHECK (runtime_minutes > 0);
