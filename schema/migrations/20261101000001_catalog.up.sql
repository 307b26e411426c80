-- Where a film can be seen: cities, theaters, screens with versioned layouts,
-- movies, and shows with their terms of sale.
CREATE TABLE cities (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL UNIQUE,
    name       text NOT NULL,
    country    text NOT NULL,
    time_zone  text NOT NULL,
    currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    lat        double precision NOT NULL,
    lon        double precision NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE movies (
    id              uuid PRIMARY KEY,
    slug            text NOT NULL UNIQUE,
    title           text NOT NULL,
    original_title  text NOT NULL DEFAULT '',
    aliases         text[] NOT NULL DEFAULT '{}',
    year            integer NOT NULL,
    release_date    date,
    runtime_minutes integer NOT NULL CHECK (runtime_minutes > 0),
    genres          text[] NOT NULL DEFAULT '{}',
    languages       text[] NOT NULL DEFAULT '{}',
    certificate     text NOT NULL DEFAULT '',
    credits         jsonb NOT NULL DEFAULT '[]',
    synopsis        text NOT NULL DEFAULT '',
    popularity      double precision NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE theaters (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL UNIQUE,
    city_id    uuid NOT NULL REFERENCES cities,
    name       text NOT NULL,
    address    text NOT NULL,
    lat        double precision NOT NULL,
    lon        double precision NOT NULL,
    time_zone  text NOT NULL,
    currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amenities  text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX theaters_city ON theaters (city_id);

CREATE TABLE screens (
    id         uuid PRIMARY KEY,
    theater_id uuid NOT NULL REFERENCES theaters,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (theater_id, name)
);

-- A layout is never updated: an edit inserts the next version, and the shows
-- already on sale keep theirs.
CREATE TABLE layouts (
    id         uuid PRIMARY KEY,
    screen_id  uuid NOT NULL REFERENCES screens,
    version    integer NOT NULL,
    layout     jsonb NOT NULL,
    capacity   integer NOT NULL CHECK (capacity > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (screen_id, version)
);

CREATE TABLE shows (
    id               uuid PRIMARY KEY,
    movie_id         uuid NOT NULL REFERENCES movies,
    theater_id       uuid NOT NULL REFERENCES theaters,
    screen_id        uuid NOT NULL REFERENCES screens,
    layout_id        uuid NOT NULL REFERENCES layouts,
    starts_at        timestamptz NOT NULL,
    ends_at          timestamptz NOT NULL,
    format           text NOT NULL,
    language         text NOT NULL,
    subtitles        text NOT NULL DEFAULT '',
    status           text NOT NULL DEFAULT 'scheduled' CHECK (status IN ('scheduled', 'cancelled')),
    sales_open_at    timestamptz NOT NULL,
    sales_close_at   timestamptz NOT NULL,
    currency         text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    prices           jsonb NOT NULL,
    fee_per_seat     bigint NOT NULL DEFAULT 0 CHECK (fee_per_seat >= 0),
    tax_basis_points bigint NOT NULL DEFAULT 0 CHECK (tax_basis_points >= 0),
    terms_version    bigint NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CHECK (ends_at > starts_at),
    CHECK (sales_close_at > sales_open_at)
);
CREATE INDEX shows_movie_start ON shows (movie_id, starts_at);
CREATE INDEX shows_theater_start ON shows (theater_id, starts_at);
CREATE INDEX shows_screen_start ON shows (screen_id, starts_at);

-- A hold carries the version of the terms it was priced by; whoever changes the
-- terms raises it, here rather than in every caller.
CREATE FUNCTION raise_terms_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.starts_at, NEW.status, NEW.sales_open_at, NEW.sales_close_at, NEW.currency,
        NEW.prices, NEW.fee_per_seat, NEW.tax_basis_points, NEW.layout_id)
       IS DISTINCT FROM
       (OLD.starts_at, OLD.status, OLD.sales_open_at, OLD.sales_close_at, OLD.currency,
        OLD.prices, OLD.fee_per_seat, OLD.tax_basis_points, OLD.layout_id) THEN
        NEW.terms_version := OLD.terms_version + 1;
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER shows_terms BEFORE UPDATE ON shows FOR EACH ROW EXECUTE FUNCTION raise_terms_version();
