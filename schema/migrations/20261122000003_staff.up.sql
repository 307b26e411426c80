-- Who runs which house, what they charge, and who changed what.
CREATE TABLE theater_managers (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    theater_id uuid NOT NULL REFERENCES theaters,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, theater_id)
);
CREATE INDEX theater_managers_theater ON theater_managers (theater_id);

-- A price card is what new shows of a theater charge. A show copies it: changing
-- the card changes no show.
CREATE TABLE price_cards (
    id               uuid PRIMARY KEY,
    theater_id       uuid NOT NULL REFERENCES theaters,
    name             text NOT NULL,
    prices           jsonb NOT NULL,
    fee_per_seat     bigint NOT NULL DEFAULT 0 CHECK (fee_per_seat >= 0),
    tax_basis_points bigint NOT NULL DEFAULT 0 CHECK (tax_basis_points BETWEEN 0 AND 10000),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (theater_id, name)
);

-- Nothing personal stands here: people are account ids.
CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    -- null when the program itself did it (an import, a workflow)
    actor_id   uuid,
    actor_role text NOT NULL,
    action     text NOT NULL,
    entity     text NOT NULL,
    entity_id  text NOT NULL,
    -- whose house it was about, so that its managers may read it
    theater_id uuid,
    before     jsonb NOT NULL DEFAULT 'null',
    after      jsonb NOT NULL DEFAULT 'null',
    request_id text NOT NULL DEFAULT ''
);
CREATE INDEX audit_log_entity ON audit_log (entity, entity_id, id DESC);
CREATE INDEX audit_log_actor ON audit_log (actor_id, id DESC);
CREATE INDEX audit_log_theater ON audit_log (theater_id, id DESC);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- How far the import of a file has come. A file is known by its content, so that
-- a repeat goes on where the last one stopped.
CREATE TABLE imports (
    kind       text NOT NULL CHECK (kind IN ('movies', 'theaters', 'shows')),
    digest     text NOT NULL,
    lines_done bigint NOT NULL DEFAULT 0,
    added      bigint NOT NULL DEFAULT 0,
    changed    bigint NOT NULL DEFAULT 0,
    refused    bigint NOT NULL DEFAULT 0,
    finished   boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, digest)
);
