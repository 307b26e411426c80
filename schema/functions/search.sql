-- raise_catalog_version raises the one number that caches of the catalog compare.
-- The notice is only a hint: a process that is not connected misses it.
CREATE OR REPLACE FUNCTION raise_catalog_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    raised bigint;
BEGIN
    UPDATE catalog_version SET version = version + 1 RETURNING version INTO raised;
    PERFORM pg_notify('catalog', raised::text);
    RETURN NULL;
END $$;
