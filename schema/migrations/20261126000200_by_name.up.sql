-- The order in which people look names up: letters with marks beside those without,
-- numbers by their value (Unicode collation, with the setting kn).
CREATE COLLATION IF NOT EXISTS by_name (provider = icu, locale = 'und-u-kn-true');
