ALTER TABLE houses ADD COLUMN program_full_at timestamptz;
COMMENT ON COLUMN houses.program_full_at IS 'When a full program was last read to the end; null before. The next is due a day later.';

ALTER TABLE house_shows ADD COLUMN pending jsonb, ADD COLUMN pending_at timestamptz;
COMMENT ON COLUMN house_shows.pending IS 'The program''s row, while it is not applied because its bookings must be told first; null when there is none.';
COMMENT ON COLUMN house_shows.pending_at IS 'Since when it waits.';

CREATE TABLE house_findings (
    theater_id uuid NOT NULL REFERENCES houses,
    sale       text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('orphan', 'missing', 'cancelled', 'differs')),
    show_id    uuid NOT NULL REFERENCES shows,
    booking_id uuid REFERENCES bookings,
    detail     text NOT NULL,
    done       text NOT NULL DEFAULT '' CHECK (done IN ('', 'cancelled', 'kept')),
    found_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (theater_id, sale, kind)
);
CREATE INDEX house_findings_show ON house_findings (show_id);
COMMENT ON TABLE house_findings IS 'Sales on which a house''s books and ours do not agree, each once. docs/theaters.md says what is done about each kind.';
COMMENT ON COLUMN house_findings.theater_id IS 'The house.';
COMMENT ON COLUMN house_findings.sale IS 'The key of the order (booking and attempt) or, where the house does not give it back, its own id of the sale.';
COMMENT ON COLUMN house_findings.kind IS 'orphan, sold there and no booking here; missing, sold here and not there; cancelled, sold here and cancelled there; differs, in seats or total.';
COMMENT ON COLUMN house_findings.show_id IS 'The show.';
COMMENT ON COLUMN house_findings.booking_id IS 'The booking; null for an orphan.';
COMMENT ON COLUMN house_findings.detail IS 'What differs, for staff.';
COMMENT ON COLUMN house_findings.done IS 'cancelled, at the house; kept, the house refused to cancel it; empty: nothing.';
COMMENT ON COLUMN house_findings.found_at IS 'When it was seen first. What is gone at the next look is forgotten, unless something was done.';
