-- catalog_version is one number that rises with every change of what can be
-- found, and becomes visible together with the change: whoever keeps a copy of
-- the catalog compares it. A sequence would be seen before its change is.
--
-- Its row serializes transactions that write the catalog, which are few. It is
-- locked before any row of theirs, so that two of them cannot wait for each
-- other. Nothing that sells seats writes these tables.
CREATE TABLE catalog_version (
    id      integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    version bigint NOT NULL
);
INSERT INTO catalog_version (version) VALUES (1);

-- The notice is only a hint: it is lost on those who are not connected.
CREATE FUNCTION raise_catalog_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    raised bigint;
BEGIN
    UPDATE catalog_version SET version = version + 1 RETURNING version INTO raised;
    PERFORM pg_notify('catalog', raised::text);
    RETURN NULL;
END $$;

CREATE TRIGGER cities_catalog_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON cities
    FOR EACH STATEMENT EXECUTE FUNCTION raise_catalog_version();
CREATE TRIGGER movies_catalog_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON movies
    FOR EACH STATEMENT EXECUTE FUNCTION raise_catalog_version();
CREATE TRIGGER theaters_catalog_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON theaters
    FOR EACH STATEMENT EXECUTE FUNCTION raise_catalog_version();
CREATE TRIGGER screens_catalog_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON screens
    FOR EACH STATEMENT EXECUTE FUNCTION raise_catalog_version();
CREATE TRIGGER shows_catalog_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON shows
    FOR EACH STATEMENT EXECUTE FUNCTION raise_catalog_version();

-- All that is to come is read at once, out of years of shows.
CREATE INDEX shows_start ON shows (starts_at);
