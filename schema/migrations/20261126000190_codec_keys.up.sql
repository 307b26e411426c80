-- Which keys encrypt what Temporal stores, so that a process without one of them is
-- found before it takes work that it cannot read.
CREATE TABLE codec_keys (
    id         text PRIMARY KEY,
    -- a fixed text that the key encrypted: who can read it has the key
    proof      bytea NOT NULL,
    first_used timestamptz NOT NULL DEFAULT now(),
    last_used  timestamptz NOT NULL DEFAULT now(),
    -- set by an operator, when nothing that it encrypted is needed
    retired_at timestamptz
);
-- The keys of each process that runs: a key goes in front when all of them have it.
CREATE TABLE codec_key_holders (
    process uuid PRIMARY KEY,
    name    text NOT NULL,
    keys    text[] NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);
