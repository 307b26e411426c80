DROP INDEX shows_start;
DROP TRIGGER cities_catalog_version ON cities;
DROP TRIGGER movies_catalog_version ON movies;
DROP TRIGGER theaters_catalog_version ON theaters;
DROP TRIGGER screens_catalog_version ON screens;
DROP TRIGGER shows_catalog_version ON shows;
DROP FUNCTION raise_catalog_version;
DROP TABLE catalog_version;
