-- What the tables of houses, theaters that sell from their own system, keep by themselves.

-- raise_house_version: a client of the house is made from these columns (internal/houses).
CREATE OR REPLACE FUNCTION raise_house_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.adapter, NEW.address, NEW.credentials, NEW.settings)
       IS DISTINCT FROM (OLD.adapter, OLD.address, OLD.credentials, OLD.settings) THEN
        NEW.version := OLD.version + 1;
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER houses_version BEFORE UPDATE ON houses
    FOR EACH ROW EXECUTE FUNCTION raise_house_version();

-- house_pause_changes_terms: whether a house sells, and how it is asked, belongs to the terms
-- of its shows, of those that have not begun.
CREATE OR REPLACE FUNCTION house_pause_changes_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE shows s SET terms_version = s.terms_version + 1
    FROM house_shows h
    WHERE h.theater_id = NEW.theater_id AND s.id = h.show_id
      AND s.status = 'scheduled' AND s.starts_at > clock_timestamp();
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER houses_pause AFTER UPDATE OF adapter, paused_at ON houses
    FOR EACH ROW WHEN (OLD.adapter <> NEW.adapter OR (OLD.paused_at IS NULL) <> (NEW.paused_at IS NULL))
    EXECUTE FUNCTION house_pause_changes_terms();

-- house_show_changes_terms: a hold names seats and categories in the house's words, so those
-- words belong to the terms. How old the seats are does not.
CREATE OR REPLACE FUNCTION house_show_changes_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE shows SET terms_version = terms_version + 1 WHERE id = OLD.show_id;
    ELSIF TG_OP = 'INSERT'
        OR (OLD.theater_id, OLD.external_id, OLD.seats, OLD.categories, OLD.unsellable)
           IS DISTINCT FROM (NEW.theater_id, NEW.external_id, NEW.seats, NEW.categories, NEW.unsellable) THEN
        UPDATE shows SET terms_version = terms_version + 1 WHERE id = NEW.show_id;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER house_shows_terms AFTER INSERT OR UPDATE OR DELETE ON house_shows
    FOR EACH ROW EXECUTE FUNCTION house_show_changes_terms();

-- house_allotment_changes_terms: one change of a thousand seats raises the version once.
CREATE OR REPLACE FUNCTION house_allotment_changes_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE shows s SET terms_version = s.terms_version + 1
    FROM (SELECT DISTINCT show_id FROM changed) c WHERE s.id = c.show_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER house_allotments_given AFTER INSERT ON house_allotments
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION house_allotment_changes_terms();
CREATE OR REPLACE TRIGGER house_allotments_taken AFTER DELETE ON house_allotments
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION house_allotment_changes_terms();
