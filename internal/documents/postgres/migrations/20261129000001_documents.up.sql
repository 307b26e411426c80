CREATE TABLE documents.profiles (
    person     uuid PRIMARY KEY,
    version    bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    body       jsonb NOT NULL
);
COMMENT ON TABLE documents.profiles IS 'What people have said about what they like and need.';
COMMENT ON COLUMN documents.profiles.person IS 'The account.';
COMMENT ON COLUMN documents.profiles.version IS 'Grows with each change; begins with the millisecond of the clock.';
COMMENT ON COLUMN documents.profiles.changed_at IS 'When it was changed last.';
COMMENT ON COLUMN documents.profiles.body IS 'documents.Profile in JSON.';

CREATE TABLE documents.events (
    id         uuid PRIMARY KEY,
    kind       text COLLATE "C" NOT NULL,
    at         timestamptz NOT NULL,
    person     uuid,
    city       uuid,
    film       uuid,
    body       jsonb NOT NULL,
    kept_until timestamptz NOT NULL
);
COMMENT ON TABLE documents.events IS 'What happened, once for each id. Nothing is changed; rows are deleted when their time is over.';
COMMENT ON COLUMN documents.events.id IS 'Makes a repeat harmless; often made from what the event is about.';
COMMENT ON COLUMN documents.events.kind IS 'What it is about, such as impression or booking.';
COMMENT ON COLUMN documents.events.at IS 'When it happened.';
COMMENT ON COLUMN documents.events.person IS 'The account; null without one.';
COMMENT ON COLUMN documents.events.city IS 'The city; null without one.';
COMMENT ON COLUMN documents.events.film IS 'The movie; null without one.';
COMMENT ON COLUMN documents.events.body IS 'documents.EventFacts in JSON.';
COMMENT ON COLUMN documents.events.kept_until IS 'From then on no read gives it.';
CREATE INDEX events_person ON documents.events (person, at DESC, id DESC) WHERE person IS NOT NULL;
CREATE INDEX events_kind ON documents.events (kind, at, id);
CREATE INDEX events_kept_until ON documents.events (kept_until);

CREATE TABLE documents.counters (
    city       uuid NOT NULL,
    day        date NOT NULL,
    film       uuid NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    events     bigint NOT NULL,
    people     bigint NOT NULL,
    kept_until timestamptz NOT NULL,
    PRIMARY KEY (city, day, film, kind)
);
COMMENT ON TABLE documents.counters IS 'How often something happened to a film, by city and day of UTC: counted from events, and kept longer.';
COMMENT ON COLUMN documents.counters.city IS 'The city; all zeros for events without one.';
COMMENT ON COLUMN documents.counters.day IS 'The day of UTC.';
COMMENT ON COLUMN documents.counters.film IS 'The movie.';
COMMENT ON COLUMN documents.counters.kind IS 'That of the events.';
COMMENT ON COLUMN documents.counters.events IS 'How many there were. It never goes down.';
COMMENT ON COLUMN documents.counters.people IS 'How many accounts they were of. It never goes down.';
COMMENT ON COLUMN documents.counters.kept_until IS 'From then on no read gives it.';
CREATE INDEX counters_day ON documents.counters (day);
CREATE INDEX counters_kept_until ON documents.counters (kept_until);

CREATE TABLE documents.lists (
    key        text COLLATE "C" PRIMARY KEY,
    person     uuid,
    made_at    timestamptz NOT NULL,
    kept_until timestamptz NOT NULL,
    body       jsonb NOT NULL
);
COMMENT ON TABLE documents.lists IS 'Lists of films that were recommended, until their time is over.';
COMMENT ON COLUMN documents.lists.key IS 'What the list is for.';
COMMENT ON COLUMN documents.lists.person IS 'The account that it is for; null for many.';
COMMENT ON COLUMN documents.lists.made_at IS 'When it was made. An older list never replaces a newer one.';
COMMENT ON COLUMN documents.lists.kept_until IS 'From then on no read gives it.';
COMMENT ON COLUMN documents.lists.body IS 'documents.List in JSON.';
CREATE INDEX lists_person ON documents.lists (person) WHERE person IS NOT NULL;
CREATE INDEX lists_kept_until ON documents.lists (kept_until);

CREATE TABLE documents.models (
    name      text COLLATE "C" NOT NULL,
    version   text COLLATE "C" NOT NULL,
    made_at   timestamptz NOT NULL,
    stored_at timestamptz NOT NULL,
    sum       text NOT NULL,
    notes     jsonb NOT NULL,
    PRIMARY KEY (name, version)
);
COMMENT ON TABLE documents.models IS 'Versions of models. A row is there when all of its parts are.';
COMMENT ON COLUMN documents.models.name IS 'Which model.';
COMMENT ON COLUMN documents.models.version IS 'Which version of it.';
COMMENT ON COLUMN documents.models.made_at IS 'When it was made.';
COMMENT ON COLUMN documents.models.stored_at IS 'When it was stored.';
COMMENT ON COLUMN documents.models.sum IS 'SHA-256 of the content, in hex.';
COMMENT ON COLUMN documents.models.notes IS 'Text by name, for people.';

CREATE TABLE documents.model_parts (
    name    text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    part    integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (name, version, part),
    FOREIGN KEY (name, version) REFERENCES documents.models ON DELETE CASCADE
);
-- A model is numbers, which do not compress well.
ALTER TABLE documents.model_parts ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON TABLE documents.model_parts IS 'The content of models, in parts of 4 MiB.';
COMMENT ON COLUMN documents.model_parts.name IS 'That of the model.';
COMMENT ON COLUMN documents.model_parts.version IS 'That of the model.';
COMMENT ON COLUMN documents.model_parts.part IS 'Its place, from 0.';
COMMENT ON COLUMN documents.model_parts.content IS 'The bytes.';

CREATE TABLE documents.models_in_use (
    name     text COLLATE "C" PRIMARY KEY,
    current  text COLLATE "C" NOT NULL,
    previous text COLLATE "C",
    since    timestamptz NOT NULL,
    FOREIGN KEY (name, current) REFERENCES documents.models,
    FOREIGN KEY (name, previous) REFERENCES documents.models
);
COMMENT ON TABLE documents.models_in_use IS 'Which version of each model is in use.';
COMMENT ON COLUMN documents.models_in_use.name IS 'Which model.';
COMMENT ON COLUMN documents.models_in_use.current IS 'The version in use.';
COMMENT ON COLUMN documents.models_in_use.previous IS 'The version that was in use before; null for none.';
COMMENT ON COLUMN documents.models_in_use.since IS 'Since when the current one is in use.';
