-- What the tables of the catalog keep by themselves.

-- raise_terms_version: a hold carries the version of the terms it was priced by.
-- Every change of the terms raises it here, so that no caller can forget to. A
-- change of time, status, screen or layout also locks the whole row: a hold under
-- way has the show's key locked (hold_seats), so every hold of before is visible
-- when the update is done.
CREATE OR REPLACE FUNCTION raise_terms_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.starts_at, NEW.status, NEW.sales_open_at, NEW.sales_close_at, NEW.currency,
        NEW.prices, NEW.fee_per_seat, NEW.tax_basis_points, NEW.layout_id)
       IS DISTINCT FROM
       (OLD.starts_at, OLD.status, OLD.sales_open_at, OLD.sales_close_at, OLD.currency,
        OLD.prices, OLD.fee_per_seat, OLD.tax_basis_points, OLD.layout_id) THEN
        NEW.terms_version := OLD.terms_version + 1;
    END IF;
    IF (NEW.starts_at, NEW.status, NEW.screen_id, NEW.layout_id)
       IS DISTINCT FROM (OLD.starts_at, OLD.status, OLD.screen_id, OLD.layout_id) THEN
        PERFORM 1 FROM shows WHERE id = OLD.id FOR UPDATE;
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END $$;

-- occupy_screen: the cleaning time is the screen's when the show is planned or moved: another one
-- later neither frees a slot of a show that was planned with it nor takes one.
CREATE OR REPLACE FUNCTION occupy_screen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.clean_at IS NOT NULL
            AND (NEW.screen_id, NEW.starts_at, NEW.ends_at) = (OLD.screen_id, OLD.starts_at, OLD.ends_at) THEN
        RETURN NEW;
    END IF;
    SELECT NEW.ends_at + make_interval(mins => sc.cleaning_minutes) INTO NEW.clean_at
        FROM screens sc WHERE sc.id = NEW.screen_id;
    RETURN NEW;
END $$;

-- release_changes_terms: when a theater releases its accessible seats belongs to
-- the terms of its shows, of those that have not begun. A hold or a seat map with the
-- former time finds the version raised.
CREATE OR REPLACE FUNCTION release_changes_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE shows SET terms_version = terms_version + 1
    WHERE theater_id = NEW.id AND status = 'scheduled' AND starts_at > clock_timestamp();
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER theaters_release AFTER UPDATE OF accessible_release_minutes ON theaters
    FOR EACH ROW WHEN (NEW.accessible_release_minutes <> OLD.accessible_release_minutes)
    EXECUTE FUNCTION release_changes_terms();
