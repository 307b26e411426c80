ALTER TABLE theaters ADD COLUMN payment_providers text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN theaters.payment_providers IS 'With whom customers of this theater may pay, the preferred first. Empty: all of the platform, in its order.';
