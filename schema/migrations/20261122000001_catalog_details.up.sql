-- What customers and staff want to know of films, houses and shows beyond the
-- first catalog, and the rule that a screen shows one film at a time.
CREATE EXTENSION IF NOT EXISTS btree_gist; -- equality of ids in an exclusion constraint

ALTER TABLE movies
    ADD COLUMN trailer_url text NOT NULL DEFAULT '',
    ADD COLUMN poster_url  text NOT NULL DEFAULT '',
    ADD COLUMN retired_at  timestamptz,
    -- 0 while it is not known: a list of old films rarely says
    DROP CONSTRAINT movies_runtime_minutes_check,
    ADD CHECK (runtime_minutes >= 0);

ALTER TABLE theaters
    ADD COLUMN accessibility text[] NOT NULL DEFAULT '{}',
    ADD COLUMN retired_at    timestamptz;

ALTER TABLE screens
    -- between two shows; it belongs to the time a show occupies the screen
    ADD COLUMN cleaning_minutes integer NOT NULL DEFAULT 15 CHECK (cleaning_minutes BETWEEN 0 AND 240),
    ADD COLUMN retired_at       timestamptz;

ALTER TABLE layouts
    ADD COLUMN wheelchair_spaces integer NOT NULL GENERATED ALWAYS AS (
        jsonb_array_length(jsonb_path_query_array(layout, '$.rows[*].seats[*] ? (@.type == "wheelchair")'))) STORED;

-- How many a screen seats is shown with its theater, so that a new layout is a
-- change of what can be found.
CREATE TRIGGER layouts_catalog_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON layouts
    FOR EACH STATEMENT EXECUTE FUNCTION raise_catalog_version();

ALTER TABLE shows
    ADD COLUMN captions          boolean NOT NULL DEFAULT false,
    ADD COLUMN audio_description boolean NOT NULL DEFAULT false,
    ADD COLUMN relaxed           boolean NOT NULL DEFAULT false,
    -- when the screen is clean again, and the next show may start
    ADD COLUMN clean_at          timestamptz;

-- The cleaning time is the screen's when the show is planned or moved: another one
-- later neither frees a slot of a show that was planned with it nor takes one.
CREATE FUNCTION occupy_screen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.clean_at IS NOT NULL
            AND (NEW.screen_id, NEW.starts_at, NEW.ends_at) = (OLD.screen_id, OLD.starts_at, OLD.ends_at) THEN
        RETURN NEW;
    END IF;
    SELECT NEW.ends_at + make_interval(mins => sc.cleaning_minutes) INTO NEW.clean_at
        FROM screens sc WHERE sc.id = NEW.screen_id;
    RETURN NEW;
END $$;
CREATE TRIGGER shows_occupy BEFORE INSERT OR UPDATE OF screen_id, starts_at, ends_at ON shows
    FOR EACH ROW EXECUTE FUNCTION occupy_screen();
UPDATE shows SET starts_at = starts_at;
ALTER TABLE shows
    ALTER COLUMN clean_at SET NOT NULL,
    ADD CONSTRAINT shows_one_at_a_time EXCLUDE USING gist (screen_id WITH =, tstzrange(starts_at, clean_at) WITH &&)
        WHERE (status = 'scheduled');
