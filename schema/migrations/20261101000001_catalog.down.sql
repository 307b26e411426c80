DROP TABLE shows, layouts, screens, theaters, movies, cities;
DROP FUNCTION raise_terms_version;
